//! Routes of the compatible API that are not implemented yet, so that its tools carry on past them.
//!
//! The table `routes.tsv` holds every route with its scopes; those that `resources/` declares are left out. A `GET` of a
//! collection answers with an empty list of the right shape, and a write that would change nothing about a prepared answer
//! succeeds: a tool may import what it exported. Everything else is refused: nothing pretends to have been kept.

use std::{collections::BTreeSet, sync::LazyLock};

use serde_json::{Value, json};

use crate::{
    body::read_json,
    call::{Caller, Request, Response},
    failure::Failure,
    query::{Paging, Query},
    routes,
};

/// Every route of the compatible API: method, path, scopes (any one of them), tab-separated.
const TABLE: &str = include_str!("routes.tsv");

/// A route that is not implemented yet.
pub(crate) struct PendingRoute {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) scopes: Vec<&'static str>,
    answer: Answer,
}

/// What it answers.
#[derive(Clone, Copy)]
enum Answer {
    /// 404.
    Missing,
    /// A list that is an array, or with `include_totals` or `take` an object with this member.
    List(&'static str),
    /// A list that is always an object with this member.
    Object(&'static str),
    /// A list that is always an array.
    Array,
    /// This JSON.
    Fixed(&'static str),
}

/// The answers that a fresh tenant of the compatible API gives. A tool that exports a tenant needs them.
const ANSWERS: &[(&str, Answer)] = &[
    (
        "/actions/actions",
        Answer::Fixed(r#"{"actions":[],"per_page":100}"#),
    ),
    (
        "/actions/modules",
        Answer::Fixed(r#"{"modules":[],"total":0,"page":0,"per_page":100}"#),
    ),
    ("/actions/triggers", Answer::Fixed(r#"{"triggers":[]}"#)),
    (
        "/actions/triggers/{triggerId}/bindings",
        Answer::Fixed(r#"{"bindings":[],"per_page":50}"#),
    ),
    ("/attack-protection/bot-detection", Answer::Fixed("{}")),
    ("/attack-protection/captcha", Answer::Fixed("{}")),
    (
        "/attack-protection/breached-password-detection",
        Answer::Fixed("{}"),
    ),
    (
        "/attack-protection/brute-force-protection",
        Answer::Fixed("{}"),
    ),
    (
        "/attack-protection/suspicious-ip-throttling",
        Answer::Fixed("{}"),
    ),
    ("/branding/phone/providers", Answer::Object("providers")),
    ("/branding/phone/templates", Answer::Object("templates")),
    (
        "/client-grants/{id}/organizations",
        Answer::List("organizations"),
    ),
    (
        "/connection-profiles",
        Answer::Object("connection_profiles"),
    ),
    (
        "/connections-directory-provisionings",
        Answer::Object("directory_provisionings"),
    ),
    (
        "/connections-scim-configurations",
        Answer::Object("scim_configurations"),
    ),
    ("/event-streams", Answer::Object("eventStreams")),
    ("/flows", Answer::List("flows")),
    ("/flows/vault/connections", Answer::List("connections")),
    ("/forms", Answer::List("forms")),
    ("/groups", Answer::Object("groups")),
    ("/guardian/factors", Answer::Array),
    (
        "/guardian/factors/phone/message-types",
        Answer::Fixed(r#"{"message_types":[]}"#),
    ),
    ("/guardian/policies", Answer::Array),
    ("/hooks", Answer::List("hooks")),
    ("/keys/encryption", Answer::List("keys")),
    ("/log-streams", Answer::Array),
    ("/network-acls", Answer::List("network_acls")),
    ("/organizations", Answer::List("organizations")),
    ("/prompts/rendering", Answer::List("configs")),
    (
        "/rate-limit-policies",
        Answer::Object("rate_limit_policies"),
    ),
    (
        "/risk-assessments/settings",
        Answer::Fixed(r#"{"enabled":false}"#),
    ),
    (
        "/risk-assessments/settings/new-device",
        Answer::Fixed(r#"{"remember_for":30}"#),
    ),
    ("/rules", Answer::List("rules")),
    ("/rules-configs", Answer::Array),
    (
        "/self-service-profiles",
        Answer::List("self_service_profiles"),
    ),
    ("/supplemental-signals", Answer::Fixed("{}")),
    (
        "/token-exchange-profiles",
        Answer::Object("token_exchange_profiles"),
    ),
    (
        "/user-attribute-profiles",
        Answer::Object("user_attribute_profiles"),
    ),
    ("/user-blocks", Answer::Fixed(r#"{"blocked_for":[]}"#)),
    ("/user-blocks/{id}", Answer::Fixed(r#"{"blocked_for":[]}"#)),
    (
        "/users/{id}/authentication-methods",
        Answer::List("authenticators"),
    ),
    ("/users/{id}/enrollments", Answer::Array),
    ("/users/{id}/federated-connections-tokensets", Answer::Array),
    ("/users/{id}/organizations", Answer::List("organizations")),
];

/// The routes that are not implemented yet.
pub(crate) static ROUTES: LazyLock<Vec<PendingRoute>> = LazyLock::new(|| {
    let implemented = |route: &TableRow| {
        routes::ROUTES.iter().any(|known| {
            known.operation.method == route.method && shape(&known.path) == shape(route.path)
        })
    };
    let pending = table().filter(|route| !implemented(route));
    pending.map(PendingRoute::new).collect()
});

/// Every scope of the compatible API and of the implemented operations, in alphabetical order.
pub(crate) fn all_scopes() -> BTreeSet<&'static str> {
    let declared = routes::ROUTES
        .iter()
        .flat_map(|route| route.operation.scopes.names());
    table()
        .flat_map(|row| row.scopes)
        .chain(declared.copied())
        .collect()
}

struct TableRow {
    method: &'static str,
    path: &'static str,
    scopes: Vec<&'static str>,
}

fn table() -> impl Iterator<Item = TableRow> {
    TABLE.lines().filter_map(|line| {
        let mut cells = line.split('\t');
        let (method, path) = (cells.next()?, cells.next()?);
        let scopes = cells
            .next()
            .unwrap_or_default()
            .split_ascii_whitespace()
            .collect();
        Some(TableRow {
            method,
            path,
            scopes,
        })
    })
}

/// A path whose open segments have no names, since the table and the declarations name them differently.
fn shape(path: &str) -> Vec<&str> {
    let open = |segment: &'_ str| segment.starts_with('{');
    path.split('/')
        .map(|segment| if open(segment) { "{}" } else { segment })
        .collect()
}

impl PendingRoute {
    fn new(row: TableRow) -> Self {
        let known = ANSWERS
            .iter()
            .find(|(path, _)| *path == row.path)
            .filter(|(_, answer)| match row.method {
                "GET" => true,
                "PUT" | "PATCH" => matches!(answer, Answer::Array | Answer::Fixed(_)),
                _ => false,
            });
        Self {
            method: row.method,
            path: row.path,
            scopes: row.scopes,
            answer: known.map_or(Answer::Missing, |(_, answer)| *answer),
        }
    }

    /// What `caller` gets.
    pub(crate) fn answer(
        &self,
        caller: &Caller,
        request: &Request<'_>,
        query: &Query,
    ) -> Result<Response, Failure> {
        if !self.scopes.is_empty() && !caller.has_any(&self.scopes) {
            return Err(Failure::scope(&self.scopes));
        }
        if self.method != "GET"
            && let Answer::Array | Answer::Fixed(_) = self.answer
        {
            let standing = self.body(query)?;
            let sent = read_json(request.body).unwrap_or(Value::Null);
            return if changes_nothing(&standing, &sent) {
                Ok(Response::json(200, standing))
            } else {
                Err(Failure::not_yet())
            };
        }
        Ok(Response::json(200, self.body(query)?))
    }

    fn body(&self, query: &Query) -> Result<Value, Failure> {
        let body = match self.answer {
            Answer::Missing => return Err(Failure::no_route()),
            Answer::Array => json!([]),
            Answer::Object(key) => json!({ key: [] }),
            Answer::Fixed(text) => serde_json::from_str(text).unwrap_or(Value::Null),
            Answer::List(key) => match Paging::read(query, true)? {
                Paging::Checkpoint { .. } => json!({ key: [] }),
                Paging::Offset {
                    page,
                    per_page,
                    totals: true,
                } => {
                    json!({"start": page * per_page, "limit": per_page, "total": 0, key: []})
                }
                Paging::Offset { .. } => json!([]),
            },
        };
        Ok(body)
    }
}

/// Whether a write of `sent` leaves `standing` as it is.
fn changes_nothing(standing: &Value, sent: &Value) -> bool {
    match (standing, sent) {
        (Value::Object(standing), Value::Object(sent)) => sent
            .iter()
            .all(|(name, value)| standing.get(name) == Some(value)),
        _ => standing == sent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_write_that_says_what_stands_anyway_changes_nothing() {
        let standing = json!({"a": 1, "b": [true]});
        for sent in [json!({}), json!({"a": 1}), standing.clone()] {
            assert!(changes_nothing(&standing, &sent), "{sent}");
        }
        for sent in [json!({"a": 2}), json!({"c": null}), json!([]), json!(null)] {
            assert!(!changes_nothing(&standing, &sent), "{sent}");
        }
        assert!(changes_nothing(&json!([]), &json!([])));
        assert!(!changes_nothing(&json!([]), &json!(["all-applications"])));
    }

    #[test]
    fn every_prepared_answer_belongs_to_a_route_and_is_json() {
        for (path, answer) in ANSWERS {
            assert!(
                table().any(|row| row.method == "GET" && row.path == *path),
                "{path}"
            );
            if let Answer::Fixed(text) = answer {
                assert!(serde_json::from_str::<Value>(text).is_ok(), "{path}");
            }
        }
    }

    #[test]
    fn the_table_of_routes_is_whole() {
        let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
        assert!(table().all(|row| methods.contains(&row.method) && row.path.starts_with('/')));
        assert_eq!(table().count(), 491);
    }
}
