//! The only sender of mails.
//!
//! [`Mail::compose`] writes a mail from the tenant's template; the handler puts it into the batch whose effect the mail
//! tells of, and [`send_queued`] sends it when that is committed. The link in it is made by the handler.

mod kind;
mod letter;
mod plain;
mod route;
mod sender;
mod smtp;
mod texts;

use std::borrow::Cow;

use grantor_protocol::{
    document::Document,
    env::{Env, IdForm},
    liquid::{Escaping, Template},
    model::{Branding, Client, EmailTemplate, TenantSettings},
    tenant::TenantId,
};
use grantor_storage::{Error, SealedMail, Store};
use serde_json::{Map, Value, json};

pub use self::{
    kind::MailKind,
    letter::Letter,
    route::{Outbox, Server, Settings},
    sender::send_queued,
};
use self::{letter::one_line, plain::text_of, texts::words};
pub(crate) use self::{route::login, sender::MAILBOX};
use crate::pages::{Language, text_on};

/// Longest body of a mail, in bytes of HTML.
const MAX_HTML: usize = 512 * 1024;

/// What the link looks like where the tenant chose no colour.
const COLOR: &str = "#1f4fd8";

/// Writes mails.
#[derive(Clone, Debug)]
pub struct Mail {
    store: Store,
    env: Env,
}

/// What a mail tells of.
#[derive(Clone, Debug)]
pub struct Occasion<'a> {
    /// What it is for.
    pub kind: MailKind,
    /// The recipient's address.
    pub to: &'a str,
    /// The language of the server's own words.
    pub language: Language,
    /// The host under which the tenant was asked.
    pub host: &'a str,
    /// The application that the user came from.
    pub client: Option<&'a Client>,
    /// The connection that the user is of.
    pub connection: Option<&'a str>,
    /// The user, as the Management API shows one; templates may tell every member.
    pub user: &'a Value,
    /// The link.
    pub url: Option<&'a str>,
    /// The code.
    pub code: Option<&'a str>,
    /// Further variables of templates, such as `organization` and `inviter`.
    pub more: Map<String, Value>,
}

/// A mail that was written.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The mail.
    pub letter: Letter,
    /// Why the tenant's template was not used.
    pub problem: Option<String>,
}

/// What a tenant says about the links in its mails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRules {
    /// How long a link works, in seconds.
    pub lifetime_seconds: i64,
    /// Where a browser goes after it.
    pub result_url: Option<String>,
    /// Whether the address is told there.
    pub tells_address: bool,
}

impl Mail {
    /// Over `store`.
    pub fn new(store: Store, env: Env) -> Self {
        Self { store, env }
    }

