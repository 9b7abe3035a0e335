//! HTTP, configuration and composition: everything between a socket and the rules. Holds no rule of its own.

pub mod account;
pub mod app;
pub mod authorize;
pub mod config;
mod embedded;
pub mod endpoints;
pub mod env;
pub mod files;
pub mod hosts;
pub mod http;
pub mod keys;
pub mod listen;
pub mod management;
pub mod metrics;
pub mod outbound;
pub mod pages;
pub mod passwords;
pub mod pipeline;
pub mod serve;
pub mod telemetry;
pub mod tickets;
pub mod tls;
pub mod token;
mod worker;
