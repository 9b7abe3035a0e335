//! Finding users.

use grantor_protocol::{
    search::{
        self,
        predicate::{IdentityColumn, Order, Predicate, TextTest},
    },
    users::identifier,
};
use grantor_storage::{Window, users::UserSelection};
use serde_json::{Value, json};

use crate::{
    call::Response,
    engine::Call,
    failure::Failure,
    keys::Pending,
    query::Paging,
    resources::users::{selected, show},
};

/// The query of `GET /users`.
pub(super) const QUERY: &[(&str, &str)] = &[
    ("q", "str ..4096"),
    ("search_engine", "enum(v1, v2, v3)"),
    ("connection", "str 1..128"),
    ("sort", "str"),
    ("page", "int 0..1000000"),
    ("per_page", "int 0..100"),
    ("include_totals", "bool"),
    ("primary_order", "bool"),
    ("fields", "str"),
    ("include_fields", "bool"),
];

/// What `GET /users` answers.
pub(super) const ANSWER: &str =
    "any of([{...}]; {start: int, limit: int, length: int, total: int, users: [{...}]})";

/// How far paging reaches; further on goes an export.
const MAX_PAGED: i64 = 1_000;

/// `GET /users`.
pub(super) fn list<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let (page, per_page, totals) = Paging::offset(&call.query)?;
        let start = page * per_page;
        if MAX_PAGED < start + per_page {
            return Err(Failure::query(
                "You can only page through the first 1000 records. See \
                 https://auth0.com/docs/users/search/v3/view-search-results-by-page#limitation",
            ));
        }
        let selected = selected(call)?;
        let selection = UserSelection {
            predicate: predicate(call)?,
            order: order(call)?,
            window: Window::Offset {
                start,
                limit: per_page,
            },
            with_total: totals,
        };
        let store = &call.management.store;
        let found = store.search_users(call.tenant, &selection).await?;
        let users = found.users.iter();
        let users: Vec<Value> = users
            .map(|stored| Value::Object(show(call, &stored.user, &selected)))
            .collect();
        let body = if totals {
            json!({"start": start, "limit": per_page, "length": users.len(),
                "total": found.total.unwrap_or(0), "users": users})
        } else {
            json!(users)
        };
        Ok(Response::json(200, body))
    })
}

/// `GET /users-by-email`.
pub(super) fn by_email<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let Some(email) = call.query.checked("email", "str 1..")? else {
            let message = "Query validation error: 'Missing required property: email'.";
            return Err(Failure::query(message));
        };
        let selected = selected(call)?;
        let email = identifier::email(email).unwrap_or_default();
        let store = &call.management.store;
        let found = store.find_users_by_email(call.tenant, &email).await?;
        let users = found.iter();
        let users = users.map(|stored| Value::Object(show(call, &stored.user, &selected)));
        Ok(Response::json(200, users.collect()))
    })
}

/// Which users the query asks for.
fn predicate(call: &Call<'_>) -> Result<Predicate, Failure> {
    match call.query.checked("search_engine", "enum(v1, v2, v3)")? {
        Some("v1") => {
            let message = "You are not allowed to use search_engine=v1";
            return Err(Failure::query(message));
        }
        Some("v2") => {
            let message =
                "You are not allowed to use search_engine=v2. Use search_engine=v3 instead";
            return Err(Failure::query(message));
        }
        _ => {}
    }
    let text = call.query.find("q").unwrap_or_default();
    let refused = |error: search::SearchError| Failure::query(error.to_string());
    let searched = search::parse(text).map_err(refused)?;
    let mut parts = vec![search::users::resolve(&searched).map_err(refused)?];
    if let Some(connection) = call.query.checked("connection", "str 1..128")? {
        let is_it = TextTest::Is(connection.to_owned());
        parts.push(Predicate::Identity(IdentityColumn::Connection, is_it));
    }
    Ok(match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => Predicate::And(parts.into_iter().chain(last).collect()),
    })
}

fn order(call: &Call<'_>) -> Result<Order, Failure> {
    match call.query.find("sort").filter(|sort| !sort.is_empty()) {
        Some(sort) => search::users::order(sort).map_err(|error| Failure::query(error.to_string())),
        None => Ok(Order::default()),
    }
}
