//! The tenant's log.

use grantor_storage::{EventFilter, MAX_LIMIT, StoredEvent};
use serde_json::{Map, Value, json};

use crate::{
    call::Response,
    engine::Call,
    failure::Failure,
    keys::Pending,
    query::Paging,
    resource::{Answer, Field, Resource, Scopes, field, run},
    search::{Search, parse},
};

/// `/logs`.
pub(crate) const LOGS: Resource = Resource::of_operations(
    "/logs",
    "Log",
    FIELDS,
    &[
        run(
            "GET",
            "/logs",
            Scopes::Any(READ),
            200,
            list,
            "Search the log",
        )
        .with_query(&[
            ("q", "str ..2000"),
            ("search", "str ..2000"),
            ("page", "int 0..1000000"),
            ("per_page", "int 0..100"),
            ("include_totals", "bool"),
            ("sort", "str"),
            ("from", "str"),
            ("take", "int 1..100"),
            ("fields", "str"),
            ("include_fields", "bool"),
        ])
        .answering(Answer::Shape(ANSWER)),
        run(
            "GET",
            "/logs/{id}",
            Scopes::Any(READ),
            200,
            find,
            "Read a log entry",
        ),
    ],
);

/// What lists answer.
pub(super) const ANSWER: &str =
    "any of([{...}]; {start: int, limit: int, length: int, total: int, logs: [{...}]})";

const READ: &[&str] = &["read:logs", "read:logs_users"];

const FIELDS: &[Field] = &[
    field("_id", "R", "str"),
    field("log_id", "R", "str"),
    field("date", "R", "str date-time"),
    field("type", "R", "str"),
    field("description", "R", "str?"),
    field("connection", "R", "str?"),
    field("connection_id", "R", "str?"),
    field("client_id", "R", "str"),
    field("client_name", "R", "str"),
    field("ip", "R", "str"),
    field("client_ip", "R", "str?"),
    field("user_agent", "R", "str"),
    field("hostname", "R", "str?"),
    field("user_id", "R", "str"),
    field("user_name", "R", "str"),
    field("organization_id", "R", "str?"),
    field("organization_name", "R", "str?"),
    field("audience", "R", "str"),
    field("scope", "R", "any"),
    field("strategy", "R", "str?"),
    field("strategy_type", "R", "str?"),
    field("details", "R", "any"),
    field("isMobile", "R", "bool"),
    field("location_info", "R", "any"),
    field("security_context", "R", "any"),
    field("session_connection", "R", "any"),
    field("auth0_client", "R", "any"),
    field("tenant_name", "R", "str"),
];

/// How far paging reaches; further on goes by checkpoint.
const MAX_PAGED: i64 = 1_000;

/// Most entries that a search looks at.
const MAX_SEARCHED: usize = 50_000;

fn find<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let found = call
            .management
            .store
            .find_event(call.tenant, call.id(0))
            .await?;
        let own = own_entries(call);
        let found = found.filter(|event| own.is_none() || event.user_id == own);
        let missing = || Failure::new(404, "inexistent_log", "The log does not exist.");
        found
            .map(|event| Response::json(200, Value::Object(show(call, event))))
            .ok_or_else(missing)
    })
}

fn list<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        match Paging::read(&call.query, true)? {
            Paging::Checkpoint { from, take } => follow(call, from, take).await,
            Paging::Offset {
                page,
                per_page,
                totals,
            } => search(call, (page, per_page, totals), own_entries(call)).await,
        }
    })
}

/// `GET /users/{id}/logs`.
pub(super) fn list_of_user<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let user_id = call.id(0).to_owned();
        if own_entries(call).is_some_and(|own| own != user_id) {
            // Nobody else's entries exist for this caller.
            return Ok(Response::json(200, json!([])));
        }
        search(call, Paging::offset(&call.query)?, Some(user_id)).await
    })
}

/// The entries after one, oldest first: each exactly once, also while new ones arrive.
async fn follow(call: &Call<'_>, from: Option<String>, take: i64) -> Result<Response, Failure> {
    let filter = EventFilter {
        user_id: own_entries(call),
        from_id: from,
        ascending: true,
        limit: take,
        ..EventFilter::default()
    };
    let page = call
        .management
        .store
        .list_events(call.tenant, &filter)
        .await?;
    let last = page.events.last().map(|event| event.log_id.clone());
    let mut response = Response::json(200, show_all(call, page.events)?);
    if let Some(last) = last {
        let query = call.query.with("from", &last);
        let url = call.request.issuer.url("api/v2/logs");
        response = response.with_header("Link", format!("<{url}?{query}>; rel=\"next\""));
    }
    Ok(response)
}

