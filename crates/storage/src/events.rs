//! The tenants' logs.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU64, Ordering},
};

use grantor_protocol::{
    env::{Random, Timestamp},
    event::Event,
    tenant::TenantId,
};
use serde_json::{Map, Value as Json};

use crate::{
    batch::Batch,
    error::{Error, Result},
    params,
    read::MAX_LIMIT,
    statements,
    store::Store,
    value::{Row, Value},
};

/// An entry as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    /// Its identifier: 56 digits that sort by time.
    pub log_id: String,
    /// When it happened.
    pub at: Timestamp,
    /// The type code.
    pub code: String,
    /// Which client took part.
    pub client_id: Option<String>,
    /// Which user took part.
    pub user_id: Option<String>,
    /// Every other member of the entry.
    pub members: Map<String, Json>,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only of this type.
    pub code: Option<String>,
    /// Only with this client.
    pub client_id: Option<String>,
    /// Only with this user.
    pub user_id: Option<String>,
    /// Only after this entry in the order asked for, itself excluded.
    pub from_id: Option<String>,
    /// Oldest first; otherwise newest first.
    pub ascending: bool,
    /// How many to skip.
    pub offset: i64,
    /// How many at most, up to [`MAX_LIMIT`].
    pub limit: i64,
    /// Whether all that match are counted, whatever `from_id` says.
    pub with_total: bool,
}

/// A part of a log.
#[derive(Clone, Debug)]
pub struct EventPage {
    /// The entries.
    pub events: Vec<StoredEvent>,
    /// How many match, if that was asked.
    pub total: Option<i64>,
}

/// Draws identifiers: `900`, the instant to the millisecond, a counter, and what tells this process from others.
pub(crate) struct LogIds {
    counter: AtomicU64,
    process: String,
}

impl LogIds {
    /// Those of a process.
    pub(crate) fn new(random: &dyn Random) -> Self {
        let mut drawn = [0; 16];
        random.fill(&mut drawn);
        let process = u128::from_le_bytes(drawn) % 10_u128.pow(24);
        Self {
            counter: AtomicU64::new(0),
            process: format!("{process:024}"),
        }
    }

    fn next(&self, at: Timestamp) -> String {
        let counter = self.counter.fetch_add(1, Ordering::Relaxed) % 10_u64.pow(12);
        let mut id = String::with_capacity(56);
        id.push_str("900");
        id.extend(at.rfc3339().chars().filter(char::is_ascii_digit).take(17));
        // Writing to a text does not fail.
        write!(id, "{counter:012}{}", self.process).ok();
        id
    }
}

impl Store {
    /// Appends entries as one batch and answers with their identifiers, in order.
    pub async fn append_events(&self, events: &[(TenantId, Event)]) -> Result<Vec<String>> {
        let mut batch = self.batch();
        let mut ids = Vec::with_capacity(events.len());
        for (tenant, event) in events {
            ids.push(self.record_event(&mut batch, tenant, event));
        }
        batch.note_deprecated_uses(events);
        self.commit(batch).await?;
        Ok(ids)
    }

    /// Adds an entry to `batch`, so that it is there exactly if the rest of the batch is. Answers with its identifier.
    pub fn record_event(&self, batch: &mut Batch, tenant: &TenantId, event: &Event) -> String {
        let id = self.inner.log_ids.next(event.at);
        let body = match serde_json::to_string(&event.members) {
            Ok(body) => body,
            Err(source) => {
                let what = format!("an event: {source}");
                batch.defect(Error::Malformed { what });
                return id;
            }
        };
        let values = params![
            tenant,
            &id,
            event.at,
            event.code,
            event.client_id.as_deref().map(column),
            event.user_id.as_deref().map(column),
            body
        ];
        batch.run(statements::EVENT_INSERT, values);
        id
    }

    /// An entry.
    pub async fn find_event(&self, tenant: &TenantId, log_id: &str) -> Result<Option<StoredEvent>> {
        let rows = self
            .read(statements::EVENT_FIND, params![tenant, log_id])
            .await?;
        rows.first().map(read_event).transpose()
    }

