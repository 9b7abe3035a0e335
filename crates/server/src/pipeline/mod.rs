//! The one way to a token: authenticate → load → decide → extend → commit → mint → record.
//!
//! The stops that every grant shares; what a grant does of its own is in `token/<grant>.rs`.

pub mod authenticate;
pub mod end_session;
pub mod id_token_hint;
pub mod load;
pub mod mint;
pub mod new_password;
pub(crate) mod one_time_code;
pub mod own_token;
pub mod password;
pub mod record;
pub mod sign_up;
pub(crate) mod user_tokens;
