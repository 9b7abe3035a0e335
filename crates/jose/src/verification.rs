//! Public keys and shared secrets: parsed once and used to verify.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use aws_lc_rs::{
    hmac,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
        RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
        RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
        RsaParameters, RsaPublicKeyComponents,
    },
};

use crate::{Algorithm, Error, Jwk, digest::from_base64url, mac::MacKey, pem};

/// A key that verifies. A clone shares it.
///
/// Its kind decides which algorithms it takes part in, so a public RSA key can never serve as an HMAC secret.
#[derive(Clone)]
pub struct VerificationKey(Arc<Public>);

#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each key, always behind an Arc"
)]
enum Public {
    Rsa(RsaKey),
    Ec {
        curve: Curve,
        point: Vec<u8>,
        key: ParsedPublicKey,
    },
    Ed25519 {
        public: Vec<u8>,
        key: ParsedPublicKey,
    },
    Mac(MacKey),
}

#[derive(Clone, Copy)]
enum Curve {
    P256,
    P384,
}

struct RsaKey {
    components: RsaPublicKeyComponents<Vec<u8>>,
    /// The key prepared for each RSA algorithm, on first use.
    prepared: [OnceLock<Option<ParsedPublicKey>>; 6],
}

impl VerificationKey {
    /// The key of a JWK. Secrets (`oct`) are refused: a set that anybody can read must not hold one.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidKey`] if it is not a usable signature key; [`Error::WeakKey`] for short RSA keys.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, Error> {
        if jwk.use_.as_deref().is_some_and(|use_| use_ != "sig") {
            return Err(Error::InvalidKey("not for signatures"));
        }
        match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => Self::rsa(member(jwk.n.as_ref())?, member(jwk.e.as_ref())?),
            ("EC", Some(crv @ ("P-256" | "P-384"))) => {
                let (x, y) = (member(jwk.x.as_ref())?, member(jwk.y.as_ref())?);
                if x.len() != y.len() {
                    return Err(Error::InvalidKey("coordinates of unequal length"));
                }
                Self::ec(crv, &[&[4], x.as_slice(), y.as_slice()].concat())
            }
            ("OKP", Some("Ed25519")) => Self::ed25519(&member(jwk.x.as_ref())?),
            _ => Err(Error::InvalidKey("unknown kind of key")),
        }
    }

    /// The key in the first block of a PEM text: `PUBLIC KEY`, `RSA PUBLIC KEY` or `CERTIFICATE`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidKey`] if it is none of these; [`Error::WeakKey`] for short RSA keys.
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        pem::parse(text)
    }

    /// The HMAC key that is `secret`.
    pub fn from_secret(secret: &[u8]) -> Self {
        Self(Arc::new(Public::Mac(MacKey::new(secret))))
    }

    /// The key's members; `None` for HMAC.
    pub fn jwk(&self) -> Option<Jwk> {
        match &*self.0 {
            Public::Rsa(key) => Some(Jwk::rsa(&key.components.n, &key.components.e)),
            Public::Ec { curve, point, .. } => Jwk::ec(curve.name(), point),
            Public::Ed25519 { public, .. } => Some(Jwk::okp("Ed25519", public)),
            Public::Mac(_) => None,
        }
    }

    /// Whether the key can verify `alg`.
    pub fn fits(&self, alg: Algorithm) -> bool {
        match &*self.0 {
            Public::Rsa(_) => rsa_parameters(alg).is_some(),
            Public::Ec { curve, .. } => alg == curve.algorithm(),
            Public::Ed25519 { .. } => alg == Algorithm::EdDSA,
            Public::Mac(_) => alg.is_symmetric(),
        }
    }

    /// Checks that `signature` is the key's over `message`.
    ///
    /// # Errors
    ///
    /// [`Error::KeyMismatch`] if `alg` does not fit the key; [`Error::BadSignature`] otherwise.
    pub fn verify(&self, alg: Algorithm, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        if !self.fits(alg) {
            return Err(Error::KeyMismatch);
        }
        let verified = match &*self.0 {
            Public::Rsa(key) => key
                .prepared(alg)
                .ok_or(Error::KeyMismatch)?
                .verify_sig(message, signature),
            Public::Ec { key, .. } | Public::Ed25519 { key, .. } => {
                key.verify_sig(message, signature)
            }
            Public::Mac(key) => {
                hmac::verify(key.get(alg).ok_or(Error::KeyMismatch)?, message, signature)
            }
        };
        verified.map_err(|_| Error::BadSignature)
    }

    pub(crate) fn rsa(n: Vec<u8>, e: Vec<u8>) -> Result<Self, Error> {
        let bits = n
            .first()
            .map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
        if n.first() == Some(&0) || 8192 < bits {
            return Err(Error::InvalidKey("modulus"));
        }
        if bits < 2048 {
            return Err(Error::WeakKey);
        }
        // One, even numbers and very long ones are not exponents; the library would say so at each verification.
        let sound = matches!(e.as_slice(), [first, .., last] if 0 < *first && last % 2 == 1)
            || matches!(e.as_slice(), [only] if 1 < *only && only % 2 == 1);
        if !sound || 5 < e.len() {
            return Err(Error::InvalidKey("exponent"));
        }
        let components = RsaPublicKeyComponents { n, e };
        let key = RsaKey {
            components,
            prepared: Default::default(),
        };
        match key.prepared(Algorithm::RS256) {
            Some(_) => Ok(Self(Arc::new(Public::Rsa(key)))),
            None => Err(Error::InvalidKey("not an RSA key")),
        }
    }

    /// The key at an uncompressed point of the curve named `crv`.
    pub(crate) fn ec(crv: &str, point: &[u8]) -> Result<Self, Error> {
        let (curve, rule, length) = match crv {
            "P-256" => (Curve::P256, &ECDSA_P256_SHA256_FIXED, 65),
            "P-384" => (Curve::P384, &ECDSA_P384_SHA384_FIXED, 97),
            _ => return Err(Error::InvalidKey("unknown curve")),
        };
        if point.len() != length || point.first() != Some(&4) {
            return Err(Error::InvalidKey("not an uncompressed point"));
        }
        let key = ParsedPublicKey::new(rule, point);
        let key = key.map_err(|_| Error::InvalidKey("not a point of the curve"))?;
        Ok(Self(Arc::new(Public::Ec {
            curve,
            point: point.to_vec(),
            key,
        })))
    }

    pub(crate) fn ed25519(public: &[u8]) -> Result<Self, Error> {
        if public.len() != 32 {
            return Err(Error::InvalidKey("not 32 bytes"));
        }
        let key = ParsedPublicKey::new(&ED25519, public);
        let key = key.map_err(|_| Error::InvalidKey("not an Ed25519 key"))?;
        Ok(Self(Arc::new(Public::Ed25519 {
            public: public.to_vec(),
            key,
        })))
    }
}

impl RsaKey {
    fn prepared(&self, alg: Algorithm) -> Option<&ParsedPublicKey> {
        let (place, parameters) = rsa_parameters(alg)?;
        let prepare = || self.components.to_parsed_public_key(parameters).ok();
        self.prepared.get(place)?.get_or_init(prepare).as_ref()
    }
}

impl Curve {
    const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
        }
    }

    const fn algorithm(self) -> Algorithm {
        match self {
            Self::P256 => Algorithm::ES256,
            Self::P384 => Algorithm::ES384,
        }
    }
}

fn rsa_parameters(alg: Algorithm) -> Option<(usize, &'static RsaParameters)> {
    Some(match alg {
        Algorithm::RS256 => (0, &RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => (1, &RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => (2, &RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => (3, &RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => (4, &RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => (5, &RSA_PSS_2048_8192_SHA512),
        _ => return None,
    })
}

/// The bytes of a required member.
fn member(text: Option<&String>) -> Result<Vec<u8>, Error> {
    let text = text.ok_or(Error::InvalidKey("missing members"))?;
    from_base64url(text).ok_or(Error::InvalidKey("not base64url"))
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerificationKey(..)")
    }
}
