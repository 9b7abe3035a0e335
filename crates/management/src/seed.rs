//! What a fresh tenant contains: its settings, the Management API, the global client, a first application with
//! a database for its users, and the client that administers.

use grantor_protocol::{
    document::Document,
    env::{IdForm, Timestamp},
    model::{Client, ClientGrant, ResourceServer, TenantSettings},
    secret::Secret,
    tenant::{OWN_PREFIX, TenantId},
    users::Connection,
};
use grantor_storage::Error as StoreError;
use serde_json::{Value, json};

use crate::{Management, failure::Failure, pending, resources};

/// The Management API's identifier, as stored.
fn management_api() -> String {
    format!("{OWN_PREFIX}api/v2/")
}

/// The `purpose` of the client that administers.
const PURPOSE: &str = "management";

/// How often seeding is tried again when another process seeds at the same time.
const ATTEMPTS: usize = 5;

/// The result of [`Management::seed`].
#[derive(Clone, Debug)]
pub struct Seeded {
    /// Whether this call made the contents.
    pub fresh: bool,
    /// The client that administers, unless somebody deleted it.
    pub management_client: Option<ManagementClient>,
}

/// The machine client that administers a tenant.
#[derive(Clone, Debug)]
pub struct ManagementClient {
    /// Its id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
}

