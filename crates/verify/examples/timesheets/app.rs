//! The routes of the timesheets API, each with the scope it needs.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Extension, Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{delete, get, post},
};
use grantor_verify::{AccessToken, BearerLayer, RequireScopesLayer, Verifier};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One entry of somebody's hours.
#[derive(Clone, Debug, Serialize)]
struct Timesheet {
    id: usize,
    user_id: String,
    date: String,
    project: String,
    hours: f64,
    approved: bool,
}

/// What a client sends. `user_id` counts in uploads alone; a user enters hours for nobody else.
#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(default)]
    user_id: String,
    date: String,
    project: String,
    hours: f64,
}

#[derive(Clone, Default)]
struct Timesheets(Arc<Mutex<Vec<Timesheet>>>);

/// The API, which lets in whom `verifier` knows.
pub(crate) fn router(verifier: Verifier) -> Router {
    let needs = |scope: &str| RequireScopesLayer::new([scope]);
    Router::new()
        .route("/timesheets", get(list).layer(needs("read:timesheets")))
        .route(
            "/timesheets",
            post(create).layer(needs("create:timesheets")),
        )
        .route(
            "/timesheets/upload",
            post(upload).layer(needs("batch:upload")),
        )
        .route(
            "/timesheets/{id}",
            delete(remove).layer(needs("delete:timesheets")),
        )
        .route(
            "/approvals/{id}",
            post(approve).layer(needs("approve:timesheets")),
        )
        .layer(BearerLayer::new(verifier))
        // Below the layer, hence for everybody.
        .route("/health", get(async || StatusCode::NO_CONTENT))
        .with_state(Timesheets::default())
}

/// Whoever may approve sees all entries, others see their own.
async fn list(
    State(all): State<Timesheets>,
    Extension(token): Extension<AccessToken>,
) -> Json<Value> {
    let everything = token.has_scope("approve:timesheets");
    let seen: Vec<Timesheet> = all.with(|all| {
        let mine = all
            .iter()
            .filter(|entry| everything || entry.user_id == token.subject());
        mine.cloned().collect()
    });
    Json(json!({ "timesheets": seen }))
}

async fn create(
    State(all): State<Timesheets>,
    Extension(token): Extension<AccessToken>,
    Json(entry): Json<Entry>,
) -> (StatusCode, Json<Timesheet>) {
    (
        StatusCode::CREATED,
        Json(all.add(token.subject().to_owned(), entry)),
    )
}

async fn upload(
    State(all): State<Timesheets>,
    Json(entry): Json<Entry>,
) -> (StatusCode, Json<Value>) {
    let created = all.add(entry.user_id.clone(), entry);
    let message = format!(
        "Created timesheet {} for employee {}.",
        created.id, created.user_id
    );
    (StatusCode::CREATED, Json(json!({ "message": message })))
}

async fn remove(
    State(all): State<Timesheets>,
    Extension(token): Extension<AccessToken>,
    Path(id): Path<usize>,
) -> StatusCode {
    let removed = all.with(|all| {
        let before = all.len();
        all.retain(|entry| entry.id != id || entry.user_id != token.subject());
        all.len() < before
    });
    if removed {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::NOT_FOUND
    }
}

async fn approve(State(all): State<Timesheets>, Path(id): Path<usize>) -> StatusCode {
    let approved = all.with(|all| {
        let entry = all.iter_mut().find(|entry| entry.id == id);
        entry.map(|entry| entry.approved = true)
    });
    approved.map_or(StatusCode::NOT_FOUND, |()| StatusCode::NO_CONTENT)
}

impl Timesheets {
    fn add(&self, user_id: String, entry: Entry) -> Timesheet {
        self.with(|all| {
            let id = all.last().map_or(1, |last| last.id + 1);
            let Entry {
                date,
                project,
                hours,
                ..
            } = entry;
            let created = Timesheet {
                id,
                user_id,
                date,
                project,
                hours,
                approved: false,
            };
            all.push(created.clone());
            created
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Vec<Timesheet>) -> T) -> T {
        // An entry is added or removed whole, so a handler that panicked left nothing half done.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