    /// A part of a tenant's log.
    pub async fn list_events(&self, tenant: &TenantId, filter: &EventFilter) -> Result<EventPage> {
        let text = |wanted: &Option<String>| wanted.clone().unwrap_or_default();
        // No filter is written as an empty text, which no entry has.
        let wanted = || {
            let texts = [&filter.code, &filter.client_id, &filter.user_id];
            texts.map(|wanted| Value::Text(text(wanted)))
        };
        let (client, user) = (filter.client_id.is_some(), filter.user_id.is_some());
        let (sql, first) = if filter.ascending {
            let sql = match (client, user) {
                (_, true) => statements::EVENT_ASCENDING_OF_USER,
                (true, false) => statements::EVENT_ASCENDING_OF_CLIENT,
                (false, false) => statements::EVENT_ASCENDING,
            };
            (sql, "")
        } else {
            let sql = match (client, user) {
                (_, true) => statements::EVENT_DESCENDING_OF_USER,
                (true, false) => statements::EVENT_DESCENDING_OF_CLIENT,
                (false, false) => statements::EVENT_DESCENDING,
            };
            // Identifiers are digits, so all of them come before a colon.
            (sql, ":")
        };
        let from = filter.from_id.as_deref().unwrap_or(first);
        let mut values = params![tenant, from];
        values.extend(wanted());
        values.extend(params![
            filter.limit.clamp(0, MAX_LIMIT),
            filter.offset.max(0)
        ]);
        let rows = self.read_long(sql, values).await?;
        let events = rows.iter().map(read_event).collect::<Result<_>>()?;
        let total = if filter.with_total {
            let mut values = params![tenant];
            values.extend(wanted());
            let rows = self.read_long(statements::EVENT_COUNT, values).await?;
            rows.first().map(|row| row.integer(0)).transpose()?
        } else {
            None
        };
        Ok(EventPage { events, total })
    }
}

/// The longest identifier that is kept in a column of its own, in bytes.
const LONGEST: usize = 255;

/// Identifiers in events may come from anybody, and no entry is lost because one is odd: it is cut to what both engines
/// can index.
fn column(text: &str) -> String {
    let end = (0..=LONGEST.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end))
        .unwrap_or_default();
    text.get(..end).unwrap_or_default().replace('\0', "")
}

fn read_event(row: &Row) -> Result<StoredEvent> {
    let log_id = row.text(0)?.to_owned();
    let members = serde_json::from_str(row.text(5)?).map_err(|source| Error::Inconsistent {
        table: "events",
        column: "body".to_owned(),
        id: log_id.clone(),
        source: source.into(),
    })?;
    Ok(StoredEvent {
        log_id,
        at: Timestamp::from_millis(row.integer(1)?),
        code: row.text(2)?.to_owned(),
        client_id: row.optional_text(3)?.map(str::to_owned),
        user_id: row.optional_text(4)?.map(str::to_owned),
        members,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);

    impl Random for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    #[test]
    fn identifiers_are_56_digits_that_sort_by_time() {
        let ids = LogIds::new(&Fixed(3));
        let instants = [0, 1, 999, 1000, 1_674_673_242_047, 4_102_444_800_000];
        let drawn: Vec<_> = instants
            .map(Timestamp::from_millis)
            .map(|at| ids.next(at))
            .into();
        assert!(
            drawn
                .iter()
                .all(|id| id.len() == 56 && id.starts_with("900")),
            "{drawn:?}"
        );
        assert!(
            drawn
                .iter()
                .all(|id| id.bytes().all(|byte| byte.is_ascii_digit()))
        );
        assert!(drawn.is_sorted());
        assert!(drawn[4].starts_with("90020230125190042047"));
    }

    #[test]
    fn identifiers_of_one_instant_differ_within_a_process_and_between_two() {
        let (one, two) = (LogIds::new(&Fixed(1)), LogIds::new(&Fixed(2)));
        let at = Timestamp::from_seconds(1);
        let drawn = [one.next(at), one.next(at), two.next(at), two.next(at)];
        let distinct: std::collections::BTreeSet<_> = drawn.iter().collect();
        assert_eq!(distinct.len(), 4);
        assert!(drawn[0] < drawn[1]);
    }
}
