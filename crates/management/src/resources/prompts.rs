//! Prompts: how the login pages ask.

use grantor_protocol::{document::Document, model::Prompts};
use serde_json::{Map, Value, json};

use crate::resource::{
    Field, Identity, Listing, Missing, Rendering, Resource, Rules, field, find, update,
};

/// `/prompts`.
pub(crate) const PROMPTS: Resource = Resource {
    path: "/prompts",
    title: "Prompts",
    kind: &Prompts::KIND,
    identity: Identity::Always(Prompts::ID),
    fields: FIELDS,
    listing: Listing::NONE,
    missing: Missing::NOT_FOUND,
    conflicts: &[],
    read_by: &[],
    rules: Rules {
        render,
        ..Rules::NONE
    },
    operations: &[
        find(&["read:prompts"], "Read how the login pages ask"),
        update(&["update:prompts"], "Change how the login pages ask"),
    ],
};

const FIELDS: &[Field] = &[
    field("universal_login_experience", "UR", "enum(new, classic)"),
    field("identifier_first", "UR", "bool"),
    field("webauthn_platform_first_factor", "UR", "bool"),
];

fn render(_: &Rendering<'_>, shown: &mut Map<String, Value>) {
    for (name, value) in [
        ("universal_login_experience", json!("new")),
        ("identifier_first", json!(Prompts::IDENTIFIER_FIRST)),
    ] {
        shown.entry(name).or_insert(value);
    }
}
