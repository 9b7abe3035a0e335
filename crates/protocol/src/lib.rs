//! The rules of the authorization server: types, decisions, claims, matchers, profiles.
//!
//! Pure: no async, no I/O, no clock, no randomness. Time and random values come in through [`env::Env`] or as arguments.

pub mod document;
pub mod env;
pub mod event;
pub mod model;
pub mod profile;
pub mod secret;
pub mod tenant;
