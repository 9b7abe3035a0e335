//! What passwords have to be like: strength, dictionary, personal data, history.
//!
//! Does not hash: whether a password was used before is found out by the server, which compares hashes.

mod dictionary;
mod options;
mod personal;
mod policy;
mod refusal;
mod strength;

pub use options::{
    Complexity, Dictionary, Enabled, History, MaxLengthExceeded, PasswordHistory, PasswordOptions,
    Policy, ProfileData,
};
pub use policy::PasswordPolicy;
pub use refusal::{PasswordRefusal, PasswordRule, RuleItem};