    /// Writes the mail of an occasion, ready for [`grantor_storage::Batch::queue_mail`]; nothing if the tenant turned such
    /// mails off.
    ///
    /// A template of the tenant that cannot be filled is replaced by the server's own words, so that nobody is locked
    /// out by it; the server's log tells of it.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn compose(
        &self,
        tenant: &TenantId,
        occasion: &Occasion<'_>,
    ) -> Result<Option<SealedMail>, Error> {
        self.compose_in(tenant, occasion, None).await
    }

    /// The same in words of the user's connection, if it has `own`, in place of the tenant's.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn compose_in(
        &self,
        tenant: &TenantId,
        occasion: &Occasion<'_>,
        own: Option<EmailTemplate>,
    ) -> Result<Option<SealedMail>, Error> {
        let kind = occasion.kind;
        let stored = match own {
            Some(own) => Some(own),
            None => self.template(tenant, kind.template()).await?,
        };
        if !kind.is_sent(stored.as_ref()) {
            return Ok(None);
        }
        let draft = self.draft_of(tenant, occasion, stored.as_ref()).await?;
        if let Some(problem) = draft.problem {
            let template = kind.template();
            tracing::warn!(%tenant, template, problem, "an e-mail template cannot be used");
        }
        self.seal(tenant, &draft.letter).map(Some)
    }

    /// Makes `letter` ready for [`grantor_storage::Batch::queue_mail`].
    ///
    /// # Errors
    /// Those of the store.
    pub fn seal(&self, tenant: &TenantId, letter: &Letter) -> Result<SealedMail, Error> {
        let id = self.env.id(IdForm::Alphanumeric("mail_", 22));
        let content = serde_json::to_vec(letter).map_err(|error| Error::Malformed {
            what: format!("a mail: {error}"),
        })?;
        self.store.seal_mail(tenant, &id, &content, self.env.now())
    }

    /// The mail of an occasion, whether or not the tenant turned such mails off.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn draft(&self, tenant: &TenantId, occasion: &Occasion<'_>) -> Result<Draft, Error> {
        let name = occasion.kind.template();
        let stored = self.template::<EmailTemplate>(tenant, name).await?;
        self.draft_of(tenant, occasion, stored.as_ref()).await
    }

    async fn draft_of(
        &self,
        tenant: &TenantId,
        occasion: &Occasion<'_>,
        stored: Option<&EmailTemplate>,
    ) -> Result<Draft, Error> {
        let kind = occasion.kind;
        let variables = self.variables(tenant, occasion).await?;
        let own = || own_template(kind, occasion.language);
        let filled = match stored {
            None => self.fill(&own(), &variables),
            Some(stored) => self.fill(&Source::stored(stored, own()), &variables),
        };
        let problem = filled.as_ref().err().cloned();
        let (from, subject, html) = match filled {
            Ok(filled) => filled,
            // The server's own words are short, and a test fills each of them.
            Err(_) => self.fill(&own(), &variables).unwrap_or_default(),
        };
        let user_id = occasion.user.get("user_id").and_then(Value::as_str);
        let letter = Letter {
            template: kind.template().to_owned(),
            to: occasion.to.to_owned(),
            from: Some(from).filter(|from| !from.is_empty()),
            subject,
            text: text_of(&html),
            html,
            host: occasion.host.to_owned(),
            client_id: occasion.client.map(|client| client.client_id.clone()),
            user_id: user_id.map(str::to_owned),
        };
        Ok(Draft { letter, problem })
    }

    /// What an occasion is worth a line, on a phone: in words of the connection, if it has `own`, which may have several;
    /// else in the server's.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn line(
        &self,
        tenant: &TenantId,
        occasion: &Occasion<'_>,
        own: Option<&str>,
    ) -> Result<String, Error> {
        let variables = self.variables(tenant, occasion).await?;
        if let Some(own) = own {
            match self.text(own, &variables, Escaping::None) {
                Ok(text) => return Ok(text),
                Err(problem) => {
                    let connection = occasion.connection;
                    tracing::warn!(%tenant, connection, problem, "a template cannot be used");
                }
            }
        }
        let subject = words(occasion.kind, occasion.language).subject;
        Ok(self
            .text(subject, &variables, Escaping::None)
            .unwrap_or_default())
    }

    /// What the tenant says about the link that a mail of this occasion will have.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn link_rules(
        &self,
        tenant: &TenantId,
        occasion: &Occasion<'_>,
    ) -> Result<LinkRules, Error> {
        let name = occasion.kind.template();
        let Some(stored) = self.template::<EmailTemplate>(tenant, name).await? else {
            return Ok(LinkRules {
                lifetime_seconds: EmailTemplate::URL_LIFETIME_SECONDS,
                result_url: None,
                tells_address: false,
            });
        };
        let variables = self.variables(tenant, occasion).await?;
        let url = stored.result_url.as_deref().unwrap_or_default();
        let filled = self.text(url, &variables, Escaping::None);
        Ok(LinkRules {
            lifetime_seconds: stored.lifetime_seconds(),
            result_url: filled.ok().filter(|url| !url.is_empty()),
            tells_address: stored.include_email_in_redirect.unwrap_or(false),
        })
    }

    async fn template<T: Document>(&self, tenant: &TenantId, id: &str) -> Result<Option<T>, Error> {
        let found = self.store.typed::<T>(tenant, id).await?;
        Ok(found.map(|found| T::clone(&found.value)))
    }

    /// What templates may tell.
    async fn variables(&self, tenant: &TenantId, occasion: &Occasion<'_>) -> Result<Value, Error> {
        let settings = self
            .template::<TenantSettings>(tenant, TenantSettings::ID)
            .await?;
        let setting = |name: &str| {
            let value = settings.as_ref()?.rest.get(name)?.as_str()?;
            Some(value.to_owned()).filter(|value| !value.is_empty())
        };
        let branding = self.template::<Branding>(tenant, Branding::ID).await?;
        let color = branding
            .as_ref()
            .and_then(|branding| branding.rest.get("colors")?.get("primary")?.as_str());
        let color = color.unwrap_or(COLOR);
        let client = occasion.client;
        let mut variables = occasion.more.clone();
        for (name, value) in [
            ("tenant", json!(tenant.as_str())),
            (
                "friendly_name",
                json!(setting("friendly_name").unwrap_or_else(|| tenant.to_string())),
            ),
            ("support_email", json!(setting("support_email"))),
            ("support_url", json!(setting("support_url"))),
            (
                "application",
                json!({
                    "name": client.map(|client| &client.name),
                    "clientID": client.map(|client| &client.client_id),
                    "client_metadata": client.and_then(|client| client.rest.get("client_metadata")),
                }),
            ),
            ("connection", json!({"name": occasion.connection})),
            ("user", occasion.user.clone()),
            ("email", json!(occasion.to)),
            ("url", json!(occasion.url)),
            ("code", json!(occasion.code)),
            ("domain", json!(occasion.host)),
            ("request_language", json!(occasion.language.tag())),
            (
                "mail",
                json!({
                    "language": occasion.language.tag(),
                    "direction": occasion.language.direction(),
                    "logo_url": branding.as_ref().and_then(|branding| branding.logo_url.as_ref()),
                    "color": color,
                    "text_color": text_on(color),
                }),
            ),
        ] {
            variables.insert(name.to_owned(), value);
        }
        Ok(Value::Object(variables))
    }

    /// The sender, the subject and the body, or why there are none.
    fn fill(
        &self,
        source: &Source<'_>,
        variables: &Value,
    ) -> Result<(String, String, String), String> {
        let html = self.text(&source.body, variables, Escaping::Html)?;
        if MAX_HTML < html.len() {
            return Err(format!("its body has more than {MAX_HTML} bytes"));
        }
        let line = |text: &str| {
            let line = self.text(text, variables, Escaping::None)?;
            Ok::<String, String>(one_line(&line))
        };
        Ok((line(&source.from)?, line(&source.subject)?, html))
    }

    fn text(
        &self,
        template: &str,
        variables: &Value,
        escaping: Escaping,
    ) -> Result<String, String> {
        let template = Template::parse(template).map_err(|error| error.to_string())?;
        template
            .render(variables, escaping, self.env.now())
            .map_err(|error| error.to_string())
    }
}

