//! What the server sends on its own account.

pub mod http;
pub mod mail;
pub(crate) mod sms;
