//! A Management API on a fresh database, with a turned clock and seeded randomness.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use grantor_management::{
    Authority, Caller, CertificateFacts, ClientCertificate, DomainLookup, IdToken, KeyKind,
    KeyOperations, KeyProblem, LinkRules, MailOperations, Management, PasswordOperations, Pending,
    PublicKey, Request, Response, Revocation, SigningKey, TooBusy, VerificationMail,
};
use grantor_protocol::{
    document::Document,
    env::{Clock, Env, Random, Timestamp},
    secret::Secret,
    tenant::{Issuer, TenantId},
    users::Connection,
};
use grantor_storage::{Engine, Error, MasterKeySource, Options, SealedMail, Store};
use serde_json::{Value, json};

/// The instant at which every test begins: 2026-01-01T00:00:00Z.
pub(crate) const START: i64 = 1_767_225_600_000;

pub(crate) struct TurnedClock(AtomicI64);

impl TurnedClock {
    pub(crate) fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }
}

impl Clock for TurnedClock {
    fn now(&self) -> Timestamp {
        // One millisecond per reading, so that what is made later is listed later.
        Timestamp::from_millis(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// A generator whose output is well spread, which is all that ids need here.
pub(crate) struct SeededRandom(AtomicU64);

impl Random for SeededRandom {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            let mut state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (state >> 56) as u8;
        }
    }
}

/// Keys that are only names.
#[derive(Default)]
pub(crate) struct NamedKeys(Mutex<Vec<SigningKey>>);

fn key(kid: &str) -> SigningKey {
    SigningKey {
        kid: kid.to_owned(),
        certificate: format!("-----BEGIN CERTIFICATE-----\r\n{kid}\r\n-----END CERTIFICATE-----"),
        pkcs7: None,
        current: false,
        next: false,
        previous: false,
        current_since: None,
        current_until: None,
        fingerprint: "AA:BB".to_owned(),
        thumbprint: "AABB".to_owned(),
        revoked_at: None,
    }
}

impl NamedKeys {
    pub(crate) fn new() -> Self {
        let current = SigningKey {
            current: true,
            current_since: Some(Timestamp::from_millis(START)),
            ..key("key1")
        };
        let next = SigningKey {
            next: true,
            ..key("key2")
        };
        Self(Mutex::new(vec![current, next]))
    }
}

impl KeyOperations for NamedKeys {
    fn list<'a>(&'a self, _: &'a TenantId) -> Pending<'a, Result<Vec<SigningKey>, KeyProblem>> {
        let keys = self.0.lock().unwrap().clone();
        Box::pin(async move { Ok(keys) })
    }

    fn rotate<'a>(&'a self, _: &'a TenantId) -> Pending<'a, Result<SigningKey, KeyProblem>> {
        let mut keys = self.0.lock().unwrap();
        let made = key(&format!("key{}", keys.len() + 1));
        for key in keys.iter_mut() {
            (key.previous, key.current, key.next) = (key.current, key.next, false);
        }
        keys.push(SigningKey { next: true, ..made });
        let current = keys.iter().find(|key| key.current).unwrap().clone();
        Box::pin(async move { Ok(current) })
    }

    fn revoke<'a>(
        &'a self,
        _: &'a TenantId,
        kid: &'a str,
    ) -> Pending<'a, Result<Revocation, KeyProblem>> {
        let mut keys = self.0.lock().unwrap();
        let found = keys.iter_mut().find(|key| key.kid == kid);
        let answer = match found {
            None => Revocation::Unknown,
            Some(key) if key.current || key.next => Revocation::NotRevocable,
            Some(key) => {
                key.revoked_at = Some(Timestamp::from_millis(START));
                Revocation::Revoked(Box::new(key.clone()))
            }
        };
        Box::pin(async move { Ok(answer) })
    }

    fn client_certificate<'a>(
        &'a self,
        subject: &'a str,
    ) -> Pending<'a, Result<Option<ClientCertificate>, KeyProblem>> {
        let made = ClientCertificate {
            cert: format!("certificate of {subject}"),
            pkcs7: None,
            key: "private key of the client".to_owned(),
        };
        Box::pin(async move { Ok(Some(made)) })
    }

    fn id_token<'a>(
        &'a self,
        _: &'a TenantId,
        issuer: &'a Issuer,
        token: &'a str,
    ) -> Pending<'a, Result<Option<IdToken>, KeyProblem>> {
        // `issuer sub aud exp`, as if it were signed.
        let parts: Vec<_> = token.split(' ').collect();
        let read = match parts.as_slice() {
            [iss, sub, aud, exp] if *iss == issuer.as_str() => Some(IdToken {
                subject: (*sub).to_owned(),
                audience: (*aud).to_owned(),
                expires_at: Timestamp::from_seconds(exp.parse().unwrap()),
            }),
            _ => None,
        };
        Box::pin(async move { Ok(read) })
    }

    fn describe_public_key(&self, pem: &str) -> Result<PublicKey, String> {
        if !pem.starts_with("-----BEGIN ") {
            return Err("The PEM cannot be read.".to_owned());
        }
        let certificate = pem.contains("CERTIFICATE").then(|| CertificateFacts {
            expires_at: Timestamp::from_millis(START).plus_seconds(86_400),
            subject_dn: "CN=client.test".to_owned(),
            thumbprint_sha256: "thumbprint-of-the-certificate".to_owned(),
        });
        Ok(PublicKey {
            thumbprint: thumbprint(pem),
            kind: if pem.contains("EC ") {
                KeyKind::EllipticCurve
            } else {
                KeyKind::Rsa
            },
            certificate,
        })
    }
}

