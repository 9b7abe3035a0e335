//! Keys, JWS, JWK and JWK sets, thumbprints, certificates and client assertions. Bytes in, bytes out.
//!
//! Has no clock and does no I/O: instants come in as Unix seconds, key sets as bytes. Does not decide who may use a key or
//! whether a claim is acceptable, apart from the assertion rules of RFC 7523 that are the same for every server.
//!
//! # Adding an algorithm
//!
//! Its variant and its name go to [`algorithm`](Algorithm) (`algorithm.rs`), how it signs to `signing.rs`, how it verifies
//! to `verification.rs`; a new kind of key also needs its members in `jwk.rs`. The vectors go to `tests/it`.

pub mod certificate;
pub mod client_assertion;
pub mod digest;

mod algorithm;
mod error;
mod jwk;
mod jws;
mod mac;
mod pem;
mod signer;
mod signing;
mod verification;

pub use algorithm::Algorithm;
pub use error::Error;
pub use jwk::{Jwk, JwkSet};
pub use jws::{Header, Jws};
pub use signer::Signer;
pub use signing::{GeneratedKey, KeyType, SigningKey};
pub use verification::VerificationKey;
