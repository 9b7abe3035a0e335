//! Having the mail sent again that verifies the address.

use axum::response::Response;
use grantor_protocol::{parameters::Parameters, users::TicketKind};

use super::{ADDRESS, PATH, overview, visitor::Visitor};
use crate::{
    authorize::{answer, drive::redirect, fault::Fault},
    pages::{Problem, VerifyEmailPending},
    pipeline::load,
    tickets::{self, Recipient},
};

/// `POST /account/address`.
pub(super) async fn verify(visitor: &Visitor<'_>, form: &Parameters) -> Result<Response, Fault> {
    if !visitor.showed(ADDRESS, form) {
        return overview::show(visitor, Some(Problem::FormExpired)).await;
    }
    let (app, context) = (visitor.visit.app, visitor.visit.context);
    let user = visitor.user();
    let (Some(email), Some(identity)) = (&user.email, user.primary_identity()) else {
        return Ok(redirect(PATH));
    };
    if form.text("action")? != Some("resend") || user.email_verified == Some(true) {
        return Ok(redirect(PATH));
    }
    let key = format!("{}\n{}", context.client_ip, email.to_lowercase());
    let key = (visitor.tenant().clone(), key);
    if app.mail_rate.take(&key, context.now).1.is_err() {
        return overview::show(visitor, Some(Problem::TooManyAttempts)).await;
    }
    let settings = load::settings(&app.store, &context.site).await?;
    let recipient = Recipient {
        user,
        identity,
        client: None,
        language: answer::language(visitor.visit, &settings, &[]),
        exists: true,
    };
    let mut batch = visitor.batch();
    let kind = TicketKind::EmailVerification;
    tickets::send(app, context, kind, &recipient, &mut batch).await?;
    if !visitor.commit(batch).await? {
        return Ok(redirect(PATH));
    }
    let connection = [("connection", identity.connection.as_str())];
    visitor.record("svr", &connection).await;
    let page = VerifyEmailPending {
        form: visitor.form(ADDRESS, ADDRESS),
        email: email.clone(),
    };
    visitor.page(&page).await
}