fn thumbprint(pem: &str) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    pem.hash(&mut hasher);
    format!("thumbprint-of-a-public-key-{:016x}", hasher.finish())
}

/// Hashes that are the password behind a word. A text that begins with `$` is a hash from elsewhere.
pub(crate) struct PlainPasswords;

impl PasswordOperations for PlainPasswords {
    fn hash<'a>(
        &'a self,
        _: &'a TenantId,
        password: &'a Secret,
    ) -> Pending<'a, Result<String, TooBusy>> {
        Box::pin(async move { Ok(format!("hash of {}", password.expose())) })
    }

    fn was_used<'a>(
        &'a self,
        _: &'a TenantId,
        password: &'a Secret,
        hashes: &'a [String],
    ) -> Pending<'a, Result<bool, TooBusy>> {
        let hash = format!("hash of {}", password.expose());
        Box::pin(async move { Ok(hashes.contains(&hash)) })
    }

    fn imported(&self, hash: &Value) -> Result<String, String> {
        match hash {
            Value::String(text) if text.starts_with('$') => Ok(text.clone()),
            Value::Object(_) => Ok(hash.to_string()),
            _ => Err("the hash does not have the form of its algorithm".to_owned()),
        }
    }
}

/// Mails that say whom they are for and where they lead.
pub(crate) struct WrittenMails(Store);

impl MailOperations for WrittenMails {
    fn verification_rules<'a>(
        &'a self,
        _: &'a VerificationMail<'a>,
    ) -> Pending<'a, Result<LinkRules, Error>> {
        let rules = LinkRules {
            lifetime_seconds: 60,
            result_url: Some("https://a.test/verified".to_owned()),
            tells_address: true,
        };
        Box::pin(async move { Ok(rules) })
    }

    fn verification<'a>(
        &'a self,
        mail: &'a VerificationMail<'a>,
        link: &'a str,
    ) -> Pending<'a, Result<Option<SealedMail>, Error>> {
        let content = format!("{} {link}", mail.to);
        let now = Timestamp::from_millis(START);
        let sealed = self.0.seal_mail(mail.tenant, link, content.as_bytes(), now);
        Box::pin(async move { sealed.map(Some) })
    }
}

/// A domain name system in which `ready.` names point to us.
pub(crate) struct ReadyNames;

impl DomainLookup for ReadyNames {
    fn points_to<'a>(&'a self, domain: &'a str, _: &'a str) -> Pending<'a, bool> {
        let ready = domain.contains("ready.");
        Box::pin(async move { ready })
    }
}

/// The API under test.
pub(crate) struct Api {
    pub(crate) management: Management,
    pub(crate) tenant: TenantId,
    pub(crate) issuer: Issuer,
    pub(crate) clock: Arc<TurnedClock>,
    _directory: tempfile::TempDir,
}

impl Api {
    /// A seeded tenant on an SQLite database in a directory of its own.
    pub(crate) async fn start() -> Self {
        let api = Self::empty().await;
        api.management.seed(&api.tenant).await.unwrap();
        api
    }

