//! The server under test: its router without a socket, its store with what a test puts there.

use std::{net::IpAddr, path::PathBuf, sync::Arc};

use axum::{Router, body::Body};
use grantor_jose::{Algorithm, Jwk, JwkSet, Jws, VerificationKey};
use grantor_protocol::{
    document::Document,
    env::{Env, Timestamp},
    model::{Client, ClientGrant, ResourceServer},
    rule::Rule,
    tenant::TenantId,
};
use grantor_server::{
    app::App,
    config::{Config, Values},
    endpoints,
    hosts::Arrival,
    http::context::Connection,
    outbound::mail::Letter,
    pipeline::record::Recorder,
    serve,
};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use super::clock::TurnedClock;

/// When every test begins: 2026-11-25T00:00:00Z.
const BEGINNING: Timestamp = Timestamp::from_seconds(1_795_564_800);

/// The host that tests ask unless they say another.
pub(crate) const HOST: &str = "login.orchard.test";

/// The issuer under [`HOST`].
pub(crate) const ISSUER: &str = "https://login.orchard.test/";

pub(crate) struct TestServer {
    pub(crate) app: Arc<App>,
    pub(crate) clock: Arc<TurnedClock>,
    router: Router,
    config: Config,
    directory: TempDir,
}

impl TestServer {
    pub(crate) async fn on_sqlite() -> Self {
        Self::start(None).await
    }

    pub(crate) async fn on_postgres() -> Self {
        Self::start(Some(grantor_testkit::Postgres::shared().fresh_database())).await
    }

    async fn start(database_url: Option<String>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut values = Values::default();
        values
            .set(
                "server.hosts",
                toml::Value::Array(vec![HOST.into()]),
                "the test",
            )
            .unwrap();
        values
            .set(
                "outbound.allowed_networks",
                toml::Value::Array(vec!["127.0.0.0/8".into()]),
                "the test",
            )
            .unwrap();
        if let Some(url) = database_url {
            values.set("storage.url", url.into(), "the test").unwrap();
        }
        // Hashes of tests need not be costly.
        for (key, number) in [("passwords.memory_kib", 64), ("passwords.passes", 1)] {
            values.set(key, number.into(), "the test").unwrap();
        }
        let config = values.into_config(PathBuf::from(directory.path()));
        let clock = Arc::new(TurnedClock::at(BEGINNING));
        let clock_of_env: Arc<dyn grantor_protocol::env::Clock> = clock.clone();
        let env = Env {
            clock: clock_of_env,
            random: grantor_server::env::system().random,
        };
        let store = serve::open_store(&config, &env, true).await.unwrap();
        let (recorder, _writer) = Recorder::start(store.clone());
        let app = App::new(&config, store, env, recorder).unwrap();
        let router = endpoints::router(&app);
        Self {
            app,
            clock,
            router,
            config,
            directory,
        }
    }

    /// A second node on the same database.
    pub(crate) async fn another_node(&self) -> Self {
        let env = self.app.env.clone();
        let store = serve::open_store(&self.config, &env, true).await.unwrap();
        let (recorder, _writer) = Recorder::start(store.clone());
        let app = App::new(&self.config, store, env, recorder).unwrap();
        let router = endpoints::router(&app);
        let (clock, config) = (Arc::clone(&self.clock), self.config.clone());
        Self {
            app,
            clock,
            router,
            config,
            directory: tempfile::tempdir().unwrap(),
        }
    }

    /// The same data under another configuration.
    pub(crate) async fn configured(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        let node = self.another_node().await;
        Self {
            directory: self.directory,
            ..node
        }
    }

    /// Puts a document into the default tenant's store.
    pub(crate) async fn put<T: Document>(&self, body: &Value) {
        self.put_for::<T>(&TenantId::default_tenant(), body).await;
    }

    pub(crate) async fn put_for<T: Document>(&self, tenant: &TenantId, body: &Value) {
        let mut batch = self.app.store.batch();
        batch.insert(tenant, &T::KIND, body, self.app.env.now());
        self.app.store.commit(batch).await.unwrap();
    }

    /// Changes members of a stored document.
    pub(crate) async fn change<T: Document>(&self, id: &str, members: &Value) {
        let tenant = TenantId::default_tenant();
        let record = self
            .app
            .store
            .find(&tenant, &T::KIND, id)
            .await
            .unwrap()
            .unwrap();
        let mut body = record.body;
        body.as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        let mut batch = self.app.store.batch();
        batch.replace(
            &tenant,
            &T::KIND,
            &body,
            record.revision,
            self.app.env.now(),
        );
        self.app.store.commit(batch).await.unwrap();
    }

    pub(crate) async fn delete<T: Document>(&self, id: &str) {
        let mut batch = self.app.store.batch();
        batch.delete(
            &TenantId::default_tenant(),
            &T::KIND,
            id,
            self.app.env.now(),
        );
        self.app.store.commit(batch).await.unwrap();
    }