/// What a mail is written from.
struct Source<'a> {
    from: Cow<'a, str>,
    subject: Cow<'a, str>,
    body: Cow<'a, str>,
}

impl<'a> Source<'a> {
    /// What the tenant wrote; what it left out is the server's.
    fn stored(stored: &'a EmailTemplate, own: Self) -> Self {
        let written = |text: &'a Option<String>, own: Cow<'a, str>| match text {
            Some(text) if !text.is_empty() => Cow::Borrowed(text.as_str()),
            _ => own,
        };
        Self {
            from: written(&stored.from, own.from),
            subject: written(&stored.subject, own.subject),
            body: written(&stored.body, own.body),
        }
    }
}

/// The server's own words.
fn own_template(kind: MailKind, language: Language) -> Source<'static> {
    let words = words(kind, language);
    // A code stands in the subject, where a phone shows it; the heading need not repeat it.
    let heading = words.subject.trim_end_matches("{{ code }}");
    let heading = heading.trim_end().trim_end_matches([':', '：']).trim_end();
    let body = include_str!("layout.liquid")
        .replace("%subject%", words.subject)
        .replace("%heading%", heading)
        .replace("%lead%", words.lead)
        .replace("%action%", words.action)
        .replace("%note%", words.note);
    Source {
        from: Cow::Borrowed(""),
        subject: Cow::Borrowed(words.subject),
        body: Cow::Owned(body),
    }
}

#[cfg(test)]
mod tests;
