//! Server tests: the real router in-process, on a fresh database of each engine, with a turned clock.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod support;

mod account;
mod adoption;
mod appearance;
mod authorization_code;
mod authorization_errors;
mod bad_input;
mod browser_origins;
mod classic_login;
mod client_authentication;
mod client_credentials;
mod consent;
mod discovery_and_keys;
mod embedded_login;
mod every_rule;
mod forwarded_for;
mod front_channel;
mod legacy;
mod login_pages;
mod logout;
mod mails;
mod password_grant;
mod passwordless;
mod people;
mod random_walk;
mod recovery;
mod refresh_tokens;
mod roles;
mod sign_in;
mod silent_authentication;
mod sms_gateway;
mod telemetry;
mod tenants;
mod token_endpoint;
mod token_requests;