    /// The orders API, the service `svc` with the secret `s3cret`, and a grant of two of the API's three scopes.
    pub(crate) async fn with_orders(self) -> Self {
        self.put::<ResourceServer>(&json!({
            "id": "65a1f0c2d3e4b5a697887766", "identifier": "https://orders.orchard.test", "name": "Orders",
            "scopes": [{"value": "read:orders"}, {"value": "write:orders"}, {"value": "cancel:orders"}],
        }))
        .await;
        self.put::<Client>(&service("svc", &json!({}))).await;
        self.put::<ClientGrant>(&grant("cgr_1", "svc", &["read:orders", "write:orders"]))
            .await;
        self
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        let peer: IpAddr = "192.0.2.1".parse().unwrap();
        let arrival = Arrival {
            plain: false,
            trusted_proxies: Arc::from([]),
        };
        request
            .extensions_mut()
            .insert(Connection { peer, arrival });
        if !request.headers().contains_key("host") {
            request.headers_mut().insert("host", HOST.parse().unwrap());
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.to_vec(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    /// `POST /oauth/token` with `content_type`, `authorization` and `body` as they are.
    pub(crate) async fn token_raw(
        &self,
        content_type: Option<&str>,
        authorization: Option<&str>,
        body: &[u8],
    ) -> Answer {
        let mut request = Request::post("/oauth/token");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        self.send(request.body(Body::from(body.to_vec())).unwrap())
            .await
    }

    /// `POST /oauth/token` with a JSON body.
    pub(crate) async fn token(&self, body: &Value) -> Answer {
        self.token_raw(Some("application/json"), None, body.to_string().as_bytes())
            .await
    }

    /// A client-credentials request of `svc` for the orders API, with `members` over it.
    pub(crate) async fn ask(&self, members: &Value) -> Answer {
        let mut body = json!({
            "grant_type": "client_credentials", "client_id": "svc", "client_secret": "s3cret",
            "audience": "https://orders.orchard.test",
        });
        body.as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        self.token(&body).await
    }

    pub(crate) async fn key_set(&self) -> JwkSet {
        serde_json::from_slice(&self.get("/.well-known/jwks.json").await.body).unwrap()
    }

    /// Verifies a token with the published key set; answers with header and claims.
    pub(crate) async fn verified(&self, token: &str, algorithm: Algorithm) -> (Value, Value) {
        let jws = Jws::parse(token).unwrap();
        let set = self.key_set().await;
        let jwk: &Jwk = set
            .find(jws.header().kid.as_deref().unwrap())
            .expect("the kid is in the key set");
        jws.verify(&VerificationKey::from_jwk(jwk).unwrap(), &[algorithm])
            .unwrap();
        decoded(token)
    }

    /// The mails that are queued, which the test takes in the sender's place.
    pub(crate) async fn mails(&self) -> Vec<Letter> {
        let (tenant, now) = (TenantId::default_tenant(), self.app.env.now());
        let mails = self
            .app
            .store
            .claim_mails(&tenant, 100, now, now.plus_seconds(1))
            .await;
        let mut letters = Vec::new();
        for mail in mails.unwrap() {
            letters.push(serde_json::from_slice(&mail.content).unwrap());
            let mut batch = self.app.store.batch();
            batch.remove_mail(&tenant, (&mail.id, mail.revision));
            self.app.store.commit(batch).await.unwrap();
        }
        letters
    }

    /// Waits, by looking and not by sleeping, until the log has an entry with `code`; answers with its members.
    pub(crate) async fn logged(&self, code: &str) -> Value {
        self.logged_where(code, |_| true).await
    }

    /// The same for an entry with `code` and this description.
    pub(crate) async fn logged_with(&self, code: &str, description: &str) -> Value {
        self.logged_where(code, |members| members["description"] == description)
            .await
    }

    pub(crate) async fn logged_where(&self, code: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let filter = grantor_storage::EventFilter {
            code: Some(code.to_owned()),
            limit: 100,
            ..Default::default()
        };
        let tenant = TenantId::default_tenant();
        for _ in 0..2_000 {
            let page = self.app.store.list_events(&tenant, &filter).await.unwrap();
            let members = page.events.into_iter().map(|event| {
                let mut members = Value::Object(event.members);
                members["client_id"] = event.client_id.into();
                members
            });
            if let Some(found) = members.into_iter().find(&fits) {
                return found;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("no {code} of the kind was logged");
    }
}

/// The path and query of the link in a mail.
pub(crate) fn link_of(letter: &Letter) -> String {
    let start = letter.text.find(ISSUER).expect("the mail has a link");
    let link = letter.text[start..].split_whitespace().next().unwrap();
    let link = link.split('#').next().unwrap();
    format!("/{}", &link[ISSUER.len()..])
}

/// Asserts that an entry of the log names the rule that was broken.
#[track_caller]
pub(crate) fn broke(event: &Value, rule: Rule) {
    assert_eq!(event["details"]["rule"], format!("{rule:?}"));
}

/// Header and claims, unverified.
pub(crate) fn decoded(token: &str) -> (Value, Value) {
    let mut parts = token
        .split('.')
        .map(|part| grantor_jose::digest::from_base64url(part).unwrap_or_default());
    let mut next = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (next(), next())
}

/// A machine client with the secret `s3cret`, and `members` over it.
pub(crate) fn service(client_id: &str, members: &Value) -> Value {
    let mut body = json!({
        "client_id": client_id, "name": client_id, "client_secret": "s3cret", "app_type": "non_interactive",
        "grant_types": ["client_credentials"],
    });
    body.as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    body
}

/// A client grant on the orders API.
pub(crate) fn grant(id: &str, client_id: &str, scope: &[&str]) -> Value {
    json!({"id": id, "client_id": client_id, "audience": "https://orders.orchard.test", "scope": scope, "subject_type": "client"})
}

/// What the server said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("not JSON: {}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .unwrap_or_else(|| panic!("no {name} in {:?}", self.headers))
            .to_str()
            .unwrap()
    }

    /// The access token of a success.
    #[track_caller]
    pub(crate) fn access_token(&self) -> String {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        self.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Asserts a refusal: status, error and description.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, error: &str, description: &str) {
        let body = self.json();
        assert_eq!(
            (
                self.status.as_u16(),
                body["error"].as_str(),
                body["error_description"].as_str()
            ),
            (status, Some(error), Some(description))
        );
    }
}
