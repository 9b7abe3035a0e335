//! Public keys as JSON, RFC 7517, RFC 7518 §6, RFC 8037 §2. Holds no private members: what it reads of them is dropped.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::{
    Error,
    digest::{base64url, sha1, sha256},
};

/// A public key. Unknown members are ignored (RFC 7517 §4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    /// The kind of key: `RSA`, `EC` or `OKP`.
    pub kty: String,
    /// What the key is for: `sig` or `enc`.
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    pub use_: Option<String>,
    /// The one algorithm it is used with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// The key's identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// RSA: the modulus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// RSA: the exponent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
    /// EC, OKP: the curve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// EC: the abscissa; OKP: the public key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// EC: the ordinate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// The certificate chain: DER in base64 with padding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x5c: Option<Vec<String>>,
    /// The certificate's SHA-1 in base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x5t: Option<String>,
}

/// A JWK set, RFC 7517 §5.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwkSet {
    /// The keys.
    pub keys: Vec<Jwk>,
}

/// The members of a thumbprint in its order (RFC 7638 §3.2, RFC 8037 §2).
#[derive(Serialize)]
struct Required<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<&'a str>,
    kty: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<&'a str>,
}

impl Jwk {
    /// The SHA-256 thumbprint in base64url, RFC 7638.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidKey`] if the kind is unknown or one of its required members is missing.
    pub fn thumbprint(&self) -> Result<String, Error> {
        let required = self
            .required()
            .ok_or(Error::InvalidKey("missing members"))?;
        let json = serde_json::to_vec(&required).map_err(|_| Error::InvalidKey("members"))?;
        Ok(base64url(&sha256(&json)))
    }

    /// The key with its certificate in `x5c` and `x5t`.
    #[must_use]
    pub fn with_certificate(mut self, der: &[u8]) -> Self {
        self.x5c = Some(vec![STANDARD.encode(der)]);
        self.x5t = Some(base64url(&sha1(der)));
        self
    }

    fn required(&self) -> Option<Required<'_>> {
        let (n, e) = (self.n.as_deref(), self.e.as_deref());
        let (crv, x, y) = (self.crv.as_deref(), self.x.as_deref(), self.y.as_deref());
        let none = Required {
            crv: None,
            e: None,
            kty: &self.kty,
            n: None,
            x: None,
            y: None,
        };
        match self.kty.as_str() {
            "RSA" => Some(Required {
                n: Some(n?),
                e: Some(e?),
                ..none
            }),
            "EC" => Some(Required {
                crv: Some(crv?),
                x: Some(x?),
                y: Some(y?),
                ..none
            }),
            "OKP" => Some(Required {
                crv: Some(crv?),
                x: Some(x?),
                ..none
            }),
            _ => None,
        }
    }

    pub(crate) fn rsa(n: &[u8], e: &[u8]) -> Self {
        let (n, e) = (Some(base64url(n)), Some(base64url(e)));
        Self {
            kty: "RSA".to_owned(),
            n,
            e,
            ..Self::default()
        }
    }

    /// The key at an uncompressed point; `None` if it is not one.
    pub(crate) fn ec(crv: &str, point: &[u8]) -> Option<Self> {
        let (4, coordinates) = point.split_first()? else {
            return None;
        };
        let (x, y) = coordinates.split_at_checked(coordinates.len() / 2)?;
        let (x, y) = (Some(base64url(x)), Some(base64url(y)));
        Some(Self {
            kty: "EC".to_owned(),
            crv: Some(crv.to_owned()),
            x,
            y,
            ..Self::default()
        })
    }

    pub(crate) fn okp(crv: &str, public: &[u8]) -> Self {
        let x = Some(base64url(public));
        Self {
            kty: "OKP".to_owned(),
            crv: Some(crv.to_owned()),
            x,
            ..Self::default()
        }
    }
}

impl JwkSet {
    /// The key with that identifier.
    pub fn find(&self, kid: &str) -> Option<&Jwk> {
        self.keys.iter().find(|key| key.kid.as_deref() == Some(kid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037 appendix A.3.
    #[test]
    fn the_thumbprint_of_an_okp_key_is_that_of_the_rfc() {
        let jwk: Jwk = serde_json::from_str(
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        )
        .unwrap();
        assert_eq!(
            jwk.thumbprint().unwrap(),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
    }

    #[test]
    fn a_key_without_its_members_has_no_thumbprint() {
        for json in [
            r#"{"kty":"RSA","n":"AQ"}"#,
            r#"{"kty":"oct"}"#,
            r#"{"kty":"EC","crv":"P-256","x":"AQ"}"#,
        ] {
            let jwk: Jwk = serde_json::from_str(json).unwrap();
            assert!(
                matches!(jwk.thumbprint(), Err(Error::InvalidKey(_))),
                "{json}"
            );
        }
    }

    #[test]
    fn private_members_are_dropped() {
        let jwk: Jwk =
            serde_json::from_str(r#"{"kty":"OKP","crv":"Ed25519","x":"AQ","d":"AQ"}"#).unwrap();
        assert_eq!(
            serde_json::to_string(&jwk).unwrap(),
            r#"{"kty":"OKP","crv":"Ed25519","x":"AQ"}"#
        );
    }
}
