//! Who still has to move: additions of ours. Each application with its flag and its last use of what is retired, and what
//! each may use instead.

use grantor_protocol::{document::Document, flows::flows, legacy::Feature, model::Client};
use grantor_storage::{DeprecatedUse, Selection, Window};
use serde_json::{Value, json};

use crate::{
    call::Response,
    engine::Call,
    failure::Failure,
    keys::Pending,
    resource::{Answer, Resource, Scopes, run},
};

/// `/grantor/migrations`, and `/clients/{id}/grantor/flows`.
pub(crate) const MIGRATIONS: Resource = Resource::of_operations(
    "/grantor/migrations",
    "Migration",
    &[],
    &[
        run(
            "GET",
            "/grantor/migrations",
            Scopes::All(&["read:clients", "read:logs"]),
            200,
            report,
            "Report which clients use what is retired",
        )
        .with_query(&[("page", "int 0.."), ("per_page", "int 1..100")])
        .answering(Answer::Shape(REPORT)),
        run(
            "GET",
            "/clients/{id}/grantor/flows",
            Scopes::Any(&["read:clients"]),
            200,
            usable,
            "Tell which flows a client may use",
        )
        .answering(Answer::Shape(FLOWS)),
    ],
);

const REPORT: &str = "[{client_id: str, name: str, oidc_conformant: bool, last_used_at: str date-time, \
    uses: [{feature: str, last_used_at: str date-time, uses: int, successor: str}]}]";

const FLOWS: &str = "[{flow: str, usable: bool, because: str, change: str, \
    advice: enum(advised, possible, discouraged), why: str}]";

/// How many clients a page of the report has unless it says otherwise.
const PAGE: i64 = 50;

fn report<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let number = |name, schema, preset: i64| -> Result<i64, Failure> {
            let text = call.query.checked(name, schema)?;
            Ok(text.and_then(|text| text.parse().ok()).unwrap_or(preset))
        };
        let per_page = number("per_page", "int 1..100", PAGE)?;
        let page = number("page", "int 0..", 0)?;
        let (store, tenant) = (&call.management.store, call.tenant);
        let selection = Selection {
            link: None,
            window: Window::Offset {
                start: page.saturating_mul(per_page),
                limit: per_page,
            },
            with_total: false,
        };
        let mut rows = Vec::new();
        for record in store.list(tenant, &Client::KIND, &selection).await?.records {
            let uses = store.deprecated_uses(tenant, &record.id).await?;
            rows.push(row(&record.body, &uses));
        }
        Ok(Response::json(200, Value::Array(rows)))
    })
}

fn row(client: &Value, uses: &[DeprecatedUse]) -> Value {
    let shown = uses.iter().map(|used| {
        let feature = Feature::parse(&used.feature);
        json!({
            "feature": used.feature,
            "last_used_at": used.last_used_at.rfc3339(),
            "uses": used.uses,
            "successor": feature.map(Feature::successor),
        })
    });
    let mut row = json!({
        "client_id": client.get("client_id"),
        "name": client.get("name"),
        "oidc_conformant": client.get("oidc_conformant").and_then(Value::as_bool).unwrap_or(true),
        "uses": shown.collect::<Vec<_>>(),
    });
    // The latest is the first.
    if let (Some(row), Some(last)) = (row.as_object_mut(), uses.first()) {
        row.insert(
            "last_used_at".to_owned(),
            last.last_used_at.rfc3339().into(),
        );
    }
    row
}

fn usable<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let id = call.id(0);
        let found = call
            .management
            .store
            .typed::<Client>(call.tenant, id)
            .await?;
        let missing = || Failure::new(404, "inexistent_client", "The client does not exist");
        let client = found.ok_or_else(missing)?;
        Ok(Response::json(200, json!(flows(&client.value))))
    })
}
