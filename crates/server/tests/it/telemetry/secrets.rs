//! Whatever is said in the log, secrets are not.

use std::{net::SocketAddr, process::Command, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use grantor_server::{env, serve::Server, telemetry};
use http::{Request, Version};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::{Reply, config, exchange};

/// Names the store to the child: a PostgreSQL address, or `sqlite`.
const STORE: &str = "LOG_TEST_STORE";

/// The test runs itself again as a child whose whole log is captured, libraries and background threads included; the
/// child says on its standard output which secrets it used.
#[test]
fn no_secret_reaches_the_log_even_at_level_trace() {
    if let Ok(store) = std::env::var(STORE) {
        return use_secrets(&store);
    }
    let postgres = grantor_testkit::Postgres::shared().fresh_database();
    let postgres = postgres.replace("grantor@", "grantor:password-of-the-database@");
    for store in ["sqlite", &postgres] {
        let name = "telemetry::secrets::no_secret_reaches_the_log_even_at_level_trace";
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(STORE, store)
            .output()
            .unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        // What is not JSON is a panic's own text.
        let text: Vec<_> = log.lines().filter(|line| !line.starts_with('{')).collect();
        assert!(output.status.success(), "{}", text.join("\n"));
        for expected in [
            r#""level":"TRACE""#,
            r#""message":"answered""#,
            "/oauth/token",
        ] {
            assert!(log.contains(expected), "no {expected} in {log}");
        }
        let said = String::from_utf8_lossy(&output.stdout);
        let secrets: Vec<_> = said
            .lines()
            .filter_map(|line| line.split_once("secret: "))
            .collect();
        assert_eq!(secrets.len(), SECRETS, "{said}");
        for (_, secret) in secrets {
            let found = log.lines().find(|line| line.contains(secret));
            assert!(
                found.is_none(),
                "on {store}: {secret} in {}",
                found.unwrap()
            );
        }
    }
}

/// How many secrets [`use_secrets`] tells.
const SECRETS: usize = 21;

#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn tell(secret: &str) {
    assert!(secret.len() >= 12, "{secret} could be in a log by chance");
    println!("secret: {secret}");
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn use_secrets(store: &str) {
    telemetry::start(Some("json"), "trace").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let settings = match store {
        "sqlite" => Vec::new(),
        url => vec![("storage.url", url.into())],
    };
    let server = Server::start(&config(directory.path(), &settings), env::system())
        .await
        .unwrap();
    tell("password-of-the-database");
    let read = |file: &str| std::fs::read_to_string(directory.path().join(file)).unwrap();
    tell(read("master.key").trim());
    let key = read("development-authority.key");
    tell(key.lines().nth(1).unwrap());
    let client: Value = serde_json::from_str(&read("management-client.json")).unwrap();
    let talk = Talk::with(&server);

    let secret = client["client_secret"].as_str().unwrap();
    tell(secret);
    let basic = format!("{}:{secret}", client["client_id"].as_str().unwrap());
    let basic = STANDARD.encode(basic);
    tell(&basic);
    let audience = format!("https://localhost:{}/api/v2/", server.address.port());
    let form = format!("grant_type=client_credentials&audience={audience}");
    let administrator = talk
        .post("/oauth/token", &format!("Basic {basic}"), Form(&form))
        .await
        .member("access_token");
    tell(&administrator);
    tell(administrator.rsplit('.').next().unwrap());
    talk.administer(&format!("Bearer {administrator}")).await;
    talk.fail().await;
    server.stop().await;
}

/// A client that trusts the server's development authority and speaks both versions of HTTP.
struct Talk {
    address: SocketAddr,
    roots: Arc<RootCertStore>,
}

enum Sent<'a> {
    Form(&'a str),
    Json(Value),
}
use Sent::{Form, Json};

impl Talk {
    fn with(server: &Server) -> Self {
        let authority = server.authority.as_ref().unwrap();
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(authority).unwrap())
            .unwrap();
        Self {
            address: server.address,
            roots: Arc::new(roots),
        }
    }

    /// Sends the same over HTTP/1.1 and HTTP/2; the last answer counts.
    async fn send(&self, method: &str, path: &str, authorization: &str, sent: &Sent<'_>) -> Reply {
        let (kind, body) = match sent {
            Form(text) => ("application/x-www-form-urlencoded", (*text).to_owned()),
            Json(value) => ("application/json", value.to_string()),
        };
        let host = format!("localhost:{}", self.address.port());
        let mut reply = None;
        for (version, protocol) in [(Version::HTTP_11, "http/1.1"), (Version::HTTP_2, "h2")] {
            let mut request = Request::builder().method(method).version(version);
            request = if version == Version::HTTP_2 {
                request.uri(format!("https://{host}{path}"))
            } else {
                request.uri(path).header("host", &host)
            };
            if !authorization.is_empty() {
                request = request.header("authorization", authorization);
            }
            let request = request
                .header("content-type", kind)
                .body(body.clone().into())
                .unwrap();
            reply = Some(exchange(self.stream(protocol).await, request).await);
        }
        reply.unwrap()
    }

    async fn stream(&self, protocol: &str) -> impl AsyncRead + AsyncWrite + Send + Unpin + use<> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(Arc::clone(&self.roots))
            .with_no_client_auth();
        tls.alpn_protocols = vec![protocol.into()];
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(tls));
        connector.connect(name, stream).await.unwrap()
    }

    async fn post(&self, path: &str, authorization: &str, sent: Sent<'_>) -> Reply {
        self.send("POST", path, authorization, &sent).await
    }

    /// Makes an API and an application through the Management API, and uses them.
    async fn administer(&self, bearer: &str) {
        let signing_secret = "signing-secret-of-the-orders-api-0123456789";
        tell(signing_secret);
        let api = json!({
            "name": "Orders", "identifier": "https://orders.orchard.test", "signing_alg": "HS256",
            "signing_secret": signing_secret, "scopes": [{"value": "read:orders"}],
        });
        self.post("/api/v2/resource-servers", bearer, Json(api))
            .await;
        let app = json!({
            "name": "Service", "app_type": "non_interactive", "grant_types": ["client_credentials"],
        });
        let app = self.post("/api/v2/clients", bearer, Json(app)).await;
        assert_eq!(app.status, 201);
        let client_id = app.member("client_id");
        tell(&app.member("client_secret"));
        let path = format!("/api/v2/clients/{client_id}");
        let chosen = "chosen-secret-of-the-service-0123456789-0123456789";
        tell(chosen);
        let change = Json(json!({"client_secret": chosen}));
        assert_eq!(self.send("PATCH", &path, bearer, &change).await.status, 200);
        let grant = json!({
            "client_id": client_id, "audience": "https://orders.orchard.test", "scope": ["read:orders"],
        });
        self.post("/api/v2/client-grants", bearer, Json(grant))
            .await;

        let mut ask = json!({
            "grant_type": "client_credentials", "client_id": client_id, "client_secret": chosen,
            "audience": "https://orders.orchard.test",
        });
        let token = self.post("/oauth/token", "", Json(ask.clone())).await;
        let token = token.member("access_token");
        tell(&token);
        tell(token.rsplit('.').next().unwrap());
        let rotated = self
            .post(&format!("{path}/rotate-secret"), bearer, Json(json!({})))
            .await;
        tell(&rotated.member("client_secret"));
        ask["client_secret"] = rotated.member("client_secret").into();
        let token = self.post("/oauth/token", "", Json(ask)).await;
        assert_eq!(token.status, 200);
    }

    /// What is refused is secret as well: it may be right elsewhere.
    async fn fail(&self) {
        let wrong = "wrong-secret-0123456789";
        let body = format!("grant_type=client_credentials&client_id=nobody&client_secret={wrong}");
        tell(wrong);
        assert_eq!(self.post("/oauth/token", "", Form(&body)).await.status, 401);
        let assertion = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJub2JvZHkifQ.c2lnbmF0dXJl";
        tell(assertion);
        let body = format!(
            "grant_type=client_credentials&client_assertion={assertion}&client_assertion_type=\
             urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
        );
        self.post("/oauth/token", "", Form(&body)).await;
        for (password, path, kind) in [
            (
                "password-at-the-token-endpoint",
                "/oauth/token",
                "grant_type",
            ),
            (
                "password-of-a-script",
                "/co/authenticate",
                "credential_type",
            ),
            (
                "password-of-a-page",
                "/usernamepassword/login",
                "response_type",
            ),
        ] {
            tell(password);
            let mut body = json!({"client_id": "nobody", "username": "ada", "password": password});
            body[kind] = json!("password");
            let refused = self.post(path, "", Json(body)).await;
            assert!(refused.status.is_client_error(), "{path}");
        }
        let bearer = "Bearer stolen-access-token-0123456789";
        tell(&bearer[7..]);
        let query = "/api/v2/clients?code=code-in-a-query-0123456789";
        tell("code-in-a-query-0123456789");
        let refused = self.send("GET", query, bearer, &Form("")).await;
        assert!(refused.status.is_client_error());
        let query = "/.well-known/jwks.json?state=state-in-a-query-0123456789";
        tell("state-in-a-query-0123456789");
        assert_eq!(self.send("GET", query, bearer, &Form("")).await.status, 200);
    }
}
