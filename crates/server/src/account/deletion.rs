//! Deleting an account.

use axum::response::Response;
use grantor_protocol::{logout::Initiator, parameters::Parameters, secret::Secret};

use super::{DELETE, PATH, password, sessions, visitor::Visitor};
use crate::{
    authorize::{drive::redirect, fault::Fault},
    http::cookies::{self, Cookie},
    outbound::mail::MailKind,
    pages::{AccountDeleted, AccountDeletion, Field, Problem},
    tickets::notify,
};

/// `GET /account/delete`.
pub(super) async fn ask(
    visitor: &Visitor<'_>,
    problem: Option<Problem>,
) -> Result<Response, Fault> {
    let page = AccountDeletion {
        form: visitor.form(DELETE, DELETE),
        identifier: visitor.name(),
        has_password: password::login(visitor).await?.is_some(),
        back: PATH.to_owned(),
        problem,
    };
    visitor.page(&page).await
}

/// `POST /account/delete`.
pub(super) async fn delete(visitor: &Visitor<'_>, form: &Parameters) -> Result<Response, Fault> {
    if let Some(problem) = refused(visitor, form).await? {
        return ask(visitor, Some(problem)).await;
    }
    let (visit, tenant) = (visitor.visit, visitor.tenant());
    let user = visitor.user();
    let user_id = user.user_id.as_str();
    let store = &visit.app.store;
    let told = store.ending_of_user(tenant, user_id, Initiator::AccountDeleted);
    let told = told.await?;
    let mut batch = visitor.batch();
    notify(visit, MailKind::AccountDeleted, user, &mut batch).await?;
    batch.delete_user(tenant, &user.user_id, visit.context.now);
    if !visitor.commit(batch).await? {
        return Ok(redirect(PATH));
    }
    for ended in told {
        sessions::tell(visitor, ended).await;
    }
    let name = visitor.name();
    let description = "The user deleted the own account";
    let members = [("user_name", name.as_str()), ("description", description)];
    visitor.record("sdu", &members).await;
    let mut response = visitor.page(&AccountDeleted).await?;
    cookies::clear(response.headers_mut(), &visit.context.site, Cookie::Session);
    Ok(response)
}

/// Why the account is not deleted.
async fn refused(visitor: &Visitor<'_>, form: &Parameters) -> Result<Option<Problem>, Fault> {
    if !visitor.showed(DELETE, form) {
        return Ok(Some(Problem::FormExpired));
    }
    let confirmation = form.text(Field::Confirmation.name())?.unwrap_or_default();
    if confirmation.trim().to_lowercase() != visitor.name().to_lowercase() {
        return Ok(Some(Problem::Invalid(Field::Confirmation)));
    }
    let Some(login) = password::login(visitor).await? else {
        return Ok(None);
    };
    let given = form
        .text(Field::CurrentPassword.name())?
        .unwrap_or_default();
    if given.is_empty() {
        return Ok(Some(Problem::Missing(Field::CurrentPassword)));
    }
    password::prove(visitor, &login, &Secret::new(given.to_owned())).await
}
