//! The life of signing keys: which one signs, which are shown, what a rotation and a revocation change.
//!
//! Does not make keys; a new one comes in as a value.

use crate::{
    env::Timestamp,
    model::{KeyRing, KeyState, SigningAlg, StoredKey},
};

/// How long a cache may show an old key set, in seconds: `max-age` and `stale-while-revalidate` of the key set's
/// response, and two seconds for the way between nodes.
///
/// A key does not sign before it has been shown that long, so that a client which keeps to the headers never meets a
/// token whose key it could not have seen.
pub const PUBLICATION_LEAD_SECONDS: i64 = 32;

/// How long a key is shown after it ceased to sign, in seconds: the longest life of an access token (30 days).
pub const RETIREMENT_SECONDS: i64 = 2_592_000;

/// Most keys of one family in a ring. A rotation past it is refused, so that the key set stays readable.
pub const MAX_KEYS: usize = 128;

/// The `kid` of a key when it signs with `algorithm`. A JWK names one algorithm (RFC 7517 §4.4), so an RSA key that signs
/// with several is shown once for each.
pub fn kid_for(kid: &str, algorithm: SigningAlg) -> String {
    match algorithm {
        SigningAlg::RS512 => format!("{kid}.RS512"),
        SigningAlg::PS256 => format!("{kid}.PS256"),
        _ => kid.to_owned(),
    }
}

/// Why a key ring was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No key has that identifier.
    #[error("there is no signing key with that kid")]
    Unknown,
    /// The key still signs or will.
    #[error("only a key that was rotated away can be revoked; rotate first")]
    InUse,
    /// The ring is full of keys whose tokens may still live.
    #[error("there are {MAX_KEYS} signing keys whose tokens may still live; revoke old ones first")]
    Full,
}

impl KeyRing {
    /// A ring without keys.
    pub fn empty() -> Self {
        Self {
            id: Self::ID.to_owned(),
            keys: Vec::new(),
            algorithms: Vec::new(),
            rest: serde_json::Map::new(),
        }
    }

    /// The keys of the family `kty`, newest first.
    pub fn family<'a>(&'a self, kty: &'a str) -> impl Iterator<Item = &'a StoredKey> {
        self.keys.iter().rev().filter(move |key| key.kty == kty)
    }

    /// The key of the family `kty` that is in `state`; the newest, if several are.
    pub fn in_state<'a>(&'a self, kty: &'a str, state: KeyState) -> Option<&'a StoredKey> {
        self.family(kty).find(|key| key.state == state)
    }

    /// The key that signs at `now`: the newest that caches have had time to see, else the oldest there is.
    pub fn signing<'a>(&'a self, kty: &'a str, now: Timestamp) -> Option<&'a StoredKey> {
        let seen = now.plus_seconds(-PUBLICATION_LEAD_SECONDS).millis();
        let may_sign =
            |key: &&StoredKey| matches!(key.state, KeyState::Current | KeyState::Previous);
        let newest_seen = self
            .family(kty)
            .filter(may_sign)
            .find(|key| key.published_at <= seen);
        newest_seen.or_else(|| self.family(kty).filter(may_sign).last())
    }

    /// The keys that the key set shows.
    pub fn published(&self) -> impl Iterator<Item = &StoredKey> {
        self.keys
            .iter()
            .filter(|key| key.state != KeyState::Revoked)
    }

    /// Puts `next` behind the present keys of its family: next becomes current, current becomes previous, and what has
    /// outlived its tokens is forgotten. Without a next key, `next` itself becomes current.
    ///
    /// # Errors
    /// [`Refused::Full`].
    pub fn rotate(&mut self, next: StoredKey, now: Timestamp) -> Result<(), Refused> {
        let forgotten = now.plus_seconds(-RETIREMENT_SECONDS).millis();
        self.keys
            .retain(|key| key.current_until.is_none_or(|until| until > forgotten));
        if self.family(&next.kty).count() >= MAX_KEYS {
            return Err(Refused::Full);
        }
        let kty = next.kty.clone();
        let mut next = next;
        if self.in_state(&kty, KeyState::Next).is_none() {
            next.state = KeyState::Current;
        }
        for key in self.keys.iter_mut().filter(|key| key.kty == kty) {
            let state = match key.state {
                KeyState::Next => KeyState::Current,
                KeyState::Current => {
                    key.current_until = Some(now.millis());
                    KeyState::Previous
                }
                KeyState::Previous | KeyState::Revoked => continue,
            };
            key.state = state;
            key.since = now.millis();
        }
        self.keys.push(next);
        Ok(())
    }

