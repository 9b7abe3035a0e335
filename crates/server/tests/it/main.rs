//! Server tests: the real router in-process, on a fresh database of each engine, with a turned clock.

mod support;

mod bad_input;
mod client_authentication;
mod client_credentials;
mod discovery_and_keys;
mod every_rule;
mod telemetry;
mod tenants;
mod token_endpoint;