    /// The same without contents.
    pub(crate) async fn empty() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(TurnedClock(AtomicI64::new(START)));
        let random: Arc<dyn Random> = Arc::new(SeededRandom(AtomicU64::new(1)));
        let store = Store::open(Options {
            engine: Engine::Sqlite {
                directory: directory.path().to_owned(),
            },
            master_key: MasterKeySource::Generated(directory.path().join("master.key")),
            random: random.clone(),
            now: clock.now(),
            migrate: true,
        })
        .await
        .unwrap();
        let env = Env {
            clock: clock.clone(),
            random,
        };
        Self {
            management: Management {
                mails: Arc::new(WrittenMails(store.clone())),
                store,
                env,
                keys: Arc::new(NamedKeys::new()),
                passwords: Arc::new(PlainPasswords),
                default_issuer: Issuer::new("https", "login.test"),
                domains: Arc::new(ReadyNames),
            },
            tenant: TenantId::default_tenant(),
            issuer: Issuer::new("https", "login.test"),
            clock,
            _directory: directory,
        }
    }

    /// Sends a request as the operator.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Value) -> Response {
        self.send_as(&Caller::operator(), method, path, body).await
    }

    /// Sends a request as `caller`; `path` may have a query.
    pub(crate) async fn send_as(
        &self,
        caller: &Caller,
        method: &str,
        path: &str,
        body: Value,
    ) -> Response {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        };
        let request = Request {
            query,
            content_type: Some("application/json"),
            body: body.as_bytes(),
            ..Request::new(method, path, &self.issuer)
        };
        self.management.answer(&self.tenant, caller, request).await
    }

    /// Sends a file and fields as a form would.
    pub(crate) async fn upload(&self, path: &str, parts: &[(&str, &str)]) -> Response {
        let mut body = String::new();
        for (name, content) in parts {
            let head = "--b0undary\r\nContent-Disposition: form-data; name=\"";
            for piece in [head, name, "\"\r\n\r\n", content, "\r\n"] {
                body.push_str(piece);
            }
        }
        body.push_str("--b0undary--\r\n");
        let request = Request {
            content_type: Some("multipart/form-data; boundary=b0undary"),
            body: body.as_bytes(),
            ..Request::new("POST", path, &self.issuer)
        };
        let operator = Caller::operator();
        self.management
            .answer(&self.tenant, &operator, request)
            .await
    }

    /// `GET`, which must succeed.
    pub(crate) async fn read(&self, path: &str) -> Value {
        self.send("GET", path, Value::Null).await.ok(200)
    }

    /// `POST`, which must make something.
    pub(crate) async fn make(&self, path: &str, body: Value) -> Value {
        self.send("POST", path, body).await.ok(201)
    }

    /// Does every job that is due.
    pub(crate) async fn work(&self) {
        while self.management.work().await.unwrap() {}
    }

    /// The mails that wait, each once: the address and the link.
    pub(crate) async fn mails(&self) -> Vec<String> {
        let now = self.management.env.now();
        let store = &self.management.store;
        let mails = store.claim_mails(&self.tenant, 100, now, now.plus_seconds(3_600));
        let mails = mails.await.unwrap().into_iter();
        mails
            .map(|mail| String::from_utf8(mail.content.to_vec()).unwrap())
            .collect()
    }

    /// A connection as it is stored.
    pub(crate) async fn stored_connection(&self, id: &str) -> Value {
        let store = &self.management.store;
        let found = store
            .find(&self.tenant, &Connection::KIND, id)
            .await
            .unwrap();
        found.unwrap().body
    }

    /// An API with `scopes`.
    pub(crate) async fn make_api(&self, identifier: &str, scopes: &[&str]) -> Value {
        let scopes: Vec<_> = scopes.iter().map(|value| json!({"value": value})).collect();
        let body = json!({"name": "An API", "identifier": identifier, "scopes": scopes});
        self.make("/resource-servers", body).await
    }

    /// A machine client.
    pub(crate) async fn make_client(&self, name: &str) -> Value {
        self.make(
            "/clients",
            json!({"name": name, "app_type": "non_interactive"}),
        )
        .await
    }
}

/// A caller with a token for `scopes`.
pub(crate) fn bearer(scopes: &[&str]) -> Caller {
    Caller {
        subject: "svc@clients".to_owned(),
        client_id: Some("svc".to_owned()),
        scopes: scopes
            .iter()
            .map(|scope| (*scope).to_owned())
            .collect::<BTreeSet<_>>(),
        authority: Authority::Token,
    }
}

/// What tests ask of an answer.
pub(crate) trait Answer {
    /// The body of an answer with this status.
    fn ok(self, status: u16) -> Value;
    /// The sentence of a refusal with this status, whose envelope is whole.
    fn refused(self, status: u16) -> String;
}

impl Answer for Response {
    fn ok(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{:?}", self.body);
        self.body.unwrap_or_default()
    }

    fn refused(self, status: u16) -> String {
        assert_eq!(self.status, status, "{:?}", self.body);
        let body = self.body.unwrap();
        assert_eq!(body["statusCode"], status);
        assert!(body["error"].is_string());
        body["message"].as_str().unwrap().to_owned()
    }
}

/// The text at `pointer`.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("{pointer} in {value}"))
}
