//! Authorization codes, by the same decisions that a login goes through.

use grantor_protocol::{
    authorize::{
        self, Account, AccountState, AuthorizationRequest, Confirmation, Event, Facts, LoginForm,
        PlainChallenges, Progress, Reading, Step,
    },
    env::Timestamp,
    grants::authorization_code::AuthorizationCode,
    model::{Client, Prompts, ResourceServer, TenantSettings},
    parameters::Parameters,
    secret::Secret,
    session::{Authentication, AuthenticationMethod, BrowserSession, Limits, Persistence},
    tenant::{Issuer, TenantId},
    users::{
        Connection, Identity, User, UserId,
        identifier::{Identifier, IdentifierKind},
    },
};
use grantor_storage::users::IdentityKey;
use serde_json::json;

use super::server::{HOST, TestServer};

/// The user of most tests.
pub(crate) const ADA: &str = "auth0|ada";

/// Ada's password.
pub(crate) const PASSWORD: &str = "Apples-and-pears-7";

impl TestServer {
    /// The database of users, for the clients `enabled`, with Ada and her password in it; identifier and password are asked
    /// for on one page.
    pub(crate) async fn with_people(self, enabled: &[&str]) -> Self {
        self.put::<Connection>(&json!({
            "id": "con_0000000000000001", "name": "Username-Password-Authentication", "strategy": "auth0",
            "options": {}, "enabled_clients": enabled,
        }))
        .await;
        self.put::<Prompts>(&json!({"id": "prompts", "identifier_first": false}))
            .await;
        self.with_ada().await
    }

    /// Ada, with a verified address.
    pub(crate) async fn with_ada(self) -> Self {
        let id = UserId::parse(ADA).unwrap();
        let identity = Identity::database("Username-Password-Authentication", &id);
        let mut user = User::new(id, identity, self.app.env.now());
        user.email = Some("ada@orchard.test".to_owned());
        user.email_verified = Some(true);
        user.name = Some("Ada".to_owned());
        user.fill_in_defaults();
        let mut batch = self.app.store.batch();
        let tenant = TenantId::default_tenant();
        let address = Identifier {
            kind: IdentifierKind::Email,
            value: "ada@orchard.test".to_owned(),
        };
        batch.insert_user(&tenant, &user, &[address]);
        let password = Secret::new(PASSWORD.to_owned());
        let hash = self.app.passwords.hash(&tenant, &password).await.unwrap();
        let key = IdentityKey::from(&user.user_id);
        batch.set_password(&tenant, &key, &hash, 0, self.app.env.now());
        self.app.store.commit(batch).await.unwrap();
        self
    }

    /// A code for Ada, who logged in a minute ago, as `client_id` asked for it with the parameters of `query`.
    pub(crate) async fn code(&self, client_id: &str, query: &str) -> String {
        let (tenant, now) = (TenantId::default_tenant(), self.app.env.now());
        let client = self
            .app
            .store
            .typed::<Client>(&tenant, client_id)
            .await
            .unwrap()
            .unwrap();
        let request = read(&client.value, client_id, query, now);
        let api = match request.target.api() {
            Some(audience) => self
                .app
                .store
                .typed_by::<ResourceServer>(&tenant, "identifier", &[audience])
                .await
                .unwrap(),
            None => None,
        };
        let limits = Limits {
            absolute_seconds: 3600,
            idle_seconds: 3600,
        };
        let methods = vec![AuthenticationMethod::Password];
        let authentication = Authentication::proven(ADA.to_owned(), methods, now.plus_seconds(-60));
        let session = BrowserSession::log_in(
            None,
            &authentication,
            "sid".to_owned(),
            Persistence::Persistent,
            limits,
        )
        .session;
        let begun = Progress::default();
        let mut facts = Facts {
            client: &client.value,
            resource_server: api.as_ref().map(|api| &*api.value),
            client_grant: None,
            session: Some(&session),
            limits,
            account: Some(Account {
                user_id: ADA,
                state: AccountState::Active,
                permissions: &[],
            }),
            user_grant: None,
            hinted_subject: None,
            progress: &begun,
            login_form: LoginForm::Combined,
            confirmation: Confirmation::Wanted,
        };
        let login = Event::LoggedIn {
            authentication,
            session_id: "sid".to_owned(),
        };
        let progress = authorize::advance(&request, &facts, login, now).unwrap();
        facts.progress = &progress;
        let Step::Issue(approval) = authorize::next_step(&request, &facts, now) else {
            panic!("the login owes nothing");
        };
        self.store_code(&AuthorizationCode::issue(&request, &approval, 600, now))
            .await
    }

    async fn store_code(&self, code: &AuthorizationCode) -> String {
        let text = self.app.env.id(grantor_protocol::env::IdForm::UrlSafe(43));
        let digest = self.app.store.keyed_digest(text.as_bytes());
        let payload = serde_json::to_string(code).unwrap();
        let mut batch = self.app.store.batch();
        batch.issue(
            &TenantId::default_tenant(),
            "authorization_code",
            &digest,
            &payload,
            code.expires_at,
        );
        self.app.store.commit(batch).await.unwrap();
        text
    }
}

/// The request as the authorization endpoint reads it.
fn read(client: &Client, client_id: &str, query: &str, now: Timestamp) -> AuthorizationRequest {
    let settings: TenantSettings = serde_json::from_value(json!({"id": "settings"})).unwrap();
    let issuer = Issuer::new("https", HOST);
    let reading = Reading {
        client,
        settings: &settings,
        issuer: &issuer,
        organization_name: None,
        domain_metadata: &[],
        plain_challenges: PlainChallenges::Refused,
    };
    let sent = format!("client_id={client_id}&response_type=code&{query}");
    let parameters = Parameters::parse_form(sent.as_bytes()).unwrap();
    authorize::read(&parameters, &reading, now).unwrap()
}
