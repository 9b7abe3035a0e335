//! An issuer whose keys, clock and network the test holds in its hands.

use std::{
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use grantor_jose::{Algorithm, JwkSet, KeyType, Signer, SigningKey, digest::base64url};
use grantor_verify::{Fetch, FetchError, Fetched, Fetching, Verifier, VerifierBuilder};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

pub(crate) const ISSUER: &str = "https://login.test/";
pub(crate) const API: &str = "https://timesheets.abc.test";
pub(crate) const SECRET: &[u8] = b"the signing secret of the API ..";
pub(crate) const NOW: i64 = 1_760_000_000;

pub(crate) static RSA: LazyLock<SigningKey> = LazyLock::new(|| new_key(KeyType::Rsa2048));
pub(crate) static OTHER_RSA: LazyLock<SigningKey> = LazyLock::new(|| new_key(KeyType::Rsa2048));

pub(crate) fn new_key(kty: KeyType) -> SigningKey {
    let pkcs8 = SigningKey::generate(kty).unwrap().pkcs8;
    SigningKey::from_pkcs8(kty, &pkcs8).unwrap()
}

/// The claims of a machine's access token in the vendor's dialect.
pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "job@clients", "aud": API, "iat": NOW, "exp": NOW + 300,
        "scope": "read:timesheets batch:upload", "gty": "client-credentials", "azp": "job", "jti": "j1",
    })
}

/// The claims of an ID token, as the server writes them.
pub(crate) fn id_token_claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "auth0|1", "aud": "job", "iat": NOW, "exp": NOW + 300, "nonce": "n",
        "sid": "s1", "name": "Ada", "email": "ada@abc.test", "at_hash": "77QmUPtjPfzWtF2AnpK9RQ",
    })
}

pub(crate) fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

pub(crate) fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

pub(crate) fn sign(
    key: &SigningKey,
    alg: Algorithm,
    kid: &str,
    typ: &str,
    claims: &Value,
) -> String {
    let signer = Signer::new(key.clone(), alg, Some(kid), typ).unwrap();
    signer.sign_json(claims.to_string().as_bytes()).unwrap()
}

/// An RS256 token of the issuer.
pub(crate) fn token(claims: &Value) -> String {
    sign(&RSA, Algorithm::RS256, "k1", "JWT", claims)
}

/// A token with any header, signed by `key`, or with an empty signature.
pub(crate) fn with_header(header: &Value, key: Option<(&SigningKey, Algorithm)>) -> String {
    let parts = [header.to_string(), claims().to_string()];
    let input = parts.map(|part| base64url(part.as_bytes())).join(".");
    let signature = key.map(|(key, alg)| key.sign(alg, input.as_bytes()).unwrap());
    format!("{input}.{}", base64url(&signature.unwrap_or_default()))
}

pub(crate) fn jwks(keys: &[(&str, &SigningKey)]) -> JwkSet {
    let keys = keys
        .iter()
        .map(|(kid, key)| key.public_jwk(kid, None).unwrap())
        .collect();
    JwkSet { keys }
}

/// A clock that moves when it is told to, in seconds.
#[derive(Clone)]
pub(crate) struct TurnedClock(Arc<AtomicI64>);

impl TurnedClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(NOW)))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn as_clock(&self) -> Arc<dyn grantor_verify::Clock> {
        let seconds = Arc::clone(&self.0);
        Arc::new(move || seconds.load(Ordering::SeqCst) * 1000)
    }
}

/// A builder for the sample API at the instant [`NOW`].
pub(crate) fn builder(clock: &TurnedClock) -> VerifierBuilder {
    Verifier::builder()
        .issuer(ISSUER)
        .audience(API)
        .clock(clock.as_clock())
}

/// A verifier over a fixed set with the issuer's one key.
pub(crate) fn verifier() -> Verifier {
    builder(&TurnedClock::new())
        .jwks(jwks(&[("k1", &RSA)]))
        .build()
        .unwrap()
}

/// An issuer in memory. It counts how often it is asked for its keys.
pub(crate) struct Issuer {
    pub(crate) state: Mutex<IssuerState>,
    pub(crate) metadata_fetches: AtomicUsize,
    pub(crate) key_fetches: AtomicUsize,
}

pub(crate) struct IssuerState {
    pub(crate) jwks: Value,
    pub(crate) metadata: Value,
    pub(crate) cache_control: Option<&'static str>,
    pub(crate) down: bool,
    /// Answers wait for a permit of it.
    pub(crate) gate: Arc<Semaphore>,
}

impl Issuer {
    pub(crate) fn new() -> Arc<Self> {
        let state = IssuerState {
            jwks: serde_json::to_value(jwks(&[("k1", &RSA)])).unwrap(),
            metadata: json!({"issuer": ISSUER, "jwks_uri": "https://login.test/.well-known/jwks.json"}),
            cache_control: Some("public, max-age=600"),
            down: false,
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
        };
        let (metadata_fetches, key_fetches) = Default::default();
        Arc::new(Self {
            state: Mutex::new(state),
            metadata_fetches,
            key_fetches,
        })
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut IssuerState)) {
        change(&mut self.state.lock().unwrap());
    }

    pub(crate) fn publish(&self, keys: &[(&str, &SigningKey)]) {
        self.set(|state| state.jwks = serde_json::to_value(jwks(keys)).unwrap());
    }

    pub(crate) fn key_fetches(&self) -> usize {
        self.key_fetches.load(Ordering::SeqCst)
    }

    pub(crate) fn metadata_fetches(&self) -> usize {
        self.metadata_fetches.load(Ordering::SeqCst)
    }

    /// Lets no answer through until the gate that is returned has permits.
    pub(crate) fn hold(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.set(|state| state.gate = Arc::clone(&gate));
        gate
    }

    /// The answer, and the gate it waits at.
    fn answer(&self, url: &str) -> (Result<Fetched, FetchError>, Arc<Semaphore>) {
        let state = self.state.lock().unwrap();
        let (count, document) = match url {
            "https://login.test/.well-known/openid-configuration" => {
                (&self.metadata_fetches, &state.metadata)
            }
            "https://login.test/.well-known/jwks.json" => (&self.key_fetches, &state.jwks),
            other => panic!("nobody may fetch {other}"),
        };
        count.fetch_add(1, Ordering::SeqCst);
        let answer = Fetched {
            status: 200,
            cache_control: state.cache_control.map(str::to_owned),
            body: document.to_string().into(),
        };
        let down = FetchError("down".to_owned());
        (
            if state.down { Err(down) } else { Ok(answer) },
            Arc::clone(&state.gate),
        )
    }
}

impl Fetch for Issuer {
    fn get<'a>(&'a self, url: &'a str) -> Fetching<'a> {
        Box::pin(async move {
            let (answer, gate) = self.answer(url);
            let _permit = gate.acquire().await.unwrap();
            answer
        })
    }
}

/// Lets other tasks run until `done`.
pub(crate) async fn until(done: impl Fn() -> bool) {
    let poll = async {
        while !done() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), poll)
        .await
        .expect("it happens in time");
}
