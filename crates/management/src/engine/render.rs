//! What is shown of a document, and to whom.

use grantor_protocol::tenant::Issuer;
use serde_json::{Map, Value};

use crate::{
    engine::Call,
    query::Selected,
    resource::{Action, Compiled, Field, Rendering},
    schema::Text,
};

impl Call<'_> {
    /// The document as this caller may see it: no write-only fields, nothing that is unset, nothing that its scopes do
    /// not show, identifiers under the host it asked.
    pub(crate) fn render(
        &self,
        document: &Map<String, Value>,
        selected: &Selected,
        created: bool,
    ) -> Map<String, Value> {
        let mut shown = Map::new();
        for field in self.compiled.resource.fields {
            let value = document.get(field.name).filter(|value| !value.is_null());
            let Some(value) = value.filter(|_| field.is_returned() && self.may_read(field)) else {
                continue;
            };
            shown.insert(field.name.to_owned(), value.clone());
        }
        let rendering = Rendering {
            document,
            call: self,
            created,
        };
        (self.compiled.resource.rules.render)(&rendering, &mut shown);
        let one = matches!(self.operation.action, Action::Find);
        let fields = self.compiled.resource.fields.iter();
        let always: Vec<_> = fields.filter(|field| one && field.always).collect();
        shown.retain(|name, _| {
            selected.wants(name) || always.iter().any(|field| field.name == name)
        });
        to_wire(self.compiled, self.request.issuer, shown)
    }

    /// Whether the caller's scopes show `field`. Who writes sees what is not a secret, so the general condition counts
    /// for reads only.
    pub(crate) fn may_read(&self, field: &Field) -> bool {
        let general = self.compiled.resource.read_by;
        let needed = match field.read_by {
            [] if self.operation.method == "GET" && !field.in_summary => general,
            needed => needed,
        };
        needed.is_empty() || self.caller.has_any(needed)
    }
}

/// Replaces stored names of the server's own APIs by their identifiers under `issuer`.
fn to_wire(
    compiled: &Compiled,
    issuer: &Issuer,
    document: Map<String, Value>,
) -> Map<String, Value> {
    translate(compiled, document, &|text| issuer.to_wire(text))
}

/// The other way round.
pub(crate) fn to_stored(
    compiled: &Compiled,
    issuer: &Issuer,
    document: Map<String, Value>,
) -> Map<String, Value> {
    translate(compiled, document, &|text| issuer.to_stored(text))
}

fn translate(
    compiled: &Compiled,
    document: Map<String, Value>,
    change: &dyn Fn(&str) -> String,
) -> Map<String, Value> {
    let mut value = Value::Object(document);
    compiled
        .stored
        .map_texts(&mut value, Text::is_audience, change);
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
