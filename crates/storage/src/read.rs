//! Reading documents.

use grantor_protocol::{document::Kind, env::Timestamp, tenant::TenantId};
use serde_json::Value as Json;

use crate::{
    document::key_value,
    error::{Error, Result},
    params, statements,
    store::Store,
    value::{Row, Value},
};

/// A stored document.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its identifier.
    pub id: String,
    /// Its content, with its secrets opened.
    pub body: Json,
    /// Which of its versions this is; the first is 1.
    pub revision: i64,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// When it was written last.
    pub updated_at: Timestamp,
}

/// Which part of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Window {
    /// From a position, counted from zero.
    Offset {
        /// How many to skip.
        start: i64,
        /// How many at most.
        limit: i64,
    },
    /// After a document, or from the beginning.
    After {
        /// When that document was created, and its identifier.
        cursor: Option<(Timestamp, String)>,
        /// How many at most.
        limit: i64,
    },
}

/// What is listed. Lists are in order of creation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The name of a link and its target; without, all documents of the kind.
    pub link: Option<(String, String)>,
    /// Which part.
    pub window: Window,
    /// Whether all that match are counted.
    pub with_total: bool,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Page {
    /// The documents.
    pub records: Vec<Record>,
    /// How many there are in the whole list, if that was asked.
    pub total: Option<i64>,
}

/// The longest part of a list.
pub const MAX_LIMIT: i64 = 1000;

impl Store {
    /// The document with an identifier.
    pub async fn find(&self, tenant: &TenantId, kind: &Kind, id: &str) -> Result<Option<Record>> {
        let values = params![tenant, kind.name, id];
        let rows = self.read(statements::DOCUMENT_FIND, values).await?;
        self.record(tenant, kind, rows.first())
    }

    /// The document with the values of a unique key, in the order of its paths.
    pub async fn find_by(
        &self,
        tenant: &TenantId,
        kind: &Kind,
        unique: &str,
        parts: &[&str],
    ) -> Result<Option<Record>> {
        let values = params![tenant, kind.name, unique, key_value(parts)];
        let rows = self.read(statements::DOCUMENT_FIND_BY_KEY, values).await?;
        self.record(tenant, kind, rows.first())
    }

    /// A part of the list of documents, at most [`MAX_LIMIT`].
    pub async fn list(
        &self,
        tenant: &TenantId,
        kind: &Kind,
        selection: &Selection,
    ) -> Result<Page> {
        let place = || params![tenant, kind.name];
        let mut values = place();
        let after = match &selection.window {
            Window::Offset { start, limit } => {
                values.extend(params![(*limit).clamp(0, MAX_LIMIT), (*start).max(0)]);
                false
            }
            Window::After { cursor, limit } => {
                let (at, id) = match cursor {
                    Some((at, id)) => (at.millis(), id.as_str()),
                    None => (i64::MIN, ""),
                };
                values.extend(params![(*limit).clamp(0, MAX_LIMIT), at, id]);
                true
            }
        };
        let link = selection.link.as_ref();
        let link = || {
            link.into_iter()
                .flat_map(|(name, target)| params![name, target])
        };
        values.extend(link());
        let sql = match (&selection.link, after) {
            (None, false) => statements::DOCUMENT_LIST,
            (None, true) => statements::DOCUMENT_LIST_AFTER,
            (Some(_), false) => statements::DOCUMENT_LIST_LINKED,
            (Some(_), true) => statements::DOCUMENT_LIST_LINKED_AFTER,
        };
        let rows = self.read_long(sql, values).await?;
        let records = rows
            .iter()
            .filter_map(|row| self.record(tenant, kind, Some(row)).transpose());
        let records = records.collect::<Result<_>>()?;
        let total = if selection.with_total {
            let sql = match selection.link {
                None => statements::DOCUMENT_COUNT,
                Some(_) => statements::DOCUMENT_COUNT_LINKED,
            };
            let values: Vec<Value> = place().into_iter().chain(link()).collect();
            let rows = self.read_long(sql, values).await?;
            rows.first().map(|row| row.integer(0)).transpose()?
        } else {
            None
        };
        Ok(Page { records, total })
    }

    fn record(&self, tenant: &TenantId, kind: &Kind, row: Option<&Row>) -> Result<Option<Record>> {
        let Some(row) = row else {
            return Ok(None);
        };
        let id = row.text(0)?;
        let mut body: Json =
            serde_json::from_str(row.text(1)?).map_err(|source| Error::Inconsistent {
                table: "documents",
                column: "body".to_owned(),
                id: format!("{} {id}", kind.name),
                source: source.into(),
            })?;
        self.sealer().open_document(tenant, kind, id, &mut body)?;
        Ok(Some(Record {
            id: id.to_owned(),
            body,
            revision: row.integer(2)?,
            created_at: Timestamp::from_millis(row.integer(3)?),
            updated_at: Timestamp::from_millis(row.integer(4)?),
        }))
    }
}
