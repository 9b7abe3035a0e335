//! Recording: puts events on the queue of the tenant's log, which is written in batches.
//!
//! The queue is bounded. What does not fit is counted and said in the server's own log, never dropped silently.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use grantor_protocol::{event::Event, tenant::TenantId};
use grantor_storage::Store;
use tokio::sync::mpsc;

use crate::http::context::Context;

/// Most events that wait.
const QUEUE_LENGTH: usize = 16_384;
/// Most events in one write.
const BATCH_LENGTH: usize = 512;
/// How long the writer gathers events before it writes, in milliseconds.
const GATHER_MILLIS: u64 = 50;

/// The queue's front end.
#[derive(Clone, Debug)]
pub struct Recorder {
    queue: mpsc::Sender<(TenantId, Event)>,
    dropped: Arc<AtomicU64>,
}

impl Recorder {
    /// Starts the writer; it ends, with everything written, when the last recorder is gone.
    pub fn start(store: Store) -> (Self, tokio::task::JoinHandle<()>) {
        let (queue, events) = mpsc::channel(QUEUE_LENGTH);
        let dropped = Arc::new(AtomicU64::new(0));
        let writer = tokio::spawn(write(store, events, Arc::clone(&dropped)));
        (Self { queue, dropped }, writer)
    }

    /// Puts an event on the queue.
    pub fn record(&self, tenant: &TenantId, event: Event) {
        if self.queue.try_send((tenant.clone(), event)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn write(
    store: Store,
    mut events: mpsc::Receiver<(TenantId, Event)>,
    dropped: Arc<AtomicU64>,
) {
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
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            tracing::error!(
                events = lost,
                "the event queue was full; events are missing from the log"
            );
        }
        if let Err(error) = store.append_events(&batch).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                events = batch.len(),
                "events could not be written"
            );
        }
        batch.clear();
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
