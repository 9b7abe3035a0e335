//! A verifier: a policy, a source of keys and a clock.

use std::{fmt, sync::Arc, time::Duration};

use grantor_jose::{Algorithm, JwkSet, VerificationKey};

use crate::{
    AccessToken, Blacklist, Clock, ConfigError, Fetch, KeySet, Policy, SystemClock, VerifyError,
    blacklist,
    check::Unverified,
    keys::{Outcome, Remote},
};

const MAX_LEEWAY: Duration = Duration::from_secs(300);
const MIN_SECRET: usize = 16;

/// Checks access tokens. A clone shares everything.
#[derive(Clone)]
pub struct Verifier(Arc<Parts>);

struct Parts {
    policy: Policy,
    keys: Keys,
    clock: Arc<dyn Clock>,
    blacklist: Option<Arc<dyn Blacklist>>,
}

enum Keys {
    Fixed(KeySet),
    Remote(Remote),
}

impl Verifier {
    /// Starts the description of a verifier.
    pub fn builder() -> VerifierBuilder {
        VerifierBuilder::default()
    }

    /// Checks `token`. Must be called on a tokio runtime if the keys are fetched.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, or [`VerifyError::KeysUnavailable`] if the keys could never be fetched.
    pub async fn verify(&self, token: &str) -> Result<AccessToken, VerifyError> {
        let parts = &*self.0;
        let unverified = Unverified::parse(token, &parts.policy)?;
        let key = self.key(unverified.kid(), unverified.algorithm).await?;
        // After the keys were waited for, so that the wait counts.
        let now = parts.clock.unix_millis().div_euclid(1000);
        let token = unverified.verify(&key, &parts.policy, now)?;
        match &parts.blacklist {
            Some(blacklist) if blacklist::names(&**blacklist, &token) => {
                Err(VerifyError::Blacklisted)
            }
            _ => Ok(token),
        }
    }

    async fn key(&self, kid: Option<&str>, alg: Algorithm) -> Result<VerificationKey, VerifyError> {
        match &self.0.keys {
            Keys::Fixed(keys) => keys.find(kid, alg).ok_or(VerifyError::UnknownKey),
            Keys::Remote(keys) => match keys.find(kid, alg).await {
                Outcome::Found(key) => Ok(key),
                Outcome::Unknown => Err(VerifyError::UnknownKey),
                Outcome::Unavailable => Err(VerifyError::KeysUnavailable),
            },
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("policy", &self.0.policy)
            .finish_non_exhaustive()
    }
}

/// The description of a [`Verifier`]: an issuer, at least one audience and one source of keys.
#[must_use]
#[derive(Default)]
pub struct VerifierBuilder {
    issuer: Option<String>,
    audiences: Vec<String>,
    algorithms: Option<Vec<Algorithm>>,
    leeway: Option<Duration>,
    refresh_interval: Option<Duration>,
    secret: Option<Vec<u8>>,
    jwks: Option<JwkSet>,
    fetcher: Option<Arc<dyn Fetch>>,
    clock: Option<Arc<dyn Clock>>,
    blacklist: Option<Arc<dyn Blacklist>>,
}

impl VerifierBuilder {
    /// The issuer, exactly as tokens name it: `https://login.example.com/` has a slash at its end.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// An identifier of the API; several calls give it several.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// The accepted algorithms. Without this call: RS256, or HS256 if there is a secret.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// The signing secret of an API with a symmetric algorithm.
    pub fn secret(mut self, secret: impl Into<Vec<u8>>) -> Self {
        self.secret = Some(secret.into());
        self
    }

    /// A fixed set of keys. Tokens are refused once the issuer rotates away from it.
    pub fn jwks(mut self, jwks: JwkSet) -> Self {
        self.jwks = Some(jwks);
        self
    }

    /// Takes the keys from where the issuer publishes them.
    pub fn fetcher(mut self, fetcher: Arc<dyn Fetch>) -> Self {
        self.fetcher = Some(fetcher);
        self
    }

    /// How much the clocks may differ: 60 seconds if this is not called, 300 at most.
    pub const fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = Some(leeway);
        self
    }

    /// How often tokens with an unknown `kid` can cause the keys to be fetched: every 30 seconds if this is not called.
    pub const fn refresh_interval(mut self, interval: Duration) -> Self {
        self.refresh_interval = Some(interval);
        self
    }

    /// The clock; the system's if this is not called.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// What knows the tokens that were revoked one by one.
    pub fn blacklist(mut self, blacklist: Arc<dyn Blacklist>) -> Self {
        self.blacklist = Some(blacklist);
        self
    }

    /// The verifier.
    ///
    /// # Errors
    ///
    /// What is missing or contradicts itself.
    pub fn build(self) -> Result<Verifier, ConfigError> {
        let policy = self.policy()?;
        let symmetric = policy
            .algorithms
            .iter()
            .any(|algorithm| algorithm.is_symmetric());
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let keys = match (self.secret, self.jwks, self.fetcher) {
            (Some(secret), None, None) if symmetric => {
                if secret.len() < MIN_SECRET {
                    return Err(ConfigError::SecretTooShort);
                }
                Keys::Fixed(KeySet::from_secret(&secret))
            }
            (None, Some(jwks), None) if !symmetric => Keys::Fixed(KeySet::from_jwks(&jwks)),
            (None, None, Some(fetcher)) if !symmetric => {
                let interval = self.refresh_interval.unwrap_or(Duration::from_secs(30));
                let interval = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX);
                let issuer = policy.issuer.clone();
                Keys::Remote(Remote::new(issuer, fetcher, Arc::clone(&clock), interval))
            }
            (Some(_), None, None) | (None, Some(_), None) | (None, None, Some(_)) => {
                return Err(ConfigError::KeysDoNotFit);
            }
            _ => return Err(ConfigError::KeySource),
        };
        Ok(Verifier(Arc::new(Parts {
            policy,
            keys,
            clock,
            blacklist: self.blacklist,
        })))
    }

    fn policy(&self) -> Result<Policy, ConfigError> {
        let issuer = self.issuer.clone().ok_or(ConfigError::MissingIssuer)?;
        if !crate::keys::is_trustworthy(&issuer) {
            return Err(ConfigError::InvalidIssuer);
        }
        if self.audiences.is_empty() {
            return Err(ConfigError::MissingAudience);
        }
        let default = match self.secret {
            Some(_) => Algorithm::HS256,
            None => Algorithm::RS256,
        };
        let algorithms = self.algorithms.clone().unwrap_or_else(|| vec![default]);
        let first = algorithms.first().ok_or(ConfigError::MissingAlgorithm)?;
        if algorithms
            .iter()
            .any(|other| other.is_symmetric() != first.is_symmetric())
        {
            return Err(ConfigError::MixedAlgorithms);
        }
        let leeway = self.leeway.unwrap_or(Duration::from_secs(60));
        if MAX_LEEWAY < leeway {
            return Err(ConfigError::LeewayTooLong);
        }
        // At most 300 by the check above.
        let leeway_seconds = i64::try_from(leeway.as_secs()).unwrap_or_default();
        Ok(Policy {
            issuer,
            audiences: self.audiences.clone(),
            algorithms,
            leeway_seconds,
        })
    }
}

impl fmt::Debug for VerifierBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifierBuilder")
            .field("issuer", &self.issuer)
            .field("audiences", &self.audiences)
            .finish_non_exhaustive()
    }
}
