//! The Management API on a real store.

mod clients;
mod coverage;
mod engine;
mod others;
mod resource_servers;
mod support;
