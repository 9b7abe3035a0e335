//! Keys in every form they come in, and the signatures that OpenSSL made with them.

use grantor_jose::{
    Algorithm, Error, Jwk, KeyType, SigningKey, VerificationKey,
    certificate::Certificate,
    digest::{base64url, from_base64url},
};

use crate::new_key;

const RSA_SPKI: &str = include_str!("keys/rsa2048.spki.pem");
const RSA_PKCS1: &str = include_str!("keys/rsa2048.pkcs1.pem");
const RSA_CERTIFICATE: &str = include_str!("keys/rsa2048.cert.pem");
const SHORT_RSA: &str = include_str!("keys/rsa1024.spki.pem");
const P256: &str = include_str!("keys/p256.spki.pem");
const P384: &str = include_str!("keys/p384.spki.pem");
const P521: &str = include_str!("keys/p521.spki.pem");
const ED25519: &str = include_str!("keys/ed25519.spki.pem");
/// One line for each algorithm: its name and OpenSSL's signature over [`MESSAGE`].
const SIGNATURES: &str = include_str!("keys/signatures.txt");
const MESSAGE: &[u8] = b"the same message for all";

fn from_pem(text: &str) -> VerificationKey {
    VerificationKey::from_pem(text).unwrap()
}

fn key_for(alg: Algorithm) -> VerificationKey {
    match alg {
        Algorithm::ES256 => from_pem(P256),
        Algorithm::ES384 => from_pem(P384),
        Algorithm::EdDSA => from_pem(ED25519),
        _ => from_pem(RSA_SPKI),
    }
}

/// RFC 7518 §3.3 to §3.5, RFC 8037 §3.1: an independent implementation's signatures verify, each under its own name alone.
#[test]
fn signatures_of_openssl_verify_under_their_algorithm_alone() {
    let mut seen = 0;
    for line in SIGNATURES.lines() {
        let (name, signature) = line.split_once(' ').unwrap();
        let signature = from_base64url(signature).unwrap();
        let own = Algorithm::parse(name).unwrap();
        let key = key_for(own);
        for alg in Algorithm::ALL {
            let verified = key.verify(alg, MESSAGE, &signature);
            assert_eq!(verified.is_ok(), alg == own, "{name} as {alg}");
        }
        assert_eq!(
            key.verify(own, b"another message", &signature),
            Err(Error::BadSignature)
        );
        seen += 1;
    }
    assert_eq!(seen, 9, "each asymmetric algorithm has a signature");
}

#[test]
fn the_three_pem_forms_of_a_key_are_one_key() {
    let own = from_pem(RSA_SPKI).jwk().unwrap();
    assert_eq!(own.e.as_deref(), Some("AQAB"));
    for text in [RSA_PKCS1, RSA_CERTIFICATE] {
        assert_eq!(from_pem(text).jwk().unwrap(), own);
    }
}

#[test]
fn a_key_survives_the_way_through_its_jwk() {
    for text in [RSA_SPKI, P256, P384, ED25519] {
        let jwk = from_pem(text).jwk().unwrap();
        assert_eq!(VerificationKey::from_jwk(&jwk).unwrap().jwk().unwrap(), jwk);
    }
}

/// RFC 7518 §3.3: "A key of size 2048 bits or larger MUST be used".
#[test]
fn rsa_keys_of_fewer_than_2048_bits_are_refused() {
    assert_eq!(
        VerificationKey::from_pem(SHORT_RSA).err(),
        Some(Error::WeakKey)
    );
    let mut modulus = [0xff; 256];
    modulus[0] = 0x7f;
    let jwk = Jwk {
        n: Some(base64url(&modulus)),
        ..from_pem(RSA_SPKI).jwk().unwrap()
    };
    assert_eq!(VerificationKey::from_jwk(&jwk).err(), Some(Error::WeakKey));
}

#[test]
fn keys_that_are_none_are_refused() {
    let private = SigningKey::generate(KeyType::P256).unwrap().pkcs8;
    let private = grantor_jose::certificate::pem("PRIVATE KEY", &private, "\n");
    let mislabelled = RSA_SPKI.replace("PUBLIC", "RSA PUBLIC");
    let broken = RSA_CERTIFICATE.replacen("MII", "MIJ", 1);
    for text in [
        P521,
        &private,
        &mislabelled,
        &broken,
        "",
        "-----BEGIN PUBLIC KEY-----",
        "key",
    ] {
        let read = VerificationKey::from_pem(text);
        assert!(matches!(read, Err(Error::InvalidKey(_))), "{text}");
    }
    assert!(VerificationKey::from_pem(&" ".repeat(64 * 1024)).is_err());
}

