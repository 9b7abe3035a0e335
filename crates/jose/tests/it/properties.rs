//! What holds for all inputs.

use std::sync::LazyLock;

use grantor_jose::{
    Algorithm, Jwk, Jws, KeyType, Signer, SigningKey, VerificationKey,
    certificate::Certificate,
    client_assertion,
    digest::{base64url, from_base64url},
};
use proptest::prelude::*;

use crate::{new_key, public};

static RSA: LazyLock<SigningKey> = LazyLock::new(|| new_key(KeyType::Rsa2048));
static P256: LazyLock<SigningKey> = LazyLock::new(|| new_key(KeyType::P256));
static ED25519: LazyLock<SigningKey> = LazyLock::new(|| new_key(KeyType::Ed25519));

fn pair(alg: Algorithm) -> (SigningKey, VerificationKey) {
    let key = match alg {
        Algorithm::ES256 => P256.clone(),
        Algorithm::EdDSA => ED25519.clone(),
        alg if alg.is_symmetric() => {
            return (
                SigningKey::from_secret(b"s"),
                VerificationKey::from_secret(b"s"),
            );
        }
        _ => RSA.clone(),
    };
    let public = public(&key);
    (key, public)
}

fn algorithm() -> impl Strategy<Value = Algorithm> {
    let all = Algorithm::ALL
        .into_iter()
        .filter(|alg| *alg != Algorithm::ES384);
    prop::sample::select(all.collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn what_is_signed_verifies_and_keeps_its_bytes(
        alg in algorithm(),
        claims in prop::collection::vec(any::<u8>(), 0..600),
        kid in prop::option::of(".{0,20}"),
        typ in ".{0,10}",
    ) {
        let (key, public) = pair(alg);
        let token = Signer::new(key, alg, kid.as_deref(), &typ).unwrap().sign_json(&claims).unwrap();
        let jws = Jws::parse(&token).unwrap();
        prop_assert_eq!(jws.payload(), claims.as_slice());
        prop_assert_eq!(&jws.header().kid, &kid);
        prop_assert_eq!(jws.header().typ.as_deref(), Some(typ.as_str()));
        prop_assert_eq!(jws.verify(&public, &[alg]), Ok(()));
    }

    #[test]
    fn base64url_is_a_bijection(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        prop_assert_eq!(from_base64url(base64url(&bytes)), Some(bytes));
    }

    #[test]
    fn texts_that_decode_are_the_only_text_of_their_bytes(text in "[A-Za-z0-9_=.-]{0,12}") {
        if let Some(bytes) = from_base64url(&text) {
            prop_assert_eq!(base64url(&bytes), text);
        }
    }

    #[test]
    fn no_text_breaks_the_parsers(text in r#"([A-Za-z0-9_.={}"\\:-]|\PC){0,200}"#) {
        let _ = Jws::parse(&text);
        let _ = client_assertion::parse(&text);
        let _ = VerificationKey::from_pem(&text);
        let _ = Certificate::from_pem(&text);
        let parts = format!("{}.{}.{}", base64url(text.as_bytes()), base64url(text.as_bytes()), "AA");
        let _ = Jws::parse(&parts);
        let _ = client_assertion::parse(&parts);
    }

    #[test]
    fn no_bytes_break_the_decoders(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        label in prop::sample::select(vec!["PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE"]),
    ) {
        let pem = grantor_jose::certificate::pem(label, &bytes, "\n");
        prop_assert!(VerificationKey::from_pem(&pem).is_err());
        let _ = Certificate::from_der(bytes.clone());
        for kty in [KeyType::Rsa2048, KeyType::P256, KeyType::Ed25519] {
            prop_assert!(SigningKey::from_pkcs8(kty, &bytes).is_err());
        }
        let text = Some(base64url(&bytes));
        for (kty, crv) in [("RSA", None), ("EC", Some("P-256")), ("OKP", Some("Ed25519"))] {
            let jwk = Jwk {
                kty: kty.to_owned(), crv: crv.map(str::to_owned), n: text.clone(), e: text.clone(),
                x: text.clone(), y: text.clone(), ..Jwk::default()
            };
            let _ = VerificationKey::from_jwk(&jwk);
        }
    }

    /// Damage one byte of a real key: it is another key or none, never a panic.
    #[test]
    fn a_damaged_certificate_does_not_break_the_decoder(place in any::<prop::sample::Index>(), byte: u8) {
        let mut der = Certificate::from_pem(include_str!("keys/rsa2048.cert.pem")).unwrap().der().to_vec();
        let place = place.index(der.len());
        der[place] = byte;
        let _ = VerificationKey::from_pem(&grantor_jose::certificate::pem("CERTIFICATE", &der, "\n"));
        let _ = Certificate::from_der(der);
    }
}
