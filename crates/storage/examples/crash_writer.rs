//! Writes numbered documents with concurrent tasks and prints each number once it was acknowledged. Killed by the tests.
//!
//! `crash_writer sqlite DIRECTORY KEY_FILE FIRST` or `crash_writer postgres URL KEY_FILE FIRST`. Every batch writes two
//! documents, so that half a batch would be seen. Refused writes are printed as `refused`.

use std::{
    hash::{BuildHasher, RandomState},
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use grantor_protocol::{
    document::{Kind, UniqueKey},
    env::{Random, Timestamp},
    tenant::TenantId,
};
use grantor_storage::{Engine, Error, MasterKeySource, Options, Store};
use serde_json::json;

const NUMBERED: Kind = Kind {
    name: "numbered",
    id: "/id",
    unique: &[UniqueKey {
        name: "name",
        paths: &["/name"],
    }],
    links: &[],
    secrets: &[],
};

/// How many write at the same time.
const TASKS: usize = 16;

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

async fn write(store: &Store, number: u64) -> Result<(), Error> {
    let tenant = TenantId::default_tenant();
    let now = Timestamp::from_millis(i64::try_from(number).unwrap_or(i64::MAX));
    let mut batch = store.batch();
    for half in ["a", "b"] {
        let id = format!("{number}{half}");
        let body = json!({"id": id, "name": id, "text": "x".repeat(300)});
        batch.insert(&tenant, &NUMBERED, &body, now);
    }
    store.commit(batch).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [kind, place, key, first] = arguments.as_slice() else {
        return Err("crash_writer sqlite|postgres PLACE KEY_FILE FIRST".into());
    };
    let engine = match kind.as_str() {
        "sqlite" => Engine::Sqlite {
            directory: place.into(),
        },
        _ => Engine::Postgres { url: place.clone() },
    };
    let options = Options {
        engine,
        master_key: MasterKeySource::Generated(key.into()),
        random: Arc::new(Chance),
        now: Timestamp::from_millis(0),
        migrate: true,
    };
    let store = Store::open(options).await?;
    let next = Arc::new(AtomicU64::new(first.parse()?));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (store, next) = (store.clone(), next.clone());
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let line = match write(&store, number).await {
                        Ok(()) => format!("{number}\n"),
                        Err(_) => "refused\n".to_owned(),
                    };
                    // Whole lines, written at once: the reader may be told of nothing that is not acknowledged.
                    if std::io::stdout().write_all(line.as_bytes()).is_err() {
                        return;
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await?;
    }
    Ok(())
}