#[test]
fn jwks_that_are_no_signature_keys_are_refused() {
    let rsa = from_pem(RSA_SPKI).jwk().unwrap();
    let p256 = from_pem(P256).jwk().unwrap();
    let ed25519 = from_pem(ED25519).jwk().unwrap();
    let text = |text: &str| Some(text.to_owned());
    let refused = [
        Jwk {
            use_: text("enc"),
            ..rsa.clone()
        },
        Jwk {
            e: None,
            ..rsa.clone()
        },
        Jwk {
            e: text("AQ"),
            ..rsa.clone()
        },
        Jwk {
            e: text("AQAA"),
            ..rsa.clone()
        },
        Jwk {
            e: text("AAEAAQ"),
            ..rsa.clone()
        },
        Jwk {
            e: text("AQAB="),
            ..rsa.clone()
        },
        Jwk {
            n: rsa.n.as_ref().map(|n| format!("{n}=")),
            ..rsa.clone()
        },
        Jwk {
            kty: "oct".to_owned(),
            ..rsa
        },
        Jwk {
            crv: text("P-384"),
            ..p256.clone()
        },
        Jwk {
            crv: text("secp256k1"),
            ..p256.clone()
        },
        // The point (x, x) is not on the curve.
        Jwk {
            y: p256.x.clone(),
            ..p256.clone()
        },
        Jwk {
            y: text("AQ"),
            ..p256
        },
        Jwk {
            crv: text("X25519"),
            ..ed25519.clone()
        },
        Jwk {
            x: text("AQ"),
            ..ed25519
        },
    ];
    for jwk in refused {
        assert!(
            matches!(VerificationKey::from_jwk(&jwk), Err(Error::InvalidKey(_))),
            "{jwk:?}"
        );
    }
}

#[test]
fn a_key_signs_with_its_own_algorithms_alone() {
    let keys = [
        (
            new_key(KeyType::Rsa2048),
            "RS256 RS384 RS512 PS256 PS384 PS512",
        ),
        (new_key(KeyType::P256), "ES256"),
        (new_key(KeyType::Ed25519), "EdDSA"),
        (SigningKey::from_secret(b"secret"), "HS256 HS384 HS512"),
    ];
    for (key, algorithms) in keys {
        for alg in Algorithm::ALL {
            let fits = algorithms.split(' ').any(|name| name == alg.as_str());
            match key.sign(alg, b"message") {
                Ok(_) => assert!(fits, "{alg}"),
                Err(error) => assert_eq!((error, fits), (Error::KeyMismatch, false), "{alg}"),
            }
        }
    }
}

#[test]
fn a_private_key_of_another_kind_or_of_no_kind_is_refused() {
    let pkcs8 = SigningKey::generate(KeyType::P256).unwrap().pkcs8;
    for kty in [KeyType::Rsa2048, KeyType::Ed25519] {
        assert!(
            matches!(
                SigningKey::from_pkcs8(kty, &pkcs8),
                Err(Error::InvalidKey(_))
            ),
            "{kty:?}"
        );
    }
    let cut = &pkcs8[..pkcs8.len() - 1];
    assert!(SigningKey::from_pkcs8(KeyType::P256, cut).is_err());
    assert!(SigningKey::from_pkcs8(KeyType::P256, &[]).is_err());
}

#[test]
fn a_secret_has_no_public_half() {
    assert_eq!(
        SigningKey::from_secret(b"secret").public_jwk("k1", None),
        None
    );
    assert_eq!(VerificationKey::from_secret(b"secret").jwk(), None);
}

#[test]
fn keys_do_not_print() {
    assert_eq!(
        format!("{:?}", SigningKey::from_secret(b"hunter2")),
        "SigningKey(..)"
    );
    assert_eq!(
        format!("{:?}", VerificationKey::from_secret(b"hunter2")),
        "VerificationKey(..)"
    );
    let generated = SigningKey::generate(KeyType::Ed25519).unwrap();
    assert_eq!(format!("{generated:?}"), "GeneratedKey(..)");
}

/// OpenSSL's own output for the certificate: `openssl x509 -noout -fingerprint -sha1 -enddate`.
#[test]
fn the_fingerprint_and_the_expiry_of_a_certificate_are_those_openssl_shows() {
    let certificate = Certificate::from_pem(RSA_CERTIFICATE).unwrap();
    assert_eq!(
        certificate.sha1_fingerprint(),
        "7C:84:FA:00:9C:C3:AD:16:D2:99:14:37:D0:F8:63:B8:36:83:24:C4"
    );
    assert_eq!(certificate.not_after(), 2_110_933_543);
    assert_eq!(certificate.pem("\n"), RSA_CERTIFICATE);
}

/// RFC 7517 §4.7, §4.8: base64 with padding in `x5c`, base64url in `x5t`.
#[test]
fn a_jwk_carries_its_certificate() {
    let certificate = Certificate::from_pem(RSA_CERTIFICATE).unwrap();
    let jwk = from_pem(RSA_SPKI)
        .jwk()
        .unwrap()
        .with_certificate(certificate.der());
    let body: String = RSA_CERTIFICATE
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    assert_eq!(jwk.x5c, Some(vec![body]));
    assert_eq!(jwk.x5t.as_deref(), Some("fIT6AJzDrRbSmRQ30PhjuDaDJMQ"));
}
