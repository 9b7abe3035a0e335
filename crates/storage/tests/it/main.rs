//! The store's behaviour, on both engines.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

#[macro_use]
mod world;

mod blacklist;
mod caches;
mod crash;
mod deprecated_uses;
mod documents;
mod events;
mod faults;
mod jobs;
mod mails;
mod master_key;
mod migrations;
mod one_time_codes;
mod permissions;
mod refresh_tokens;
mod sign_in;
mod single_use;
mod sweep;
mod tenants;
mod user_search;
mod users;