impl Management {
    /// Gives `tenant` what a fresh one contains, unless it has that already, and brings the scopes of the Management API
    /// up to date. What an administrator deleted is not made again.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn seed(&self, tenant: &TenantId) -> Result<Seeded, Failure> {
        for _ in 0..ATTEMPTS {
            let (kind, id) = (&TenantSettings::KIND, TenantSettings::ID);
            let fresh = self.store.find(tenant, kind, id).await?.is_none();
            let written = if fresh {
                self.fill(tenant).await
            } else {
                self.refresh_scopes(tenant).await
            };
            match written {
                Ok(()) => {
                    let management_client = self.management_client(tenant).await?;
                    return Ok(Seeded {
                        fresh,
                        management_client,
                    });
                }
                // Another process was faster; what it made is read in the next round.
                Err(StoreError::Conflict { .. } | StoreError::Guard { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::internal())
    }

    /// Every scope of the Management API with what it allows.
    pub fn scopes(&self) -> Vec<(&'static str, String)> {
        scopes()
    }

    async fn management_client(
        &self,
        tenant: &TenantId,
    ) -> Result<Option<ManagementClient>, Failure> {
        let found = self
            .store
            .find_by(tenant, &Client::KIND, "purpose", &[PURPOSE])
            .await?;
        let text =
            |body: &Value, name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(found.and_then(|record| {
            Some(ManagementClient {
                client_id: text(&record.body, "client_id")?,
                client_secret: Secret::new(text(&record.body, "client_secret")?),
            })
        }))
    }

    async fn fill(&self, tenant: &TenantId) -> Result<(), StoreError> {
        let now = self.env.now();
        let api = json!({
            "id": self.env.id(IdForm::Hex(24)),
            "name": "Auth0 Management API",
            "identifier": management_api(),
            "scopes": scope_entries(),
            "signing_alg": "RS256",
            "allow_offline_access": false,
            "token_lifetime": 86_400,
            "token_lifetime_for_web": 7_200,
            "skip_consent_for_verifiable_first_party_clients": false,
            "subject_type_authorization": {
                "client": {"policy": "require_client_grant"},
                "user": {"policy": "allow_all"},
            },
            "is_system": true,
        });
        let mut global = self.client("All Applications");
        set(
            &mut global,
            json!({"global": true, "owners": ["system"], "grant_types": []}),
        );
        let mut first = self.client("Default App");
        set(&mut first, json!({"oidc_conformant": true}));
        let mut administration = self.client("Management");
        set(
            &mut administration,
            json!({
                "description": "Administers this tenant through the Management API.",
                "app_type": "non_interactive",
                "oidc_conformant": true,
                "grant_types": ["client_credentials"],
                "grantor_purpose": PURPOSE,
            }),
        );
        let grant = json!({
            "id": self.env.id(IdForm::Alphanumeric("cgr_", 16)),
            "client_id": administration.get("client_id"),
            "audience": management_api(),
            "allow_all_scopes": true,
            "subject_type": "client",
        });
        let mut batch = self.store.batch();
        batch.insert(
            tenant,
            &TenantSettings::KIND,
            &resources::fresh_settings(),
            now,
        );
        batch.insert(tenant, &ResourceServer::KIND, &api, now);
        for (client, place) in [&global, &first, &administration].into_iter().zip(0..) {
            // Lists are in order of creation.
            let at = Timestamp::from_millis(now.millis() + place);
            batch.insert(tenant, &Client::KIND, client, at);
        }
        batch.insert(tenant, &ClientGrant::KIND, &grant, now);
        let database = self.first_database(&first);
        batch.insert(tenant, &Connection::KIND, &database, now);
        self.store.commit(batch).await
    }

    /// Where the first users are kept, for the first application.
    fn first_database(&self, client: &Value) -> Value {
        json!({
            "id": self.env.id(IdForm::Alphanumeric("con_", 16)),
            "options": resources::fresh_database_options(),
            "strategy": "auth0",
            "name": "Username-Password-Authentication",
            "is_domain_connection": false,
            "authentication": {"active": true},
            "connected_accounts": {"active": false},
            "enabled_clients": [client.get("client_id")],
            "realms": ["Username-Password-Authentication"],
        })
    }

    /// A newer program knows more operations, hence more scopes.
    async fn refresh_scopes(&self, tenant: &TenantId) -> Result<(), StoreError> {
        let (kind, identifier) = (&ResourceServer::KIND, management_api());
        let found = self
            .store
            .find_by(tenant, kind, "identifier", &[&identifier])
            .await?;
        let Some(record) = found
            .filter(|record| record.body.get("scopes") != Some(&Value::Array(scope_entries())))
        else {
            return Ok(());
        };
        let mut body = record.body;
        set(&mut body, json!({"scopes": scope_entries()}));
        let mut batch = self.store.batch();
        batch.replace(tenant, kind, &body, record.revision, self.env.now());
        self.store.commit(batch).await
    }

    fn client(&self, name: &str) -> Value {
        json!({
            "client_id": self.env.id(IdForm::Alphanumeric("", 32)),
            "client_secret": self.env.id(IdForm::UrlSafe(64)),
            "name": name,
            "global": false,
            "is_token_endpoint_ip_header_trusted": false,
            "is_first_party": true,
            "oidc_conformant": false,
            "sso_disabled": false,
            "cross_origin_authentication": false,
            "custom_login_page_on": true,
            "jwt_configuration": {
                "alg": "RS256", "lifetime_in_seconds": 36_000, "secret_encoded": false,
            },
            "grant_types": ["authorization_code", "implicit", "refresh_token", "client_credentials"],
            "refresh_token": {
                "rotation_type": "non-rotating", "expiration_type": "non-expiring", "leeway": 0,
                "token_lifetime": 2_592_000, "infinite_token_lifetime": true,
                "idle_token_lifetime": 1_296_000, "infinite_idle_token_lifetime": true,
            },
        })
    }
}

fn scopes() -> Vec<(&'static str, String)> {
    pending::all_scopes()
        .into_iter()
        .map(|scope| (scope, describe(scope)))
        .collect()
}

fn scope_entries() -> Vec<Value> {
    let entries = scopes().into_iter();
    entries
        .map(|(value, text)| json!({"value": value, "description": text}))
        .collect()
}

/// `read:client_grants` allows to "Read client grants".
fn describe(scope: &str) -> String {
    let words = scope.replace([':', '_'], " ");
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn set(document: &mut Value, more: Value) {
    if let (Value::Object(document), Value::Object(more)) = (document, more) {
        document.extend(more);
    }
}
