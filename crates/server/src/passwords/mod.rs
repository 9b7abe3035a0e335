//! Passwords: hashing, checking, and who waits for whom.
//!
//! Own hashes are Argon2id. Hashes that were imported are checked in their own algorithm and renewed when they match. All
//! of it runs on a few threads of its own behind a queue in which tenants take turns, so that memory is bounded, a flood
//! of logins at one tenant does not delay the others, and none of it delays what needs no password.
//!
//! Does not know users and does not decide what a good password is.

mod argon2id;
mod digest;
mod encoding;
mod foreign;
mod pool;
mod queue;
mod stored;

pub use argon2id::Cost;
pub use pool::{Busy, Limits, Passwords, Verdict};
pub use stored::{HashProblem, StoredHash};
