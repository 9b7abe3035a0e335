//! The authorization endpoint's rules, from request to code.

mod machine;
mod reading;
mod response_types;
mod steps;
mod world;

/// SHA-256, as the server hands it in.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().try_into().unwrap()
}
