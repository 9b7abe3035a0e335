//! A key ring with its keys parsed and its signers ready.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use grantor_jose::{
    Algorithm, Jwk, JwkSet, Signer, SigningKey, VerificationKey, certificate::Certificate,
};
use grantor_protocol::{
    env::Timestamp,
    keys::kid_for,
    model::{KeyRing, KeyState, SigningAlg, StoredKey},
};

use super::{EC, Error, OKP, make::key_type};

/// The types of tokens; a signer carries one in its header.
const TYPES: [&str; 3] = ["JWT", "at+jwt", "logout+jwt"];

/// A ring, parsed.
#[derive(Default)]
pub struct ParsedRing {
    /// The revision that was parsed; none for a tenant without keys.
    pub(super) revision: Option<i64>,
    ring: Option<KeyRing>,
    keys: Vec<ParsedKey>,
}

struct ParsedKey {
    kid: String,
    jwks: Vec<(SigningAlg, Jwk)>,
    verification: VerificationKey,
    signers: Vec<(SigningAlg, &'static str, Signer)>,
}

impl ParsedRing {
    pub(super) fn parse(ring: &KeyRing, revision: i64) -> Result<Self, Error> {
        let keys = ring.published().map(parse_key).collect::<Result<_, _>>()?;
        Ok(Self {
            revision: Some(revision),
            ring: Some(ring.clone()),
            keys,
        })
    }

    /// Whether a key of `family` exists.
    pub(super) fn has(&self, family: &str) -> bool {
        self.ring
            .as_ref()
            .is_some_and(|ring| ring.in_state(family, KeyState::Current).is_some())
    }

    /// Whether the key set shows entries for `algorithm`: those of a family's first algorithm always, others once an API
    /// signs with them.
    pub(super) fn shows(&self, algorithm: SigningAlg) -> bool {
        let optional = matches!(algorithm, SigningAlg::RS512 | SigningAlg::PS256);
        !optional
            || self
                .ring
                .as_ref()
                .is_some_and(|ring| ring.algorithms.contains(&algorithm))
    }

    /// The signer of `family` at `now`.
    pub(super) fn signer(
        &self,
        family: &str,
        algorithm: SigningAlg,
        typ: &str,
        now: Timestamp,
    ) -> Result<&Signer, Error> {
        let signing = self
            .ring
            .as_ref()
            .and_then(|ring| ring.signing(family, now));
        let parsed = signing.and_then(|key| self.keys.iter().find(|parsed| parsed.kid == key.kid));
        let signers = parsed.into_iter().flat_map(|parsed| &parsed.signers);
        let found = signers
            .into_iter()
            .find(|(alg, of, _)| *alg == algorithm && *of == typ);
        found
            .map(|(_, _, signer)| signer)
            .ok_or_else(|| Error::Undecodable(format!("{family} {typ}")))
    }

    /// The key set: the current key first, then the next, then the earlier ones.
    pub fn key_set(&self) -> JwkSet {
        let ranked = |parsed: &&ParsedKey| {
            let stored = self
                .ring
                .iter()
                .flat_map(|ring| &ring.keys)
                .find(|key| key.kid == parsed.kid);
            stored.map_or(3, |key| match key.state {
                KeyState::Current => 0,
                KeyState::Next => 1,
                KeyState::Previous | KeyState::Revoked => 2,
            })
        };
        let mut keys: Vec<&ParsedKey> = self.keys.iter().collect();
        keys.sort_by_key(ranked);
        let entries = keys.into_iter().flat_map(|parsed| &parsed.jwks);
        let shown = entries.filter(|(algorithm, _)| self.shows(*algorithm));
        JwkSet {
            keys: shown.map(|(_, jwk)| jwk.clone()).collect(),
        }
    }

    /// The key `kid`, for verifying what it signed.
    pub fn verification_key(&self, kid: &str) -> Option<VerificationKey> {
        self.keys
            .iter()
            .find(|parsed| parsed.kid == kid)
            .map(|parsed| parsed.verification.clone())
    }

    /// The certificate of the current RSA key, PEM.
    pub fn certificate(&self) -> Option<&str> {
        let current = self
            .ring
            .as_ref()?
            .in_state(super::RSA, KeyState::Current)?;
        Some(&current.certificate)
    }
}

impl fmt::Debug for ParsedRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.keys.iter().map(|parsed| &parsed.kid))
            .finish()
    }
}

fn parse_key(stored: &StoredKey) -> Result<ParsedKey, Error> {
    let undecodable = || Error::Undecodable(stored.kid.clone());
    let pkcs8 = zeroize::Zeroizing::new(
        STANDARD
            .decode(stored.private_key.expose())
            .map_err(|_| undecodable())?,
    );
    let key = SigningKey::from_pkcs8(key_type(&stored.kty), &pkcs8)?;
    let algorithms: &[(SigningAlg, Algorithm)] = match stored.kty.as_str() {
        EC => &[(SigningAlg::ES256, Algorithm::ES256)],
        OKP => &[(SigningAlg::EdDSA, Algorithm::EdDSA)],
        _ => &[
            (SigningAlg::RS256, Algorithm::RS256),
            (SigningAlg::RS512, Algorithm::RS512),
            (SigningAlg::PS256, Algorithm::PS256),
        ],
    };
    let certificate = Certificate::from_pem(&stored.certificate)?;
    let (mut signers, mut jwks) = (Vec::new(), Vec::new());
    for (ours, theirs) in algorithms {
        let kid = kid_for(&stored.kid, *ours);
        let jwk = key
            .public_jwk(&kid, Some(*theirs))
            .ok_or_else(undecodable)?;
        jwks.push((*ours, jwk.with_certificate(certificate.der())));
        for typ in TYPES {
            signers.push((
                *ours,
                typ,
                Signer::new(key.clone(), *theirs, Some(&kid), typ)?,
            ));
        }
    }
    let (_, first) = jwks.first().ok_or_else(undecodable)?;
    Ok(ParsedKey {
        kid: stored.kid.clone(),
        verification: VerificationKey::from_jwk(first)?,
        jwks,
        signers,
    })
}
