//! Links in mails: how they are made, and the pages behind them.
//!
//! A ticket is used once, by the store's own primitive, together with what it allows.

pub(crate) mod new_password;
pub(crate) mod reset_request;
pub(crate) mod verification;

use std::sync::Arc;

use axum::{Router, routing::get};
use grantor_protocol::{
    authorize::AuthorizationError,
    model::Client,
    parameters::Parameters,
    refusal::Refusal,
    rule::Rule,
    tenant::Issuer,
    users::{Identity, Ticket, TicketKind, User},
};
use grantor_storage::{Batch, Error as StoreError, SingleUse};
use serde_json::{Map, Value};

use crate::{
    app::App,
    authorize::{answer, fault::Fault, visit::Visit},
    hosts::is_loopback,
    http::{context::Context, failure::Failure},
    outbound::mail::{MailKind, Occasion},
    pages::Language,
    pipeline::load,
};

/// The pages behind links.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(
            reset_request::PATH,
            get(reset_request::show).post(reset_request::submit),
        )
        .route(
            "/u/reset-verify",
            get(new_password::show).post(new_password::submit),
        )
        .route("/u/email-verification", get(verification::follow))
}

/// Whom a link is for.
pub(crate) struct Recipient<'a> {
    pub(crate) user: &'a User,
    pub(crate) identity: &'a Identity,
    pub(crate) client: Option<&'a Client>,
    pub(crate) language: Language,
    /// Whether the user is there. For one who is not, everything is done as if, and nothing is sent.
    pub(crate) exists: bool,
}

/// Adds to `batch` a ticket and the mail that brings it. Nothing if the user has no address, or the tenant sends no such
/// mails.
pub(crate) async fn send(
    app: &App,
    context: &Context,
    kind: TicketKind,
    recipient: &Recipient<'_>,
    batch: &mut Batch,
) -> Result<(), Failure> {
    let Some(email) = recipient.user.email.as_deref() else {
        return Ok(());
    };
    let (tenant, issuer) = (&context.site.tenant, issuer(app, context).await?);
    let fields = Value::Object(recipient.user.fields());
    let mut occasion = Occasion {
        kind: match kind {
            TicketKind::EmailVerification => MailKind::VerifyEmail,
            TicketKind::PasswordChange => MailKind::ResetEmail,
        },
        to: email,
        language: recipient.language,
        host: &context.host,
        client: recipient.client,
        connection: Some(&recipient.identity.connection),
        user: &fields,
        url: None,
        code: None,
        more: Map::new(),
    };
    let rules = app.mail.link_rules(tenant, &occasion).await?;
    let ticket = Ticket {
        user_id: recipient.user.user_id.as_str().to_owned(),
        provider: recipient.identity.provider.clone(),
        identity: recipient.identity.user_id.clone(),
        connection: recipient.identity.connection.clone(),
        email: Some(email.to_owned()),
        result_url: rules.result_url,
        client_id: recipient.client.map(|client| client.client_id.clone()),
        include_email_in_redirect: rules.tells_address,
        // Who opened the link reads the address's mails, whatever it was sent for.
        mark_email_as_verified: true,
    };
    let expires_at = context.now.plus_seconds(rules.lifetime_seconds);
    let at = (tenant, &issuer);
    let link = app
        .management
        .issue_ticket(batch, at, (kind, &ticket), expires_at);
    occasion.url = Some(&link);
    if let Some(mail) = app.mail.compose(tenant, &occasion).await? {
        batch.queue_mail(&mail);
        if !recipient.exists {
            batch.withhold_mail(&mail);
        }
    }
    Ok(())
}

/// Adds to `batch` a mail without a link, which tells the user of something that was done.
pub(crate) async fn notify(
    visit: &Visit<'_>,
    kind: MailKind,
    user: &User,
    batch: &mut Batch,
) -> Result<(), Fault> {
    let Some(email) = user.email.as_deref() else {
        return Ok(());
    };
    let (app, site) = (visit.app, &visit.context.site);
    let settings = load::settings(&app.store, site).await?;
    let connection = user.primary_identity();
    let occasion = Occasion {
        kind,
        to: email,
        language: answer::language(visit, &settings, &[]),
        host: &visit.context.host,
        client: None,
        connection: connection.map(|identity| identity.connection.as_str()),
        user: &Value::Object(user.fields()),
        url: None,
        code: None,
        more: Map::new(),
    };
    if let Some(mail) = app.mail.compose(&site.tenant, &occasion).await? {
        batch.queue_mail(&mail);
    }
    Ok(())
}

/// Under which issuer links lead to the tenant: the host that was asked, which is one of the tenant's own; a loopback name
/// is everybody's, so the configured host stands in for it.
pub(crate) async fn issuer(app: &App, context: &Context) -> Result<Issuer, StoreError> {
    if is_loopback(&context.host) {
        return app.management.issuer(&context.site.tenant).await;
    }
    Ok(context.site.issuer.clone())
}

/// A ticket as it was found.
pub(crate) struct Found {
    pub(crate) ticket: Ticket,
    pub(crate) digest: [u8; 32],
    pub(crate) used: bool,
}

/// The ticket in the address of a page, if it is one of `kind` and not too old.
pub(crate) async fn find(
    visit: &Visit<'_>,
    kind: TicketKind,
    query: &Parameters,
) -> Result<Option<Found>, Fault> {
    let Some(secret) = query.text("ticket")?.filter(|secret| secret.len() <= 128) else {
        return Ok(None);
    };
    let (store, tenant) = (&visit.app.store, &visit.context.site.tenant);
    let digest = store.keyed_digest(secret.as_bytes());
    let found = store
        .find_single_use(tenant, kind.purpose(), &digest)
        .await?;
    let Some(item) = found.filter(|item| visit.context.now < item.expires_at) else {
        return Ok(None);
    };
    Ok(Some(Found {
        ticket: read(&item)?,
        digest,
        used: item.consumed_at.is_some(),
    }))
}

fn read(item: &SingleUse) -> Result<Ticket, StoreError> {
    serde_json::from_str(&item.payload).map_err(|source| StoreError::Inconsistent {
        table: "single_use",
        column: "payload".to_owned(),
        id: "a ticket".to_owned(),
        source: source.into(),
    })
}

/// The page of a link that is worth nothing.
pub(crate) fn no_ticket() -> Fault {
    AuthorizationError::on_page(Refusal::new(Rule::TicketUnknown)).into()
}
