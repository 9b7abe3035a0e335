//! The Management API on a real store.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod accounts;
mod appearance;
mod client_credentials;
mod clients;
mod connections;
mod coverage;
mod device_credentials;
mod emails;
mod engine;
mod exports;
mod hostile;
mod jobs;
mod log_and_statistics;
mod migrations;
mod others;
mod prompts;
mod refresh_tokens;
mod resource_servers;
mod roles;
mod support;
mod tickets;
mod users;
