//! The rules of the authorization server: types, decisions, claims, matchers, profiles.
//!
//! Pure: no async, no I/O, no clock, no randomness. Time and random values come in through [`env::Env`] or as arguments.

pub mod authorization;
pub mod authorize;
pub mod claims;
pub mod client_auth;
pub mod consent;
pub mod discovery;
pub mod document;
pub mod embedded_login;
pub mod env;
pub mod event;
pub mod flows;
pub mod forwarded_for;
pub mod grants;
pub mod id_token;
pub mod keys;
pub mod legacy;
pub mod liquid;
pub mod logout;
pub mod model;
pub mod opaque_token;
pub mod parameters;
pub mod passwordless;
pub mod profile;
pub mod redirect_uri;
pub mod refusal;
pub mod rule;
pub mod search;
pub mod secret;
pub mod session;
pub mod tenant;
pub mod users;
