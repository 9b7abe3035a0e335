//! Which clients may use which connections.

use std::collections::BTreeMap;

use grantor_protocol::{document::Document, model::Client, users::Connection};
use grantor_storage::{Selection, Window};
use serde_json::{Value, json};

use crate::{
    call::Response,
    engine::{Call, Change, cut, members},
    failure::Failure,
    keys::Pending,
    query::{Cursor, Selected},
    resources::all_documents,
};

/// `GET /connections/{id}/clients`.
pub(super) fn list<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let take = call.query.number("take", "int 1..1000")?.unwrap_or(50);
        let from = call.query.find("from").map(Cursor::read).transpose()?;
        let record = call.load().await?;
        let mut enabled = enabled_clients(&record.body);
        enabled.sort_unstable();
        let past = |client: &&String| from.as_ref().is_none_or(|from| from.id < **client);
        let mut clients: Vec<&String> = enabled.iter().filter(past).collect();
        let take = usize::try_from(take).unwrap_or(usize::MAX);
        let more = take < clients.len();
        clients.truncate(take);
        let shown: Vec<Value> = clients.iter().map(|id| json!({"client_id": id})).collect();
        let mut body = json!({ "clients": shown });
        if let (true, Some(last), Value::Object(body)) = (more, clients.last(), &mut body) {
            let cursor = Cursor {
                created_at: record.created_at,
                id: (*last).clone(),
            };
            body.insert("next".to_owned(), json!(cursor.write()));
        }
        Ok(Response::json(200, body))
    })
}

/// `PATCH /connections/{id}/clients`.
pub(super) fn update<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let text = |item: &Value| item.get("client_id")?.as_str().map(str::to_owned);
        let status = |item: &Value| item.get("status") == Some(&json!(true));
        let wanted: BTreeMap<String, bool> = call
            .items
            .iter()
            .filter_map(|item| Some((text(item)?, status(item))))
            .collect();
        for (client, status) in &wanted {
            let client = call.management.store.typed::<Client>(call.tenant, client);
            if *status && client.await?.is_none() {
                let message = "The client does not exist";
                return Err(Failure::new(404, "inexistent_client", message));
            }
        }
        call.change_record(|document| {
            let mut enabled = enabled_clients(&Value::Object(document.clone()));
            enabled.retain(|client| wanted.get(client) != Some(&false));
            for (client, _) in wanted.iter().filter(|(_, status)| **status) {
                if !enabled.contains(client) {
                    enabled.push(client.clone());
                }
            }
            document.insert("enabled_clients".to_owned(), json!(enabled));
            Ok(())
        })
        .await?;
        Ok(Response::nothing())
    })
}

/// `GET /clients/{id}/connections`.
pub(super) fn list_of_client<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let store = &call.management.store;
        let client = store.typed::<Client>(call.tenant, call.id(0));
        if client.await?.is_none() {
            let message = "The client does not exist";
            return Err(Failure::new(404, "inexistent_client", message));
        }
        let take = call.query.number("take", "int 1..100")?.unwrap_or(50);
        let cursor = match call.query.find("from") {
            Some(from) => {
                let cursor = Cursor::read(from)?;
                Some((cursor.created_at, cursor.id))
            }
            None => None,
        };
        let selected = call.selected()?;
        let selection = Selection {
            link: Some(("enabled_client".to_owned(), call.id(0).to_owned())),
            window: Window::After {
                cursor,
                limit: take + 1,
            },
            with_total: false,
        };
        let kind = &Connection::KIND;
        let mut records = store.list(call.tenant, kind, &selection).await?.records;
        let next = cut(&mut records, take);
        let strategies: Vec<&str> = call.query.all("strategy").collect();
        let of_strategy = |body: &Value| {
            let strategy = body.get("strategy").and_then(Value::as_str);
            strategies.is_empty() || strategy.is_some_and(|one| strategies.contains(&one))
        };
        let records = records.iter().filter(|record| of_strategy(&record.body));
        let shown = |selected: &Selected| -> Vec<Value> {
            let shown = records.map(|record| call.render(&members(record), selected, false));
            shown.map(Value::Object).collect()
        };
        let mut body = json!({"connections": shown(&selected)});
        if let (Some(next), Value::Object(body)) = (next, &mut body) {
            body.insert("next".to_owned(), json!(next));
        }
        Ok(Response::json(200, body))
    })
}

/// Adds to `change` that the client `client_id`, which is deleted, is enabled nowhere any more.
pub(super) async fn disable_everywhere(
    change: &mut Change<'_>,
    client_id: &str,
) -> Result<(), Failure> {
    let link = ("enabled_client", client_id);
    let disable = |enabled: &mut Vec<String>| enabled.retain(|client| client != client_id);
    change_linked(change, link, disable).await
}

/// Adds to `change` that the new client `client_id` is enabled for every database.
pub(super) async fn enable_everywhere(
    change: &mut Change<'_>,
    client_id: &str,
) -> Result<(), Failure> {
    let enable = |enabled: &mut Vec<String>| enabled.push(client_id.to_owned());
    change_linked(change, ("strategy", "auth0"), enable).await
}

async fn change_linked(
    change: &mut Change<'_>,
    link: (&str, &str),
    edit: impl Fn(&mut Vec<String>),
) -> Result<(), Failure> {
    let (tenant, kind, now) = (change.call.tenant, &Connection::KIND, change.call.now);
    for record in all_documents(change.call, kind, Some(link)).await? {
        let mut enabled = enabled_clients(&record.body);
        edit(&mut enabled);
        let mut body = record.body;
        if let Value::Object(body) = &mut body {
            body.insert("enabled_clients".to_owned(), json!(enabled));
        }
        change
            .batch
            .replace(tenant, kind, &body, record.revision, now);
    }
    Ok(())
}

fn enabled_clients(body: &Value) -> Vec<String> {
    let enabled = body.get("enabled_clients").and_then(Value::as_array);
    let texts = enabled.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}
