//! Recording: puts events on the queue of the tenant's log, which is written in batches.
//!
//! The queue is bounded. When it is full, requests wait for it: tokens then come as fast as their log entries are
//! written, and none goes unrecorded. What a failing store does not take is counted in the server's own log.

use grantor_protocol::{event::Event, refusal::Refusal, tenant::TenantId};
use grantor_storage::Store;
use tokio::sync::mpsc;

use crate::http::context::Context;

/// Most events that wait.
const QUEUE_LENGTH: usize = 16_384;
/// Most events in one write.
const BATCH_LENGTH: usize = 4_096;
/// How long the writer gathers events before it writes, in milliseconds.
const GATHER_MILLIS: u64 = 50;

/// How often a batch is offered to the store.
const TRIES: u32 = 5;
/// How long the writer waits before it offers a batch again, in milliseconds.
const RETRY_MILLIS: u64 = 400;

/// The queue's front end.
#[derive(Clone, Debug)]
pub struct Recorder {
    queue: mpsc::Sender<(TenantId, Event)>,
}

impl Recorder {
    /// Starts the writer; it ends, with everything written, when the last recorder is gone.
    pub fn start(store: Store) -> (Self, tokio::task::JoinHandle<()>) {
        let (queue, events) = mpsc::channel(QUEUE_LENGTH);
        let writer = tokio::spawn(write(store, events));
        (Self { queue }, writer)
    }

    /// Puts an event on the queue, once it has room.
    pub async fn record(&self, tenant: &TenantId, event: Event) {
        // The writer outlives every recorder, so that the queue is open.
        let _ = self.queue.send((tenant.clone(), event)).await;
    }
}

async fn write(store: Store, mut events: mpsc::Receiver<(TenantId, Event)>) {
    let mut batch = Vec::with_capacity(BATCH_LENGTH);
    while events.recv_many(&mut batch, BATCH_LENGTH).await > 0 {
        if batch.len() < BATCH_LENGTH && !events.is_closed() {
            tokio::time::sleep(std::time::Duration::from_millis(GATHER_MILLIS)).await;
            while batch.len() < BATCH_LENGTH
                && let Ok(event) = events.try_recv()
            {
                batch.push(event);
            }
        }
        append(&store, &batch).await;
        batch.clear();
    }
}

/// Writes the batch, again if the store is away for a moment. After that the events are given up, so that tokens do not
/// depend on the log's health for longer.
async fn append(store: &Store, batch: &[(TenantId, Event)]) {
    for tries_left in (0..TRIES).rev() {
        match store.append_events(batch).await {
            Ok(_) => return,
            Err(error) => complain(&error, batch.len(), tries_left),
        }
        if tries_left > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(RETRY_MILLIS)).await;
        }
    }
}

fn complain(error: &(dyn std::error::Error + 'static), events: usize, tries_left: u32) {
    if tries_left == 0 {
        tracing::error!(
            error,
            events,
            "events could not be written and are missing from the log"
        );
    } else {
        tracing::warn!(
            error,
            events,
            tries_left,
            "events could not be written; trying again"
        );
    }
}

/// An event of this request with the members that every entry has.
pub fn event(context: &Context, code: &'static str, client_id: Option<&str>) -> Event {
    let mut members = serde_json::Map::new();
    members.insert("ip".to_owned(), context.client_ip.to_string().into());
    members.insert("hostname".to_owned(), (*context.host).into());
    Event {
        code,
        at: context.now,
        client_id: client_id.map(str::to_owned),
        user_id: None,
        members,
    }
}

/// Adds to `event` a member of its own.
pub fn note(event: &mut Event, name: &'static str, value: &str) {
    event.members.insert(name.to_owned(), value.into());
}

/// Adds to `event` why it came to nothing, under the id that the client can quote.
pub fn explain(event: &mut Event, context: &Context, refusal: &Refusal) {
    let description = refusal.description().into();
    event.members.insert("description".to_owned(), description);
    let details = serde_json::json!({
        "request_id": &*context.request_id,
        "rule": format!("{:?}", refusal.rule),
        "reason": refusal.to_string(),
    });
    event.members.insert("details".to_owned(), details);
}
