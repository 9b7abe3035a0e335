//! People: users, their identities, what they are found by, their passwords' hashes.
//!
//! A user is one row, with a column for what lists are ordered and searched by and a document for the rest; everything
//! else of a profile that can be searched has a row in `user_attributes`. An identity belongs to one user, and identifiers
//! and passwords belong to the identity, so that they stay when accounts are linked.
//!
//! Does not decide whether an identifier is well-formed or a password good: that is `protocol::users`.

mod compose;
mod passwords;
mod read;
mod search;
mod write;

pub use passwords::StoredPassword;
pub use read::{FoundByIdentifier, StoredUser};
pub use search::{UserPage, UserSelection};

pub(crate) use read::read_user;

use grantor_protocol::users::{Identity, UserId};

/// The guard that fails when a user was written, linked or deleted in the meantime.
pub const USER_REVISION: &str = "user_revision";

/// The guard that fails when an identity does not belong to the user it is taken from.
pub const IDENTITY_OWNER: &str = "identity_owner";

/// Names an account at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdentityKey {
    /// The provider.
    pub provider: String,
    /// The identifier at the provider, without it.
    pub identity: String,
}

impl From<&Identity> for IdentityKey {
    fn from(identity: &Identity) -> Self {
        Self {
            provider: identity.provider.clone(),
            identity: identity.user_id.clone(),
        }
    }
}

impl From<&UserId> for IdentityKey {
    fn from(id: &UserId) -> Self {
        Self {
            provider: id.provider().to_owned(),
            identity: id.bare().to_owned(),
        }
    }
}
