//! The only sender of text messages.
//!
//! Texts are not queued: who asks for one looks at a phone, and is told at once if its provider does not work. Only where
//! the answer would tell whether somebody has an account, the text is sent behind it.

mod gateway;

use std::net::IpAddr;

use askama::Template;
use grantor_protocol::{refusal::Refusal, rule::Rule, tenant::TenantId, users::Connection};
use grantor_storage::Batch;
use serde_json::Value;

use self::gateway::Gateway;
use super::mail::{Letter, Occasion};
use crate::{app::App, http::failure::Failure};

/// Longest text, in characters: ten messages of a phone.
const MAX_LENGTH: usize = 1530;

/// A text that is to be sent.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a> {
    pub(crate) connection: &'a Connection,
    /// What it tells of.
    pub(crate) occasion: &'a Occasion<'a>,
    /// Who asked for it.
    pub(crate) request_ip: IpAddr,
    /// Whether anybody gets it; otherwise everything is done as if.
    pub(crate) reaches: bool,
}

/// What the texts of a connection are sent with.
#[derive(Clone, Debug)]
enum Provider {
    /// An HTTP server of the tenant.
    Gateway(Gateway),
    /// Nothing is: the development mailbox shows them.
    Mailbox,
    /// Nothing is, and why.
    Missing(String),
}

impl Provider {
    fn of(connection: &Connection, has_mailbox: bool) -> Self {
        let option = |name: &str| connection.options.rest.get(name).and_then(Value::as_str);
        match option("provider") {
            Some("sms_gateway") => match Gateway::of(&connection.options.rest) {
                Some(gateway) => Self::Gateway(gateway),
                None => Self::Missing("the connection has no gateway_url".to_owned()),
            },
            Some(other) => Self::Missing(format!(
                "this server sends texts through an SMS gateway alone, not through {other}"
            )),
            None if option("twilio_sid").is_some() => Self::Missing(
                "this server sends texts through an SMS gateway alone, not through twilio"
                    .to_owned(),
            ),
            None if has_mailbox => Self::Mailbox,
            None => Self::Missing("the connection has no SMS provider".to_owned()),
        }
    }
}

/// Commits `batch`, and sends the text.
///
/// # Errors
/// The `sms_provider_error` rules, and what the store reports.
pub(crate) async fn send(
    app: &App,
    tenant: &TenantId,
    text: &Text<'_>,
    mut batch: Batch,
) -> Result<(), Failure> {
    let body = write(app, tenant, text).await?;
    let to = text.occasion.to.to_owned();
    match Provider::of(text.connection, app.outbox.has_mailbox()) {
        Provider::Missing(because) => Err(Refusal::new(Rule::SmsProviderMissing)
            .with("because", because)
            .into()),
        Provider::Mailbox => {
            let mail = app.mail.seal(tenant, &as_letter(text, body))?;
            batch.queue_mail(&mail);
            if text.reaches {
                batch.capture_queued_mail(&mail, super::mail::MAILBOX);
            } else {
                batch.withhold_mail(&mail);
            }
            Ok(app.store.commit(batch).await?)
        }
        Provider::Gateway(gateway) => {
            app.store.commit(batch).await?;
            let message = gateway.message(text, &to, &body);
            let now = app.env.now();
            if text.connection.takes_new_users() {
                return Ok(gateway.send(&app.outbound, message, now).await?);
            }
            // How long it takes, and whether it works, would tell whether anybody has the number.
            let (outbound, reaches, tenant) = (app.outbound.clone(), text.reaches, tenant.clone());
            tokio::spawn(async move {
                if reaches && let Err(refusal) = gateway.send(&outbound, message, now).await {
                    tracing::warn!(%tenant, %refusal, "a text was not sent");
                }
            });
            Ok(())
        }
    }
}

/// What the text says: the connection's words, else the server's.
async fn write(app: &App, tenant: &TenantId, text: &Text<'_>) -> Result<String, Failure> {
    let options = &text.connection.options.rest;
    let option = |name: &str| options.get(name).and_then(Value::as_str);
    let own = option("template").filter(|template| !template.is_empty());
    let code = text.occasion.code.unwrap_or_default();
    if let (Some(own), Some("md_with_macros")) = (own, option("syntax")) {
        let filled = own.replace("@@password@@", code).replace("@@code@@", code);
        return Ok(filled.chars().take(MAX_LENGTH).collect());
    }
    let written = app.mail.line(tenant, text.occasion, own).await?;
    Ok(written.chars().take(MAX_LENGTH).collect())
}

/// What the mailbox shows of a text.
#[derive(Template)]
#[template(source = "<p>{{ body }}</p>", ext = "html")]
struct Html<'a> {
    body: &'a str,
}

/// The text as the mailbox shows it.
fn as_letter(text: &Text<'_>, body: String) -> Letter {
    let option = |name: &str| {
        text.connection
            .options
            .rest
            .get(name)
            .and_then(Value::as_str)
    };
    let html = Html { body: &body }.render().unwrap_or_default();
    let user_id = text.occasion.user.get("user_id").and_then(Value::as_str);
    Letter {
        template: "sms".to_owned(),
        to: text.occasion.to.to_owned(),
        from: option("from").map(str::to_owned),
        subject: "SMS".to_owned(),
        html,
        text: body,
        host: text.occasion.host.to_owned(),
        client_id: text.occasion.client.map(|client| client.client_id.clone()),
        user_id: user_id.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn provider(options: &Value, has_mailbox: bool) -> Provider {
        let document = json!({"id": "con_1", "name": "sms", "strategy": "sms", "options": options});
        Provider::of(&serde_json::from_value(document).unwrap(), has_mailbox)
    }

    #[test]
    fn t6_11_texts_go_to_a_gateway_or_into_the_mailbox_and_nowhere_else() {
        let gateway = json!({"provider": "sms_gateway", "gateway_url": "https://sms.test/send"});
        assert!(matches!(provider(&gateway, true), Provider::Gateway(_)));
        assert!(matches!(provider(&json!({}), true), Provider::Mailbox));
        for (options, has_mailbox, because) in [
            (json!({}), false, "no SMS provider"),
            (json!({"provider": "sms_gateway"}), true, "no gateway_url"),
            (json!({"provider": "twilio"}), true, "not through twilio"),
            (json!({"twilio_sid": "AC1"}), true, "not through twilio"),
        ] {
            let Provider::Missing(told) = provider(&options, has_mailbox) else {
                panic!("{options} sends");
            };
            assert!(told.contains(because), "{told}");
        }
    }
}
