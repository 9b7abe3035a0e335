//! Who looks at an account: the user of the browser's session, if the dispatcher lets it in.

use std::sync::Arc;

use axum::response::Response;
use grantor_protocol::{
    authorize::Step,
    event::Event,
    model::Client,
    parameters::Parameters,
    refusal::Refusal,
    rule::Rule,
    secret::Secret,
    session::{BrowserSession, Limits},
    tenant::TenantId,
    users::{User, UserId},
};
use grantor_storage::{Batch, Error as StoreError, SESSION, users::StoredUser};

use super::own_client;
use crate::{
    authorize::{
        answer::{self, Reader},
        drive,
        fault::Fault,
        show::name_of,
        visit::Visit,
    },
    pages::{Form, Page},
    pipeline::record,
};

/// Somebody who looks at the own account.
pub(super) struct Visitor<'a> {
    pub(super) visit: &'a Visit<'a>,
    pub(super) stored: StoredUser,
    /// The browser's session, used now.
    pub(super) session: BrowserSession,
    /// The tenant's limits for it.
    pub(super) limits: Limits,
    client: Arc<Client>,
    browser: Secret,
}

/// What becomes of a visit.
pub(super) enum Arrival<'a> {
    /// The user may look at the account.
    Known(Box<Visitor<'a>>),
    /// The browser goes elsewhere first.
    SentOn(Response),
}

impl<'a> Visitor<'a> {
    /// The user of the browser's session; where anything is owed before, its login begins.
    pub(super) async fn find(
        visit: &'a Visit<'a>,
        connection: Option<&str>,
    ) -> Result<Arrival<'a>, Fault> {
        let client = own_client::client(visit).await?;
        let asked = own_client::request(visit, connection)?;
        let (request, world) = drive::read(visit, Arc::clone(&client), &asked).await?;
        let Step::Issue(approval) = drive::first_step(visit, &request, &world) else {
            return Ok(Arrival::SentOn(
                drive::enter(visit, &request, &world).await?,
            ));
        };
        let session = approval.session().clone().used(visit.context.now);
        let tenant = &visit.context.site.tenant;
        let stored = match UserId::parse(&session.user_id) {
            Some(user_id) => visit.app.store.find_user(tenant, &user_id).await?,
            None => None,
        };
        // The user was there a moment ago.
        let gone = || Refusal::new(Rule::LoginNotFound).with("because", "the user is gone");
        Ok(Arrival::Known(Box::new(Self {
            visit,
            stored: stored.ok_or_else(gone)?,
            limits: world.limits(),
            session,
            client,
            browser: visit.browser().unwrap_or_else(|| visit.secret()),
        })))
    }

    pub(super) fn tenant(&self) -> &TenantId {
        &self.visit.context.site.tenant
    }

    pub(super) fn user(&self) -> &User {
        &self.stored.user
    }

    /// What the user is called by.
    pub(super) fn name(&self) -> String {
        name_of(Some(self.user()))
    }

    /// A form for `action` that counts for `purpose` alone.
    pub(super) fn form(&self, action: &str, purpose: &str) -> Form {
        Form {
            action: action.to_owned(),
            csrf: self
                .visit
                .form_token_for(&self.bound(purpose), &self.browser),
            ..Form::default()
        }
    }

    /// Whether `form` was shown for `purpose` in this browser and this session.
    pub(super) fn showed(&self, purpose: &str, form: &Parameters) -> bool {
        self.visit.showed(&self.bound(purpose), form)
    }

    fn bound(&self, purpose: &str) -> String {
        format!("account\n{}\n{purpose}", self.session.id)
    }

    /// A batch that is committed only while the session lasts.
    pub(super) fn batch(&self) -> Batch {
        let mut batch = self.visit.app.store.batch();
        batch.use_session(self.tenant(), &self.session);
        batch
    }

    /// Commits what [`Visitor::batch`] began. `false`: the session ended in the meantime, and nothing was done.
    pub(super) async fn commit(&self, batch: Batch) -> Result<bool, StoreError> {
        match self.visit.app.store.commit(batch).await {
            Ok(()) => Ok(true),
            Err(StoreError::Guard { label: SESSION }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Puts an event of the user into the tenant's log.
    pub(super) async fn record(&self, code: &'static str, members: &[(&str, &str)]) {
        let mut event: Event = record::event(self.visit.context, code, Some(own_client::CLIENT_ID));
        event.user_id = Some(self.user().user_id.as_str().to_owned());
        let agent = self.visit.user_agent().map(|agent| ("user_agent", agent));
        for (name, value) in members.iter().copied().chain(agent) {
            let value = grantor_protocol::parameters::clipped(value);
            event.members.insert(name.to_owned(), value.into());
        }
        self.visit.app.recorder.record(self.tenant(), event).await;
    }

    /// A page of the account.
    pub(super) async fn page(&self, page: &(dyn Page + Sync)) -> Result<Response, Fault> {
        let reader = Reader {
            client: Some(&self.client),
            ui_locales: &[],
        };
        let mut response = answer::page(self.visit, reader, page).await?;
        self.visit.keep_browser(&mut response, &self.browser);
        Ok(response)
    }
}
