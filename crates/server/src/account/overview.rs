//! The page that shows everything.

use axum::response::Response;
use grantor_protocol::consent::Wording;

use super::{
    ADDRESS, DELETE, LOGOUT, PASSWORD, SESSIONS, applications, devices, password, sessions,
    visitor::Visitor,
};
use crate::{
    authorize::fault::Fault,
    pages::{Account, Address, Problem},
    pipeline::load,
};

/// Shows the account, and what was wrong with the form before.
pub(super) async fn show(
    visitor: &Visitor<'_>,
    problem: Option<Problem>,
) -> Result<Response, Fault> {
    let settings = load::settings(&visitor.visit.app.store, &visitor.visit.context.site).await?;
    let wording = if settings.flag("use_scope_descriptions_for_consent") {
        Wording::Described
    } else {
        Wording::Grouped
    };
    let granted = applications::of(visitor).await?;
    let kept = devices::of(visitor).await?;
    let sessions = sessions::of(visitor).await?;
    let user = visitor.user();
    let page = Account {
        user: visitor.name(),
        log_out: visitor.form(LOGOUT, LOGOUT),
        address: user.email.as_ref().map(|email| Address {
            form: visitor.form(ADDRESS, ADDRESS),
            email: email.clone(),
            is_verified: user.email_verified == Some(true),
        }),
        password: password::changeable(visitor)
            .await?
            .map(|_| PASSWORD.to_owned()),
        applications: granted
            .iter()
            .map(|granted| granted.view(visitor, wording))
            .collect(),
        linked: kept.iter().map(|kept| kept.view(visitor)).collect(),
        devices: sessions
            .iter()
            .map(|stored| sessions::view(visitor, stored))
            .collect(),
        end_others: (1 < sessions.len())
            .then(|| visitor.form(SESSIONS, &sessions::purpose(sessions::OTHERS))),
        delete: DELETE.to_owned(),
        problem,
    };
    visitor.page(&page).await
}
