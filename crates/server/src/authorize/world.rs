//! The facts of a login, loaded: what the dispatcher decides by.

use std::sync::Arc;

use grantor_protocol::{
    authorize::{
        Account, AccountState, AuthorizationRequest, Confirmation, Facts, LoginForm, Progress,
    },
    client_auth::MAX_CLIENT_ID_LENGTH,
    model::{Client, ClientGrant, Prompts, ResourceServer, SubjectType, TenantSettings, UserGrant},
    parameters::clipped,
    refusal::Refusal,
    rule::Rule,
    session::{BrowserSession, Limits, persistence},
    users::{User, UserId},
};
use grantor_storage::Versioned;

use super::{fault::Fault, visit::Visit};
use crate::pipeline::{id_token_hint, load};

/// The facts of a login but for what was done in it.
pub(crate) struct World {
    pub(crate) client: Arc<Client>,
    pub(crate) settings: Arc<TenantSettings>,
    pub(crate) resource_server: Option<Arc<ResourceServer>>,
    client_grant: Option<Arc<ClientGrant>>,
    /// The browser's session, ended by time or not.
    pub(crate) session: Option<BrowserSession>,
    /// Its user.
    pub(crate) user: Option<User>,
    /// What that user may do at the API.
    permissions: Vec<String>,
    /// What that user consented to, for this client and API.
    pub(crate) user_grant: Option<Arc<Versioned<UserGrant>>>,
    hinted_subject: Option<String>,
    login_form: LoginForm,
}

impl World {
    /// Loads the facts of `request` in the browser of `visit`.
    pub(crate) async fn load(
        visit: &Visit<'_>,
        client: Arc<Client>,
        request: &AuthorizationRequest,
    ) -> Result<Self, Fault> {
        let (store, site) = (&visit.app.store, &visit.context.site);
        let session = match visit.session_digest() {
            Some(digest) => store.find_session_by_digest(&site.tenant, &digest).await?,
            None => None,
        };
        let resource_server = match request.target.api() {
            Some(audience) => load::resource_server(store, site, audience).await?,
            None => None,
        };
        let client_grant = match &resource_server {
            Some(api) => {
                load::client_grant(store, site, &client.client_id, api, SubjectType::User).await?
            }
            None => None,
        };
        let hinted_subject = match &request.id_token_hint {
            Some(hint) => id_token_hint::read(visit.app, visit.context, hint).await?,
            None => None,
        };
        let prompts = store.typed::<Prompts>(&site.tenant, Prompts::ID).await?;
        let identifier_first = prompts.and_then(|prompts| prompts.value.identifier_first);
        let mut world = Self {
            settings: load::settings(store, site).await?,
            client,
            resource_server,
            client_grant,
            session: None,
            user: None,
            permissions: Vec::new(),
            user_grant: None,
            hinted_subject: hinted_subject.map(|hint| hint.subject),
            login_form: if identifier_first.unwrap_or(Prompts::IDENTIFIER_FIRST) {
                LoginForm::IdentifierFirst
            } else {
                LoginForm::Combined
            },
        };
        if let Some(stored) = session {
            world.enter(visit, request, stored.session).await?;
        }
        Ok(world)
    }

    /// Puts `session` in the place of the one before, with what is known of its user.
    pub(crate) async fn enter(
        &mut self,
        visit: &Visit<'_>,
        request: &AuthorizationRequest,
        session: BrowserSession,
    ) -> Result<(), Fault> {
        let (store, site) = (&visit.app.store, &visit.context.site);
        self.user = match UserId::parse(&session.user_id) {
            Some(user_id) => store
                .find_user(&site.tenant, &user_id)
                .await?
                .map(|stored| stored.user),
            None => None,
        };
        let api = self.resource_server.as_deref();
        self.permissions = load::permissions(store, site, &session.user_id, api).await?;
        let audience = request.target.consent_audience(&site.issuer);
        let key = [&session.user_id, &request.client_id, &audience].map(String::as_str);
        self.user_grant = store.typed_by(&site.tenant, "consent", &key).await?;
        self.session = Some(session);
        Ok(())
    }

    /// The facts, with what was done.
    pub(crate) fn facts<'a>(&'a self, progress: &'a Progress) -> Facts<'a> {
        let account = self.user.as_ref().map(|user| Account {
            user_id: user.user_id.as_str(),
            state: if user.is_blocked() {
                AccountState::Blocked
            } else {
                AccountState::Active
            },
            permissions: &self.permissions,
        });
        let skips = self
            .client
            .skip_non_verifiable_callback_uri_confirmation_prompt
            .or(self
                .settings
                .skip_non_verifiable_callback_uri_confirmation_prompt);
        Facts {
            client: &self.client,
            resource_server: self.resource_server.as_deref(),
            client_grant: self.client_grant.as_deref(),
            session: self.session.as_ref(),
            limits: self.limits(),
            account,
            user_grant: self.user_grant.as_ref().map(|grant| &*grant.value),
            hinted_subject: self.hinted_subject.as_deref(),
            progress,
            login_form: self.login_form,
            confirmation: if skips == Some(true) {
                Confirmation::Skipped
            } else {
                Confirmation::Wanted
            },
        }
    }

    /// The tenant's limits for the browser's session, or for one that begins now.
    pub(crate) fn limits(&self) -> Limits {
        let own = self.session.as_ref().map(|session| session.persistence);
        Limits::of(
            &self.settings,
            own.unwrap_or_else(|| persistence(&self.settings)),
        )
    }
}

/// The client that a browser names. The tenant's "all applications" entry takes part in no flow.
pub(crate) async fn client(visit: &Visit<'_>, client_id: &str) -> Result<Arc<Client>, Fault> {
    let found = if client_id.len() <= MAX_CLIENT_ID_LENGTH {
        let tenant = &visit.context.site.tenant;
        visit.app.store.typed::<Client>(tenant, client_id).await?
    } else {
        None
    };
    let known = found.filter(|client| !client.value.global);
    let unknown =
        || Refusal::new(Rule::AuthorizationClientUnknown).naming("client_id", clipped(client_id));
    Ok(known
        .map(|client| Arc::clone(&client.value))
        .ok_or_else(unknown)?)
}
