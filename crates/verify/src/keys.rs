//! The keys that tokens are verified with.

mod discovery;
mod remote;

use grantor_jose::{Algorithm, JwkSet, VerificationKey};

pub(crate) use discovery::is_trustworthy;
pub(crate) use remote::{Outcome, Remote};

/// The most keys taken from a set; a server has two or three.
const MAX_KEYS: usize = 100;

/// A set of parsed keys.
#[derive(Clone, Debug, Default)]
pub struct KeySet(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    kid: Option<String>,
    /// The one algorithm the key is for, if its set says so.
    alg: Option<String>,
    key: VerificationKey,
}

impl KeySet {
    /// The signature keys of `jwks`. Keys of kinds that are not known, too short or for encryption are left out, as RFC 7517
    /// §5 wants, so that a server can introduce new kinds.
    pub fn from_jwks(jwks: &JwkSet) -> Self {
        let usable = jwks.keys.iter().take(MAX_KEYS).filter_map(|jwk| {
            let key = VerificationKey::from_jwk(jwk).ok()?;
            Some(Entry {
                kid: jwk.kid.clone(),
                alg: jwk.alg.clone(),
                key,
            })
        });
        Self(usable.collect())
    }

    /// The one key that is `secret`.
    pub fn from_secret(secret: &[u8]) -> Self {
        let key = VerificationKey::from_secret(secret);
        Self(vec![Entry {
            kid: None,
            alg: None,
            key,
        }])
    }

    /// The key for a token with that `kid` and algorithm.
    ///
    /// A token without `kid` gets the only key that fits it; if several fit, none: trying all of them would let a stranger
    /// choose how much work a token is. A secret has no `kid`, so it serves any.
    pub fn find(&self, kid: Option<&str>, alg: Algorithm) -> Option<VerificationKey> {
        let mut candidates = self.0.iter().filter(|entry| entry.fits(kid, alg));
        let found = candidates.next()?;
        let unambiguous = kid.is_some() || candidates.next().is_none();
        unambiguous.then(|| found.key.clone())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Entry {
    fn fits(&self, kid: Option<&str>, alg: Algorithm) -> bool {
        let named = match (kid, &self.kid) {
            (Some(kid), Some(own)) => kid == own,
            (Some(_), None) => alg.is_symmetric(),
            (None, _) => true,
        };
        named && self.alg.as_deref().is_none_or(|own| own == alg.as_str()) && self.key.fits(alg)
    }
}