    /// Revokes the previous key `kid`. Its private part is forgotten at once.
    ///
    /// # Errors
    /// [`Refused::Unknown`], and [`Refused::InUse`] for a current or next key.
    pub fn revoke(&mut self, kid: &str, now: Timestamp) -> Result<(), Refused> {
        let key = self
            .keys
            .iter_mut()
            .find(|key| key.kid == kid)
            .ok_or(Refused::Unknown)?;
        if key.state != KeyState::Previous {
            return if key.state == KeyState::Revoked {
                Ok(())
            } else {
                Err(Refused::InUse)
            };
        }
        key.state = KeyState::Revoked;
        key.since = now.millis();
        key.private_key = crate::secret::Secret::new(String::new());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::secret::Secret;

    fn key(kid: &str, state: KeyState, at: Timestamp) -> StoredKey {
        StoredKey {
            kid: kid.to_owned(),
            kty: "RSA".to_owned(),
            private_key: Secret::new("pkcs8".to_owned()),
            certificate: String::new(),
            state,
            since: at.millis(),
            published_at: at.millis(),
            current_until: None,
            rest: serde_json::Map::new(),
        }
    }

    fn fresh() -> KeyRing {
        let mut ring = KeyRing::empty();
        ring.keys = vec![
            key("k0", KeyState::Current, at(0)),
            key("k1", KeyState::Next, at(0)),
        ];
        ring
    }

    const fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn signer(ring: &KeyRing, seconds: i64) -> &str {
        &ring.signing("RSA", at(seconds)).unwrap().kid
    }

    #[test]
    fn j10_3_a_rotation_makes_the_next_key_current_and_shows_a_new_one() {
        let mut ring = fresh();
        ring.rotate(key("k2", KeyState::Next, at(100)), at(100))
            .unwrap();
        let state = |state| ring.in_state("RSA", state).unwrap().kid.as_str();
        assert_eq!(
            (
                state(KeyState::Previous),
                state(KeyState::Current),
                state(KeyState::Next)
            ),
            ("k0", "k1", "k2")
        );
        assert_eq!(ring.published().count(), 3);
        assert_eq!(signer(&ring, 100), "k1");
    }

    #[test]
    fn j10_3_a_key_does_not_sign_before_caches_can_have_seen_it() {
        let mut ring = fresh();
        ring.rotate(key("k2", KeyState::Next, at(1)), at(1))
            .unwrap();
        assert_eq!(signer(&ring, 1), "k0");
        assert_eq!(signer(&ring, PUBLICATION_LEAD_SECONDS - 1), "k0");
        assert_eq!(signer(&ring, PUBLICATION_LEAD_SECONDS), "k1");
    }

    #[test]
    fn the_first_key_signs_at_once() {
        assert_eq!(signer(&fresh(), 0), "k0");
    }

    #[test]
    fn j10_2_a_revoked_key_neither_signs_nor_shows_and_loses_its_private_part() {
        let mut ring = fresh();
        assert_eq!(ring.revoke("k0", at(1)), Err(Refused::InUse));
        assert_eq!(ring.revoke("k1", at(1)), Err(Refused::InUse));
        assert_eq!(ring.revoke("nope", at(1)), Err(Refused::Unknown));
        ring.rotate(key("k2", KeyState::Next, at(1)), at(1))
            .unwrap();
        ring.revoke("k0", at(2)).unwrap();
        // An emergency: the new key signs although caches may not have it yet.
        assert_eq!(signer(&ring, 2), "k1");
        assert!(ring.published().all(|key| key.kid != "k0"));
        assert!(
            ring.keys
                .iter()
                .any(|key| key.kid == "k0" && key.private_key.expose().is_empty())
        );
    }

    #[test]
    fn a_ring_refuses_to_grow_without_bound() {
        let mut ring = fresh();
        let refused = (0..).find_map(|n| {
            ring.rotate(key(&format!("r{n}"), KeyState::Next, at(n)), at(n))
                .err()
        });
        assert_eq!(refused, Some(Refused::Full));
        let much_later = at(RETIREMENT_SECONDS + 1000);
        ring.rotate(key("late", KeyState::Next, much_later), much_later)
            .unwrap();
        assert!(ring.keys.len() < 5);
    }

    proptest! {
        /// Rotations at any instants: the signer is always shown, has been for the lead or is the oldest there is, and
        /// every key that signed in the last 30 days is still shown.
        #[test]
        fn t30_3_whatever_signs_is_shown(gaps in proptest::collection::vec(0_i64..60, 1..100)) {
            let (mut ring, mut now, mut signed) = (fresh(), 0, std::collections::BTreeSet::new());
            for (n, gap) in gaps.into_iter().enumerate() {
                now += gap;
                ring.rotate(key(&format!("n{n}"), KeyState::Next, at(now)), at(now)).unwrap();
                let signing = ring.signing("RSA", at(now)).unwrap();
                signed.insert(signing.kid.clone());
                let seen = signing.published_at <= at(now - PUBLICATION_LEAD_SECONDS).millis();
                prop_assert!(seen || signing.kid == "k0");
                prop_assert!(signed.iter().all(|kid| ring.published().any(|key| key.kid == *kid)));
            }
        }
    }
}
