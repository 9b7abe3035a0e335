//! How a configuration resource is kept: as one JSON document whose keys, links and secrets are named here.

use serde::{Serialize, de::DeserializeOwned};

/// Describes one kind of stored document. Paths are JSON pointers (RFC 6901); `/*/` stands for every member of an array.
#[derive(Debug)]
pub struct Kind {
    /// The name under which documents of this kind are stored; never changed once released.
    pub name: &'static str,
    /// Pointer to the identifier.
    pub id: &'static str,
    /// What may exist only once in a tenant.
    pub unique: &'static [UniqueKey],
    /// Pointers to identifiers of other documents, for listing by them and for deleting with them. A pointer that meets
    /// an array links to each member.
    pub links: &'static [Link],
    /// Pointers to strings that are sealed before they are stored.
    pub secrets: &'static [&'static str],
}

/// A combination of values that two documents of a kind cannot share. A document that lacks one of them has no key.
#[derive(Debug)]
pub struct UniqueKey {
    /// Its name in lookups and conflicts.
    pub name: &'static str,
    /// Pointers to the values, in order.
    pub paths: &'static [&'static str],
}

/// A value by which documents are found in groups.
#[derive(Debug)]
pub struct Link {
    /// Its name in lookups.
    pub name: &'static str,
    /// Pointer to the value.
    pub path: &'static str,
}

/// A typed view of a stored document. Fields of a newer version survive in the struct's flattened remainder.
pub trait Document: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// How it is kept.
    const KIND: Kind;

    /// Whether most tenants have none: then that there is none is remembered too. Other nodes hear of the first one as
    /// late as of any change, which nobody minds of what changes how things look.
    const OFTEN_ABSENT: bool = false;
}
