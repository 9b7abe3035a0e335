//! What a verifier must and must not be told.

use std::time::Duration;

use grantor_jose::Algorithm;
use grantor_verify::{ConfigError, Verifier, VerifierBuilder};

use crate::support::{API, ISSUER, Issuer, RSA, SECRET, jwks};

fn complete() -> VerifierBuilder {
    Verifier::builder().issuer(ISSUER).audience(API)
}

fn with_keys() -> VerifierBuilder {
    complete().jwks(jwks(&[("k1", &RSA)]))
}

#[test]
fn an_issuer_an_audience_and_keys_are_enough() {
    assert!(with_keys().build().is_ok());
    assert!(complete().secret(SECRET).build().is_ok());
    assert!(complete().fetcher(Issuer::new()).build().is_ok());
    assert!(with_keys().leeway(Duration::from_secs(300)).build().is_ok());
    assert!(
        with_keys()
            .algorithms([Algorithm::ES256, Algorithm::RS256])
            .build()
            .is_ok()
    );
}

#[test]
fn whatever_is_missing_or_contradicts_itself_is_named() {
    let keys = || jwks(&[("k1", &RSA)]);
    let refused = [
        (
            Verifier::builder().audience(API).jwks(keys()),
            ConfigError::MissingIssuer,
        ),
        (
            with_keys().issuer("http://login.test/"),
            ConfigError::InvalidIssuer,
        ),
        (with_keys().issuer("login.test"), ConfigError::InvalidIssuer),
        (
            Verifier::builder().issuer(ISSUER).jwks(keys()),
            ConfigError::MissingAudience,
        ),
        (with_keys().algorithms([]), ConfigError::MissingAlgorithm),
        (
            with_keys().algorithms([Algorithm::RS256, Algorithm::HS256]),
            ConfigError::MixedAlgorithms,
        ),
        (
            with_keys().leeway(Duration::from_millis(300_001)),
            ConfigError::LeewayTooLong,
        ),
        (complete(), ConfigError::KeySource),
        (with_keys().secret(SECRET), ConfigError::KeySource),
        (with_keys().fetcher(Issuer::new()), ConfigError::KeySource),
        (
            with_keys().algorithms([Algorithm::HS256]),
            ConfigError::KeysDoNotFit,
        ),
        (
            complete().secret(SECRET).algorithms([Algorithm::RS256]),
            ConfigError::KeysDoNotFit,
        ),
        (
            complete().secret("fifteen bytes !"),
            ConfigError::SecretTooShort,
        ),
    ];
    for (builder, error) in refused {
        assert_eq!(builder.build().err(), Some(error));
    }
}

#[test]
fn neither_a_verifier_nor_its_builder_prints_a_secret() {
    let builder = complete().secret(SECRET);
    let shown = format!(
        "{builder:?} {:?}",
        complete().secret(SECRET).build().unwrap()
    );
    assert!(!shown.contains("signing secret"), "{shown}");
}
