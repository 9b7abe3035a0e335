//! The crate from outside: vectors of the standards, signatures made by OpenSSL, hostile bytes, the assertion rules.

#![cfg(test)]

mod assertions;
mod hostile;
mod keys;
mod properties;
mod vectors;

use grantor_jose::{Algorithm, KeyType, Signer, SigningKey};

/// A new key of that kind.
fn new_key(kty: KeyType) -> SigningKey {
    let pkcs8 = SigningKey::generate(kty).unwrap().pkcs8;
    SigningKey::from_pkcs8(kty, &pkcs8).unwrap()
}

/// A token of `claims` with the header `typ: JWT`.
fn signed(key: &SigningKey, alg: Algorithm, claims: &serde_json::Value) -> String {
    let signer = Signer::new(key.clone(), alg, Some("k1"), "JWT").unwrap();
    signer.sign_json(claims.to_string().as_bytes()).unwrap()
}

/// The key that verifies what `key` signs.
fn public(key: &SigningKey) -> grantor_jose::VerificationKey {
    grantor_jose::VerificationKey::from_jwk(&key.public_jwk("k1", None).unwrap()).unwrap()
}
