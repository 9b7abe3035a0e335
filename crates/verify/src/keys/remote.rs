//! The keys an issuer publishes: fetched when needed, kept while they last, fetched again when a token names a new one.

use std::sync::{Arc, PoisonError, RwLock};

use grantor_jose::{Algorithm, JwkSet, VerificationKey};
use tokio::sync::Mutex;

use super::{KeySet, discovery};
use crate::{Clock, Fetch, Fetched};

/// How soon after a failure another try is made while there are no keys at all, in milliseconds.
const RETRY_WITHOUT_KEYS: i64 = 1000;

/// What is known of a key.
pub(crate) enum Outcome {
    /// The key.
    Found(VerificationKey),
    /// The issuer has no such key.
    Unknown,
    /// The issuer could not be asked, and never was.
    Unavailable,
}

/// The published keys of one issuer. A clone shares them.
#[derive(Clone)]
pub(crate) struct Remote(Arc<Shared>);

struct Shared {
    issuer: String,
    fetcher: Arc<dyn Fetch>,
    clock: Arc<dyn Clock>,
    /// Milliseconds between two fetches that a token can cause.
    interval: i64,
    known: RwLock<Known>,
    /// Held by the one fetch under way.
    fetching: Arc<Mutex<()>>,
}

/// What the last fetches left.
#[derive(Clone, Default)]
struct Known {
    keys: Arc<KeySet>,
    jwks_uri: Option<String>,
    /// Unix milliseconds from which on the keys should be fetched again.
    stale_at: i64,
    attempted_at: Option<i64>,
}

impl Remote {
    pub(crate) fn new(
        issuer: String,
        fetcher: Arc<dyn Fetch>,
        clock: Arc<dyn Clock>,
        interval: i64,
    ) -> Self {
        let (known, fetching) = (RwLock::default(), Arc::default());
        Self(Arc::new(Shared {
            issuer,
            fetcher,
            clock,
            interval,
            known,
            fetching,
        }))
    }

    /// The key with that `kid` for that algorithm.
    ///
    /// However many tokens name however many keys, there is one fetch at a time and one in each interval.
    pub(crate) async fn find(&self, kid: Option<&str>, alg: Algorithm) -> Outcome {
        let known = self.known();
        let now = self.0.clock.unix_millis();
        let fetching = Arc::clone(&self.0.fetching);
        let guard = match known.keys.find(kid, alg) {
            Some(key) if known.is_fresh(now) || !self.may_fetch(&known, now) => {
                return Outcome::Found(key);
            }
            Some(key) => match fetching.try_lock_owned() {
                Ok(guard) => guard,
                // Somebody else is fetching already: the old key is good enough meanwhile.
                Err(_) => return Outcome::Found(key),
            },
            // Whoever is fetching may be about to bring it.
            None => fetching.lock_owned().await,
        };
        let known = self.known();
        if let Some(key) = known.keys.find(kid, alg).filter(|_| known.is_fresh(now)) {
            return Outcome::Found(key);
        }
        if self.may_fetch(&known, now) {
            // On a task of its own: a caller that goes away must not take the interval's fetch with it.
            let this = self.clone();
            let task = tokio::spawn(async move {
                this.fetch().await;
                drop(guard);
            });
            // A fetch that panics leaves what was known.
            let _ = task.await;
        }
        let known = self.known();
        match known.keys.find(kid, alg) {
            Some(key) => Outcome::Found(key),
            None if known.keys.is_empty() => Outcome::Unavailable,
            None => Outcome::Unknown,
        }
    }

    fn known(&self) -> Known {
        self.0
            .known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn update(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.0.known.write().unwrap_or_else(PoisonError::into_inner));
    }

    fn may_fetch(&self, known: &Known, now: i64) -> bool {
        let longest = if known.keys.is_empty() {
            RETRY_WITHOUT_KEYS
        } else {
            i64::MAX
        };
        let interval = self.0.interval.min(longest);
        known.attempted_at.is_none_or(|attempt| {
            // A clock that was turned back must not keep the keys for years.
            let turned_back = now < attempt.saturating_sub(interval);
            turned_back || interval <= now.saturating_sub(attempt)
        })
    }

    async fn fetch(&self) {
        let now = self.0.clock.unix_millis();
        self.update(|known| known.attempted_at = Some(now));
        let fetched = self.fetch_keys().await;
        match fetched {
            Ok((jwks_uri, keys, age)) => self.update(|known| {
                *known = Known {
                    keys: Arc::new(keys),
                    jwks_uri: Some(jwks_uri),
                    stale_at: now.saturating_add(age),
                    attempted_at: Some(now),
                };
            }),
            Err(why) => {
                let issuer = self.0.issuer.as_str();
                tracing::warn!(issuer, why, "the keys of the issuer could not be fetched");
                // The keys stay. Their address is asked for again, in case they moved.
                self.update(|known| known.jwks_uri = None);
            }
        }
    }

    /// The address of the keys, the keys, and how many milliseconds they are good for.
    async fn fetch_keys(&self) -> Result<(String, KeySet, i64), String> {
        let jwks_uri = if let Some(jwks_uri) = self.known().jwks_uri {
            jwks_uri
        } else {
            let metadata = self.get(&discovery::url(&self.0.issuer)).await?;
            discovery::jwks_uri(&self.0.issuer, &metadata.body)?
        };
        let answer = self.get(&jwks_uri).await?;
        let jwks: JwkSet =
            serde_json::from_slice(&answer.body).map_err(|_| "the keys are not a JWK set")?;
        let keys = KeySet::from_jwks(&jwks);
        if keys.is_empty() {
            return Err("the JWK set has no key that can be used".to_owned());
        }
        let age = discovery::age(answer.cache_control.as_deref());
        Ok((
            jwks_uri,
            keys,
            i64::try_from(age.as_millis()).unwrap_or(i64::MAX),
        ))
    }

    async fn get(&self, url: &str) -> Result<Fetched, String> {
        let answer = self
            .0
            .fetcher
            .get(url)
            .await
            .map_err(|error| error.to_string())?;
        match answer.status {
            200 => Ok(answer),
            status => Err(format!("{url} answered {status}")),
        }
    }
}

impl Known {
    fn is_fresh(&self, now: i64) -> bool {
        now < self.stale_at
    }
}
