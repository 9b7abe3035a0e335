//! E-mail templates: what the tenant's mails say.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::document::{Document, Kind};

/// `email-templates/{template}`. A tenant that wrote none has the server's own texts.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct EmailTemplate {
    /// Its name, such as `verify_email`.
    pub template: String,
    /// HTML with Liquid, at most 102 400 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The sender, with Liquid; absent or empty means the provider's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The subject, with Liquid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Where a browser goes after the link in the mail, with Liquid.
    #[serde(default, rename = "resultUrl", skip_serializing_if = "Option::is_none")]
    pub result_url: Option<String>,
    /// Life of the link in the mail, in seconds; absent or 0 means [`EmailTemplate::URL_LIFETIME_SECONDS`].
    #[serde(
        default,
        rename = "urlLifetimeInSeconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub url_lifetime_in_seconds: Option<i64>,
    /// Whether the address is told where the browser goes.
    #[serde(
        default,
        rename = "includeEmailInRedirect",
        skip_serializing_if = "Option::is_none"
    )]
    pub include_email_in_redirect: Option<bool>,
    /// Whether this template is used; the server's own text is otherwise.
    #[serde(default)]
    pub enabled: bool,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl EmailTemplate {
    /// Life of a link in a mail whose template tells none: five days.
    pub const URL_LIFETIME_SECONDS: i64 = 432_000;

    /// Life of the link in the mail, in seconds.
    pub fn lifetime_seconds(&self) -> i64 {
        self.url_lifetime_in_seconds
            .filter(|seconds| 0 < *seconds)
            .unwrap_or(Self::URL_LIFETIME_SECONDS)
    }
}

impl Document for EmailTemplate {
    const KIND: Kind = Kind {
        name: "email_template",
        id: "/template",
        unique: &[],
        links: &[],
        secrets: &[],
    };

    const OFTEN_ABSENT: bool = true;
}
