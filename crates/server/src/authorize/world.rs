//! The facts of a login, loaded: what the dispatcher decides by.

use std::sync::Arc;

use grantor_protocol::{
    authorize::{
        Account, AccountState, AuthorizationRequest, Confirmation, Facts, LoginForm, Progress,
    },
    model::{Client, ClientGrant, Prompts, ResourceServer, SubjectType, TenantSettings, UserGrant},
    parameters::clipped,
    redirect_uri::RedirectUri,
    refusal::Refusal,
    rule::Rule,
    session::{BrowserSession, Limits, persistence},
    tenant::Issuer,
    users::{Connection, User, UserId},
};
use grantor_storage::Versioned;

use super::{connection, fault::Fault, visit::Visit};
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
    confirmation: Confirmation,
    /// The connection that users log in with here, or why there is none.
    pub(super) connection: Result<Arc<Connection>, Refusal>,
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
        let settings = load::settings(store, site).await?;
        let connection = connection::find(visit, &client, &settings, request).await?;
        let proves = connection
            .as_ref()
            .is_ok_and(|found| found.proves().is_some());
        let mut world = Self {
            confirmation: confirmation(&client, &settings, &site.issuer),
            settings,
            client,
            resource_server,
            client_grant,
            session: None,
            user: None,
            permissions: Vec::new(),
            user_grant: None,
            hinted_subject: hinted_subject.map(|hint| hint.subject),
            login_form: if proves {
                LoginForm::OneTimeCode
            } else if identifier_first.unwrap_or(Prompts::IDENTIFIER_FIRST) {
                LoginForm::IdentifierFirst
            } else {
                LoginForm::Combined
            },
            connection,
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
            confirmation: self.confirmation,
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

/// Whether a login without a page is confirmed: the client's setting, else the tenant's. Unless set, it is; but not where
/// the server itself is on the developer's own machine, whose applications could not log in silently otherwise.
fn confirmation(client: &Client, settings: &TenantSettings, issuer: &Issuer) -> Confirmation {
    let set = client
        .skip_non_verifiable_callback_uri_confirmation_prompt
        .or(settings.skip_non_verifiable_callback_uri_confirmation_prompt);
    let own = RedirectUri::try_from(issuer.as_str().to_owned());
    let on_loopback = own.is_ok_and(|own| !own.is_verifiable());
    if set.unwrap_or(on_loopback) {
        Confirmation::Skipped
    } else {
        Confirmation::Wanted
    }
}

/// The client that a browser names.
pub(crate) async fn client(visit: &Visit<'_>, client_id: &str) -> Result<Arc<Client>, Fault> {
    let found = load::client(&visit.app.store, &visit.context.site, client_id).await?;
    let unknown =
        || Refusal::new(Rule::AuthorizationClientUnknown).naming("client_id", clipped(client_id));
    Ok(found.ok_or_else(unknown)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn t11_4_logins_are_confirmed_unless_set_but_not_on_the_developers_own_machine() {
        let settings = |skips| -> TenantSettings {
            let name = "skip_non_verifiable_callback_uri_confirmation_prompt";
            serde_json::from_value(json!({"id": "settings", name: skips})).unwrap()
        };
        let of_client = |skips, settings, host| {
            let mut client: Client =
                serde_json::from_value(json!({"client_id": "web", "name": "Shop"})).unwrap();
            client.skip_non_verifiable_callback_uri_confirmation_prompt = skips;
            confirmation(&client, &settings, &Issuer::new("https", host))
        };
        let (public, own) = ("login.orchard.test", "localhost:3000");
        for (client, tenant, host, expected) in [
            (None, None, public, Confirmation::Wanted),
            (None, None, own, Confirmation::Skipped),
            (None, None, "127.0.0.1:3000", Confirmation::Skipped),
            (None, Some(true), public, Confirmation::Skipped),
            (None, Some(false), own, Confirmation::Wanted),
            (Some(false), Some(true), public, Confirmation::Wanted),
            (Some(true), Some(false), public, Confirmation::Skipped),
        ] {
            assert_eq!(
                of_client(client, settings(tenant), host),
                expected,
                "{client:?} {tenant:?} {host}"
            );
        }
    }
}
