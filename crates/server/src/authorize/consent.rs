//! The consent page: what a user lets an application do.

use axum::response::Response;
use grantor_jose::digest::{base64url, sha256};
use grantor_protocol::{
    authorize::{Answer, Event, Page, Step, advance, next_step},
    consent::{Question, merge},
    document::Document,
    env::IdForm,
    model::UserGrant,
    parameters::Parameters,
    refusal::Refusal,
    rule::Rule,
};
use grantor_storage::{Batch, Error as StoreError};
use serde_json::Map;

use super::{
    drive,
    fault::Fault,
    login::record,
    visit::{Pending, Visit},
    world::World,
};

/// What a consent page showed, so that an answer counts for that alone.
pub(super) fn fingerprint(question: &Question) -> String {
    // Texts and lists of them can be written as JSON.
    base64url(&sha256(&serde_json::to_vec(question).unwrap_or_default()))
}

/// `POST /u/consent`.
pub(super) async fn answer(
    visit: &Visit<'_>,
    mut pending: Pending,
    mut world: World,
    form: &Parameters,
) -> Result<Response, Fault> {
    let (tenant, now) = (&visit.context.site.tenant, visit.context.now);
    let request = pending.login.request.clone();
    let progress = pending.login.progress.clone();
    let facts = world.facts(&progress);
    let question = match next_step(&request, &facts, now) {
        Step::Show(Page::Consent(question))
            if pending
                .handle
                .showed(visit.app, &fingerprint(&question), form) =>
        {
            question
        }
        // Another question is owed by now, or none.
        _ => return Ok(drive::look_again(&pending)),
    };
    let answer = match form.text("action")? {
        Some("accept") => Answer::Yes,
        _ => Answer::No,
    };
    let mut batch = visit.app.store.batch();
    if answer == Answer::Yes {
        let audience = request.target.consent_audience(&visit.context.site.issuer);
        keep_grant(visit, &world, &audience, &question, &mut batch);
    }
    let event = Event::AnsweredConsent(question, answer);
    let Ok(progress) = advance(&request, &facts, event, now) else {
        return Ok(drive::look_again(&pending));
    };
    batch.advance_login(
        tenant,
        &pending.handle.digest,
        pending.login.revision,
        &progress,
    );
    match visit.app.store.commit(batch).await {
        Ok(()) => {}
        // Another tab was faster, or the grant changed meanwhile.
        Err(StoreError::Guard { .. } | StoreError::Conflict { .. }) => {
            return Ok(drive::look_again(&pending));
        }
        Err(error) => return Err(error.into()),
    }
    pending.login.progress = progress;
    pending.login.revision += 1;
    if let Some(session) = world.session.clone() {
        world.enter(visit, &request, session).await?;
    }
    drive::go_on(visit, &pending, &world).await
}

/// Adds what was agreed to, to what the user agreed to before.
fn keep_grant(
    visit: &Visit<'_>,
    world: &World,
    audience: &str,
    question: &Question,
    batch: &mut Batch,
) {
    let (tenant, now) = (&visit.context.site.tenant, visit.context.now);
    let before = world.user_grant.as_deref();
    let grant = UserGrant {
        id: before.map_or_else(
            || visit.app.env.id(IdForm::Hex(24)),
            |before| before.value.id.clone(),
        ),
        client_id: world.client.client_id.clone(),
        user_id: question.user_id.clone(),
        audience: audience.to_owned(),
        scope: merge(before.map(|before| &*before.value), &question.items),
        rest: before.map_or_else(Map::new, |before| before.value.rest.clone()),
    };
    // Texts and lists of them; what came from JSON in `rest` becomes JSON again.
    let body = serde_json::to_value(&grant).unwrap_or_default();
    match before {
        None => batch.insert(tenant, &UserGrant::KIND, &body, now),
        Some(before) => batch.replace(tenant, &UserGrant::KIND, &body, before.revision, now),
    };
}

/// `POST /u/confirm`.
pub(super) async fn confirm(
    visit: &Visit<'_>,
    pending: Pending,
    world: World,
    form: &Parameters,
) -> Result<Response, Fault> {
    let user_id = world
        .session
        .as_ref()
        .map(|session| session.user_id.clone());
    let user_id = user_id.filter(|user_id| pending.handle.showed(visit.app, user_id, form));
    let Some(user_id) = user_id else {
        return Ok(drive::look_again(&pending));
    };
    if form.text("action")? == Some("accept") {
        return record(visit, pending, world, Event::Confirmed { user_id }).await;
    }
    let refusal = Refusal::new(Rule::ConsentDeclined).with("user_id", &user_id);
    let request = pending.login.request.clone();
    let step = Step::Fail(refusal);
    drive::conclude(visit, &request, &world, step, Some(&pending)).await
}
