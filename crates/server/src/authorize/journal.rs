//! What of logins goes into the tenant's log. Identifiers of people who could not prove who they are do too: the
//! administrator has to see who was attacked.

use grantor_protocol::{
    authorize::{Approval, AuthorizationRequest},
    event::Event,
    legacy::{DEPRECATION_NOTICE, Feature, note},
    parameters::clipped,
    refusal::Refusal,
};

use super::{fault::Fault, visit::Visit, world::World};
use crate::pipeline::record;

/// What was asked for was issued.
pub(super) async fn succeeded(
    visit: &Visit<'_>,
    request: &AuthorizationRequest,
    world: &World,
    approval: &Approval,
) {
    let code = if request.is_silent() { "ssa" } else { "s" };
    let mut event = event(visit, code, Some(&request.client_id));
    event.user_id = Some(approval.user_id().to_owned());
    name_user(&mut event, world);
    let scope = approval.granted().scope.join(" ");
    event.members.insert("scope".to_owned(), scope.into());
    if let Some(audience) = request.target.api() {
        event.members.insert("audience".to_owned(), audience.into());
    }
    if !approval.granted().dropped.is_empty() {
        let dropped = approval.granted().dropped.join(" ");
        event
            .members
            .insert("dropped_scope".to_owned(), dropped.into());
    }
    let (recorder, tenant) = (&visit.app.recorder, &visit.context.site.tenant);
    recorder.record(tenant, event).await;
    if !request.pipeline.is_conformant() {
        let mut notice = self::event(visit, DEPRECATION_NOTICE, None);
        note(&mut notice, Feature::Pipeline, &world.client, Ok(()));
        recorder.record(tenant, notice).await;
    }
}

/// An application that is conformant sent a parameter of before OpenID Connect, which has no effect.
pub(super) async fn overlooked(visit: &Visit<'_>, client_id: &str, parameter: &'static str) {
    let mut event = event(visit, "w", Some(client_id));
    let text = format!("The parameter {parameter} is ignored: it belongs to the legacy pipeline.");
    record::note(&mut event, "description", &text);
    let (recorder, tenant) = (&visit.app.recorder, &visit.context.site.tenant);
    recorder.record(tenant, event).await;
}

/// A login came to nothing, or a page could not be shown: under the id that the browser was told.
pub(super) async fn failed(visit: &Visit<'_>, fault: &Fault) {
    let code = if fault.silent { "fsa" } else { "f" };
    let client_id = fault
        .client
        .as_ref()
        .map(|client| client.client_id.as_str());
    let mut event = event(visit, code, client_id);
    event.user_id.clone_from(&fault.user_id);
    record::explain(&mut event, visit.context, &fault.error.refusal);
    visit
        .app
        .recorder
        .record(&visit.context.site.tenant, event)
        .await;
}

/// Somebody could not prove to be `name`, which is that of `user_id` if there is such a user at `connection`.
pub(crate) async fn wrong_password(
    visit: &Visit<'_>,
    client_id: &str,
    (connection, name): (&str, &str),
    user_id: Option<String>,
) {
    let code = if user_id.is_some() { "fp" } else { "fu" };
    let mut event = event(visit, code, Some(client_id));
    event.user_id = user_id;
    for (member, value) in [
        ("description", "Wrong email or password.".to_owned()),
        ("user_name", clipped(name)),
        ("connection", connection.to_owned()),
    ] {
        event.members.insert(member.to_owned(), value.into());
    }
    visit
        .app
        .recorder
        .record(&visit.context.site.tenant, event)
        .await;
}

/// Somebody could not prove to have `address`.
pub(super) async fn wrong_code(
    visit: &Visit<'_>,
    client_id: &str,
    (connection, address): (&str, &str),
    refusal: &Refusal,
) {
    let mut event = event(visit, "fp", Some(client_id));
    record::explain(&mut event, visit.context, refusal);
    record::note(&mut event, "user_name", &clipped(address));
    record::note(&mut event, "connection", connection);
    visit
        .app
        .recorder
        .record(&visit.context.site.tenant, event)
        .await;
}

fn event(visit: &Visit<'_>, code: &'static str, client_id: Option<&str>) -> Event {
    let mut event = record::event(visit.context, code, client_id);
    if let Some(agent) = visit.user_agent() {
        event
            .members
            .insert("user_agent".to_owned(), clipped(agent).into());
    }
    event
}

fn name_user(event: &mut Event, world: &World) {
    let Some(user) = &world.user else { return };
    let name = user.email.as_ref().or(user.name.as_ref());
    if let Some(name) = name {
        event
            .members
            .insert("user_name".to_owned(), name.as_str().into());
    }
    if let Some(identity) = user.primary_identity() {
        let connection = identity.connection.as_str().into();
        event.members.insert("connection".to_owned(), connection);
    }
}
