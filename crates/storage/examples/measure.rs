//! Measures the store on this machine: durable commits, events, warm lookups. Prints CPU where CPU is what counts.
//!
//! `cargo run --release -p grantor-storage --example measure [postgres URL]`

use std::{
    hash::{BuildHasher, RandomState},
    io::Write,
    path::PathBuf,
    sync::Arc,
};

use grantor_protocol::{
    document::Document as _,
    env::{Random, Timestamp},
    event::Event,
    model::ResourceServer,
    secret::Secret,
    tenant::TenantId,
};
use grantor_storage::{Engine, MasterKeySource, Options, Store};
use serde_json::json;
use tokio::time::Instant;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

struct Chance;

impl Random for Chance {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let drawn = RandomState::new().hash_one(0).to_le_bytes();
            chunk
                .iter_mut()
                .zip(drawn)
                .for_each(|(to, from)| *to = from);
        }
    }
}

/// CPU time of this process, in ticks of 10 ms.
fn cpu_micros() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum::<u64>()
        * 10_000
}

struct Meter {
    start: Instant,
    cpu: u64,
}

impl Meter {
    fn start() -> Self {
        Self {
            start: Instant::now(),
            cpu: cpu_micros(),
        }
    }

    fn report(&self, what: &str, count: u64) -> Outcome<()> {
        let wall = self.start.elapsed();
        let nanos = u128::from(count).max(1);
        let cpu = cpu_micros() - self.cpu;
        let line = format!(
            "{what}: {count} in {} ms, {} per second, {} ns of CPU each\n",
            wall.as_millis(),
            nanos * 1_000_000_000 / wall.as_nanos().max(1),
            u128::from(cpu) * 1000 / nanos,
        );
        Ok(std::io::stdout().write_all(line.as_bytes())?)
    }
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_700_000_000)
}

/// Single-use items that are issued and claimed by so many tasks, each commit awaited.
async fn commits(store: &Store, concurrency: u64, each: u64) -> Outcome<()> {
    let meter = Meter::start();
    let tasks: Vec<_> = (0..concurrency)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0..each {
                    let digest =
                        store.keyed_digest(format!("{concurrency} {task} {number}").as_bytes());
                    let mut batch = store.batch();
                    let tenant = TenantId::default_tenant();
                    batch.issue(&tenant, "code", &digest, "{}", now().plus_seconds(60));
                    store.commit(batch).await?;
                }
                Ok::<_, grantor_storage::Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    meter.report(
        &format!("durable commits, {concurrency} at once"),
        concurrency * each,
    )
}

fn event() -> Event {
    let members = json!({
        "description": "", "ip": "192.0.2.7", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)",
        "hostname": "tenant.example.test", "audience": "https://api.example.test/",
        "scope": "read:things write:things", "client_name": "A service of some kind",
        "details": {"grant": "client_credentials", "profile": "auth0"},
    });
    Event {
        code: "seccft",
        at: now(),
        client_id: Some("x8DAmXqbjGhYBLpcy6PWhcQ3nMTcSgpH".to_owned()),
        user_id: None,
        members: members.as_object().cloned().unwrap_or_default(),
    }
}

async fn events(store: &Store, batch: usize, rounds: u64) -> Outcome<()> {
    let entries = vec![(TenantId::default_tenant(), event()); batch];
    let meter = Meter::start();
    for _ in 0..rounds {
        store.append_events(&entries).await?;
    }
    meter.report(&format!("events, {batch} per batch"), rounds * batch as u64)
}

async fn lookups(store: &Store, count: u64) -> Outcome<()> {
    let tenant = TenantId::default_tenant();
    let kind = ResourceServer::KIND;
    let identifier = "https://api.example.test/";
    if store
        .find(&tenant, &kind, "5f7c8ec7c33c6c004bbafe82")
        .await?
        .is_none()
    {
        let mut batch = store.batch();
        let body = json!({"id": "5f7c8ec7c33c6c004bbafe82", "identifier": identifier, "name": "API",
                          "scopes": [{"value": "read:things"}, {"value": "write:things"}]});
        batch.insert(&tenant, &kind, &body, now());
        store.commit(batch).await?;
    }
    while !store.hears_changes() {
        tokio::task::yield_now().await;
    }
    let meter = Meter::start();
    for _ in 0..count {
        let found = store
            .typed_by::<ResourceServer>(&tenant, "identifier", &[identifier])
            .await?;
        std::hint::black_box(found);
    }
    meter.report("warm typed_by", count)?;
    let meter = Meter::start();
    for _ in 0..count {
        let found = store
            .typed::<ResourceServer>(&tenant, "5f7c8ec7c33c6c004bbafe82")
            .await?;
        std::hint::black_box(found);
    }
    meter.report("warm typed", count)?;
    let meter = Meter::start();
    for _ in 0..count / 50 {
        std::hint::black_box(
            store
                .find(&tenant, &kind, "5f7c8ec7c33c6c004bbafe82")
                .await?,
        );
    }
    meter.report("find", count / 50)
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let directory =
        PathBuf::from(std::env::var_os("GRANTOR_MEASURE_DIR").unwrap_or("measure".into()));
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let engine = match arguments.as_slice() {
        [kind, url] if kind == "postgres" => Engine::Postgres { url: url.clone() },
        _ => Engine::Sqlite { directory },
    };
    let options = Options {
        engine,
        master_key: MasterKeySource::Value(Secret::new("ab".repeat(32))),
        random: Arc::new(Chance),
        now: now(),
        migrate: true,
    };
    let meter = Meter::start();
    let store = Store::open(options).await?;
    meter.report("open", 1)?;
    commits(&store, 1, 300).await?;
    commits(&store, 16, 1000).await?;
    commits(&store, 64, 500).await?;
    commits(&store, 256, 200).await?;
    events(&store, 1, 300).await?;
    events(&store, 100, 500).await?;
    events(&store, 1000, 50).await?;
    lookups(&store, 1_000_000).await
}
