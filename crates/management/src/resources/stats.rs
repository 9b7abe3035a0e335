//! How many people log in.

use std::collections::{BTreeMap, HashSet};

use grantor_protocol::env::Timestamp;
use grantor_storage::{EventFilter, MAX_LIMIT, StoredEvent};
use serde_json::{Value, json};

use crate::{
    call::Response,
    engine::Call,
    failure::Failure,
    keys::Pending,
    resource::{Answer, Resource, Scopes, run},
    time::parse_day,
};

/// `/stats`.
pub(crate) const STATS: Resource = Resource::of_operations(
    "/stats",
    "Stats",
    &[],
    &[
        run(
            "GET",
            "/stats/active-users",
            Scopes::Any(&["read:stats"]),
            200,
            active_users,
            "Count the active users",
        )
        .answering(Answer::Shape("int")),
        run(
            "GET",
            "/stats/daily",
            Scopes::Any(&["read:stats"]),
            200,
            daily,
            "Read the daily statistics",
        )
        .with_query(&[("from", "str date"), ("to", "str date")])
        .answering(Answer::Shape(DAYS)),
    ],
);

const DAYS: &str = "[{date: str date-time, logins: int, signups: int, leaked_passwords: int, \
    updated_at: str date-time, created_at: str date-time}]";

/// Most entries of one kind that a count reads; beyond, the oldest are not counted.
const MAX_COUNTED: usize = 200_000;

const DAY_SECONDS: i64 = 86_400;

fn active_users<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let since = call.now.plus_seconds(-30 * DAY_SECONDS);
        let logins = events(call, "s", since).await?;
        let users: HashSet<_> = logins
            .into_iter()
            .filter_map(|event| event.user_id)
            .collect();
        Ok(Response::json(200, json!(users.len())))
    })
}

fn daily<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let day = |name: &str| -> Result<Option<Timestamp>, Failure> {
            let text = call.query.checked(name, "str date")?;
            let day = text.map(|text| parse_day(text).ok_or(text)).transpose();
            day.map_err(|text| Failure::query(format!("The parameter {name} is no day: {text}")))
        };
        let to = day("to")?.unwrap_or(call.now);
        let from = day("from")?.unwrap_or_else(|| to.plus_seconds(-30 * DAY_SECONDS));
        if to < from {
            return Err(Failure::query(
                "'from' date cannot be greater than 'to' date.",
            ));
        }
        let mut days: BTreeMap<String, Day> = BTreeMap::new();
        for code in ["s", "ss", "pwd_leak"] {
            for event in events(call, code, from).await? {
                // The last day belongs to the range.
                if event.at < to.plus_seconds(DAY_SECONDS) {
                    let at = event.at.rfc3339();
                    let day = at.split('T').next().unwrap_or_default().to_owned();
                    days.entry(day).or_default().count(code, event.at);
                }
            }
        }
        let rows = days.into_iter().map(|(date, day)| day.show(&date));
        Ok(Response::json(200, rows.collect()))
    })
}

#[derive(Default)]
struct Day {
    logins: u64,
    signups: u64,
    leaked_passwords: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

impl Day {
    fn count(&mut self, code: &str, at: Timestamp) {
        match code {
            "s" => self.logins += 1,
            "ss" => self.signups += 1,
            _ => self.leaked_passwords += 1,
        }
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = self.last.max(Some(at));
    }

    fn show(&self, date: &str) -> Value {
        json!({
            "date": format!("{date}T00:00:00.000Z"),
            "logins": self.logins,
            "signups": self.signups,
            "leaked_passwords": self.leaked_passwords,
            "created_at": self.first.map(Timestamp::rfc3339),
            "updated_at": self.last.map(Timestamp::rfc3339),
        })
    }
}

/// The entries of one kind since an instant.
async fn events(
    call: &Call<'_>,
    code: &str,
    since: Timestamp,
) -> Result<Vec<StoredEvent>, Failure> {
    let mut found: Vec<StoredEvent> = Vec::new();
    loop {
        let filter = EventFilter {
            code: Some(code.to_owned()),
            from_id: found.last().map(|last| last.log_id.clone()),
            limit: MAX_LIMIT,
            ..EventFilter::default()
        };
        let page = call
            .management
            .store
            .list_events(call.tenant, &filter)
            .await?;
        let count = page.events.len();
        let recent: Vec<_> = page
            .events
            .into_iter()
            .take_while(|event| since <= event.at)
            .collect();
        let ended = recent.len() < count || count == 0;
        found.extend(recent);
        if ended || MAX_COUNTED <= found.len() {
            return Ok(found);
        }
    }
}
