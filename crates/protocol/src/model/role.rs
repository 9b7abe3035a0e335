//! Roles: names for what people may do.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::document::{Document, Kind, UniqueKey};

/// A role. Its permissions and who has it are no part of the document: there are many, and they are asked for one by one.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Role {
    /// `rol_` and 16 characters.
    pub id: String,
    /// What it is called; once in a tenant.
    pub name: String,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Document for Role {
    const KIND: Kind = Kind {
        name: "role",
        id: "/id",
        unique: &[UniqueKey {
            name: "name",
            paths: &["/name"],
        }],
        links: &[],
        secrets: &[],
    };
}