/// The entries that match a search, newest first.
async fn search(
    call: &Call<'_>,
    (page, per_page, totals): (i64, i64, bool),
    user_id: Option<String>,
) -> Result<Response, Failure> {
    let start = page * per_page;
    if MAX_PAGED < start + per_page {
        return Err(Failure::query(
            "You can only page through the first 1000 records. Use the parameters from and take \
             to read further.",
        ));
    }
    let text = call
        .query
        .find("search")
        .or_else(|| call.query.find("q"))
        .unwrap_or_default();
    let search = parse(text).map_err(Failure::query)?;
    let ascending = call
        .query
        .find("sort")
        .is_some_and(|sort| sort.ends_with(":1"));
    let filter = EventFilter {
        code: search.exact("type"),
        client_id: search.exact("client_id"),
        user_id: user_id.clone().or_else(|| search.exact("user_id")),
        ascending,
        ..EventFilter::default()
    };
    let (events, total) = if search.is_covered_by(&["type", "client_id", "user_id"])
        && (user_id.is_none() || search.exact("user_id").is_none())
    {
        let filter = EventFilter {
            offset: start,
            limit: per_page,
            with_total: totals,
            ..filter
        };
        let page = call
            .management
            .store
            .list_events(call.tenant, &filter)
            .await?;
        (page.events, page.total.unwrap_or(0))
    } else {
        scan(call, &search, filter, (start, per_page)).await?
    };
    let length = events.len();
    let entries = show_all(call, events)?;
    let body = if totals {
        json!({"start": start, "limit": per_page, "length": length, "total": total,
            "logs": entries})
    } else {
        entries
    };
    Ok(Response::json(200, body))
}

/// A search that the store cannot do by itself.
async fn scan(
    call: &Call<'_>,
    search: &Search,
    filter: EventFilter,
    (start, limit): (i64, i64),
) -> Result<(Vec<StoredEvent>, i64), Failure> {
    let (mut kept, mut total, mut searched) = (Vec::new(), 0, 0);
    let mut from = None;
    loop {
        let part = EventFilter {
            from_id: from,
            limit: MAX_LIMIT,
            ..filter.clone()
        };
        let page = call
            .management
            .store
            .list_events(call.tenant, &part)
            .await?;
        let Some(last) = page.events.last() else {
            return Ok((kept, total));
        };
        from = Some(last.log_id.clone());
        searched += page.events.len();
        for event in page.events {
            if search.matches(&|field| value_of(call, &event, field)) {
                if start <= total && total < start + limit {
                    kept.push(event);
                }
                total += 1;
            }
        }
        if MAX_SEARCHED <= searched {
            return Ok((kept, total));
        }
    }
}

fn value_of(call: &Call<'_>, event: &StoredEvent, field: &str) -> Option<String> {
    match field {
        "type" => Some(event.code.clone()),
        "client_id" => event.client_id.clone(),
        "user_id" => event.user_id.clone(),
        "log_id" | "_id" => Some(event.log_id.clone()),
        "date" => Some(event.at.rfc3339()),
        "hostname" => Some(host(call)),
        other => match event.members.get(other)? {
            Value::String(text) => Some(text.clone()),
            Value::Array(values) => Some(
                values
                    .iter()
                    .filter_map(Value::as_str)
                    .collect::<Vec<_>>()
                    .join(" "),
            ),
            Value::Null | Value::Object(_) => None,
            other => Some(other.to_string()),
        },
    }
}

/// The user whose entries alone the caller may read.
fn own_entries(call: &Call<'_>) -> Option<String> {
    let all = call.caller.has_any(&["read:logs"]);
    (!all).then(|| call.caller.subject.clone())
}

fn show_all(call: &Call<'_>, events: Vec<StoredEvent>) -> Result<Value, Failure> {
    let selected = call.selected()?;
    let entries = events.into_iter().map(|event| {
        let mut shown = show(call, event);
        shown.retain(|name, _| selected.wants(name));
        Value::Object(shown)
    });
    Ok(entries.collect())
}

/// An entry with every member that the compatible API has, unset ones as it writes them.
fn show(call: &Call<'_>, event: StoredEvent) -> Map<String, Value> {
    let mut shown = json!({
        "_id": event.log_id,
        "log_id": event.log_id,
        "date": event.at.rfc3339(),
        "type": event.code,
        "description": "",
        "connection": null,
        "connection_id": "",
        "organization_id": null,
        "organization_name": null,
        "client_id": event.client_id.unwrap_or_default(),
        "client_name": "",
        "ip": "",
        "hostname": host(call),
        "details": null,
        "user_id": event.user_id.unwrap_or_default(),
        "user_name": "",
        "user_agent": "Other 0.0.0 / Other 0.0.0",
        "audience": "",
        "scope": null,
        "strategy": null,
        "strategy_type": null,
        "isMobile": false,
        "location_info": null,
        "tenant_name": call.tenant.as_str(),
    });
    if let Value::Object(shown) = &mut shown {
        for (name, value) in event.members {
            if !value.is_null() {
                shown.insert(name, value);
            }
        }
    }
    match shown {
        Value::Object(mut shown) => {
            if let Some(Value::String(audience)) = shown.get_mut("audience") {
                *audience = call.request.issuer.to_wire(audience);
            }
            shown
        }
        _ => Map::new(),
    }
}

fn host(call: &Call<'_>) -> String {
    let issuer = call.request.issuer.as_str();
    issuer
        .split("://")
        .nth(1)
        .unwrap_or(issuer)
        .trim_end_matches('/')
        .to_owned()
}
