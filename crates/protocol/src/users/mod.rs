//! People: the user, its identities, how it is named, and what a database connection demands of it.
//!
//! Does not store anything and does not hash: a store keeps [`User`], the server hashes passwords.

pub mod connection;
pub mod identifier;
pub mod instant;
mod link;
pub mod metadata;
pub mod password;
mod sign_up;
mod ticket;
mod user;
mod user_id;

pub use connection::{Connection, ConnectionOptions};
pub use link::{LinkRefusal, MAX_IDENTITIES, link, unlink};
pub use password::{PasswordPolicy, PasswordRefusal};
pub use sign_up::{MAX_PASSWORD_LENGTH, SignUp, SignUpRefusal};
pub use ticket::{Ticket, TicketKind, TicketResult};
pub use user::{Identity, User};
pub use user_id::UserId;
