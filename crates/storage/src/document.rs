//! Writing documents: what a batch does so that a document, its keys, its links and the list of changes agree.

use grantor_protocol::{document::Kind, env::Timestamp, tenant::TenantId};
use serde_json::Value as Json;

use crate::{
    batch::{Batch, Change, Expectation},
    error::Error,
    params, statements,
    value::Value,
};

impl Batch {
    /// Adds a document. Its identifier and unique keys must be free, else the commit answers `Conflict`.
    pub fn insert(
        &mut self,
        tenant: &TenantId,
        kind: &Kind,
        body: &Json,
        now: Timestamp,
    ) -> &mut Self {
        let Some((id, text, sealed)) = self.prepare_body(tenant, kind, body) else {
            return self;
        };
        let values = params![tenant, kind.name, &id, text, i64::from(sealed), now];
        self.step(
            statements::DOCUMENT_INSERT,
            values,
            Expectation::Unique("id"),
        );
        self.extract(tenant, kind, &id, body);
        self.note(tenant, kind.name, &id, now)
    }

    /// Replaces a document that still has `revision`, else the commit answers `Guard { label: "revision" }`.
    pub fn replace(
        &mut self,
        tenant: &TenantId,
        kind: &Kind,
        body: &Json,
        revision: i64,
        now: Timestamp,
    ) -> &mut Self {
        let Some((id, text, sealed)) = self.prepare_body(tenant, kind, body) else {
            return self;
        };
        let values = params![
            tenant,
            kind.name,
            &id,
            text,
            i64::from(sealed),
            now,
            revision
        ];
        self.expect(statements::DOCUMENT_REPLACE, values, 1, "revision");
        let place = || params![tenant, kind.name, &id];
        if !kind.unique.is_empty() {
            self.run(statements::KEY_DELETE, place());
        }
        if !kind.links.is_empty() {
            self.run(statements::LINK_DELETE, place());
        }
        self.extract(tenant, kind, &id, body);
        self.note(tenant, kind.name, &id, now)
    }

    /// Deletes a document, if it exists.
    pub fn delete(
        &mut self,
        tenant: &TenantId,
        kind: &Kind,
        id: &str,
        now: Timestamp,
    ) -> &mut Self {
        let place = || params![tenant, kind.name, id];
        self.run(statements::DOCUMENT_DELETE, place());
        self.run(statements::KEY_DELETE, place());
        self.run(statements::LINK_DELETE, place());
        self.note(tenant, kind.name, id, now)
    }

    /// Deletes a document that still has `revision`, else the commit answers `Guard { label: "revision" }`.
    ///
    /// What hangs on the document is deleted by later steps of the batch: see [`Self::require`].
    pub fn delete_revision(
        &mut self,
        tenant: &TenantId,
        kind: &Kind,
        id: &str,
        revision: i64,
        now: Timestamp,
    ) -> &mut Self {
        let place = || params![tenant, kind.name, id];
        let mut guarded = place();
        guarded.push(Value::from(revision));
        self.expect(statements::DOCUMENT_DELETE_REVISION, guarded, 1, "revision");
        self.run(statements::KEY_DELETE, place());
        self.run(statements::LINK_DELETE, place());
        self.note(tenant, kind.name, id, now)
    }

    /// Demands that a document exists when the batch is committed, else the commit answers
    /// `Guard { label: "required" }`.
    ///
    /// The row is locked until then, so whoever deletes it meanwhile waits. A batch that deletes a document first and
    /// what hangs on it afterwards therefore either sees what this batch adds, or this batch fails.
    pub fn require(&mut self, tenant: &TenantId, kind: &Kind, id: &str) -> &mut Self {
        let place = params![tenant, kind.name, id];
        self.expect(statements::DOCUMENT_REQUIRE, place, 1, "required")
    }

    /// Deletes all documents of a kind whose link `name` is `target`.
    pub fn delete_linked(
        &mut self,
        tenant: &TenantId,
        kind: &Kind,
        (name, target): (&str, &str),
        now: Timestamp,
    ) -> &mut Self {
        let place = || params![tenant, kind.name, name, target];
        let mut noted = place();
        noted.push(Value::from(now));
        self.step(
            statements::CHANGE_INSERT_LINKED,
            noted,
            Expectation::Changes,
        );
        self.run(statements::DOCUMENT_DELETE_LINKED, place());
        self.run(statements::KEY_DELETE_LINKED, place());
        // The links go last: the statements before find the documents by them.
        self.run(statements::LINK_DELETE_LINKED, place())
    }

    /// Records a change that caches and other nodes must hear of.
    pub(crate) fn note(
        &mut self,
        tenant: &TenantId,
        kind: &str,
        id: &str,
        now: Timestamp,
    ) -> &mut Self {
        self.changes.push(Change {
            tenant: tenant.clone(),
            kind: kind.to_owned(),
            id: id.to_owned(),
        });
        self.run(statements::CHANGE_INSERT, params![tenant, kind, id, now])
    }

    /// The identifier, the sealed text, and whether anything was sealed.
    fn prepare_body(
        &mut self,
        tenant: &TenantId,
        kind: &Kind,
        body: &Json,
    ) -> Option<(String, String, bool)> {
        let Some(id) = body.pointer(kind.id).and_then(Json::as_str) else {
            let what = format!("a {} without {}", kind.name, kind.id);
            self.defect(Error::Malformed { what });
            return None;
        };
        self.bound(kind, id);
        let mut sealed = body.clone();
        let random = self.random.clone();
        match self
            .sealer
            .seal_document(&*random, tenant, kind, id, &mut sealed)
        {
            Ok(seals) => {
                self.seals |= seals;
                Some((id.to_owned(), sealed.to_string(), seals))
            }
            Err(error) => {
                self.defect(error);
                None
            }
        }
    }

    /// Refuses what is too long to be found by.
    fn bound(&mut self, kind: &Kind, text: &str) {
        if MAX_KEY_BYTES < text.len() {
            let what = format!("a {} with a key of {} bytes", kind.name, text.len());
            self.defect(Error::Malformed { what });
        }
    }

    fn extract(&mut self, tenant: &TenantId, kind: &Kind, id: &str, body: &Json) {
        for unique in kind.unique {
            let parts: Option<Vec<_>> = unique
                .paths
                .iter()
                .map(|path| body.pointer(path).and_then(plain))
                .collect();
            if let Some(parts) = parts {
                let parts: Vec<_> = parts.iter().map(String::as_str).collect();
                let value = key_value(&parts);
                self.bound(kind, &value);
                let values = params![tenant, kind.name, unique.name, value, id];
                let expectation = Expectation::Unique(unique.name);
                self.step(statements::KEY_INSERT, values, expectation);
            }
        }
        for link in kind.links {
            let mut targets = match body.pointer(link.path) {
                Some(Json::Array(items)) => items.iter().filter_map(plain).collect(),
                Some(value) => plain(value).into_iter().collect::<Vec<_>>(),
                None => Vec::new(),
            };
            targets.sort_unstable();
            targets.dedup();
            for target in targets {
                self.bound(kind, &target);
                let values = params![tenant, kind.name, link.name, target, id];
                self.run(statements::LINK_INSERT, values);
            }
        }
    }
}

/// The longest identifier, key or link target in bytes: PostgreSQL cannot index much more.
pub const MAX_KEY_BYTES: usize = 1024;

/// The value of a unique key: its parts, kept apart.
pub(crate) fn key_value(parts: &[&str]) -> String {
    Json::from(parts).to_string()
}

/// A value by which a document can be found.
fn plain(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Number(value) => Some(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}
