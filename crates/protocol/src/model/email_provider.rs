//! The e-mail provider: who sends the tenant's mails.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    document::{Document, Kind},
    secret::Secret,
};

/// `emails/provider`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct EmailProvider {
    /// Always [`EmailProvider::ID`].
    pub id: String,
    /// Which service; this server speaks [`EmailProvider::SMTP`] alone.
    pub name: String,
    /// Whether it is used.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// The sender of mails whose template names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_from_address: Option<String>,
    /// How to reach it and prove who asks.
    #[serde(default)]
    pub credentials: EmailCredentials,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

const fn enabled() -> bool {
    true
}

impl EmailProvider {
    /// The identifier of the one provider of a tenant.
    pub const ID: &'static str = "provider";
    /// The name of a mail server of one's own, RFC 5321.
    pub const SMTP: &'static str = "smtp";
}

/// `credentials` of a provider. Which are there depends on its name; the secret ones are never shown.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct EmailCredentials {
    /// The name or address of the mail server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smtp_host: Option<String>,
    /// Its port; 465 means TLS from the first byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smtp_port: Option<u16>,
    /// The name to log in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smtp_user: Option<String>,
    /// The password to log in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smtp_pass: Option<Secret>,
    /// The key of a service that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<Secret>,
    /// `ses`.
    #[serde(
        default,
        rename = "accessKeyId",
        skip_serializing_if = "Option::is_none"
    )]
    pub access_key_id: Option<Secret>,
    /// `ses`.
    #[serde(
        default,
        rename = "secretAccessKey",
        skip_serializing_if = "Option::is_none"
    )]
    pub secret_access_key: Option<Secret>,
    /// `azure_cs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_string: Option<Secret>,
    /// The same, as other tools spell it.
    #[serde(
        default,
        rename = "connectionString",
        skip_serializing_if = "Option::is_none"
    )]
    pub connection_string_in_camel_case: Option<Secret>,
    /// `ms365`.
    #[serde(
        default,
        rename = "clientSecret",
        skip_serializing_if = "Option::is_none"
    )]
    pub client_secret: Option<Secret>,
    /// Everything that no rule reads; nothing of it is secret.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Document for EmailProvider {
    const KIND: Kind = Kind {
        name: "email_provider",
        id: "/id",
        unique: &[],
        links: &[],
        secrets: &[
            "/credentials/smtp_pass",
            "/credentials/api_key",
            "/credentials/accessKeyId",
            "/credentials/secretAccessKey",
            "/credentials/connection_string",
            "/credentials/connectionString",
            "/credentials/clientSecret",
        ],
    };

    const OFTEN_ABSENT: bool = true;
}
