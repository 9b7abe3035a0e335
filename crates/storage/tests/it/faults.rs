//! What breaks is told, half of nothing is written, and what comes back is used again.

use std::{fs, time::Duration};

use grantor_storage::{Engine, Error, Options, Store};
use grantor_testkit::Postgres;
use rusqlite::Connection;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

use crate::world::{THING, Thing, World, default, insert, thing, try_insert, until};

fn database(world: &World) -> std::path::PathBuf {
    world.directory.path().join("data").join("grantor.db")
}

async fn opening_in(directory: &str) -> Error {
    let world = World::sqlite();
    let engine = Engine::Sqlite {
        directory: directory.into(),
    };
    let options = Options {
        engine,
        ..world.options()
    };
    Store::open(options).await.unwrap_err()
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_named() {
    let refused = opening_in("/proc/grantor").await;
    assert!(matches!(refused, Error::NotWritable { .. }), "{refused:?}");
    assert!(
        refused
            .to_string()
            .contains("/proc/grantor cannot be written"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_database_file_that_is_none_is_an_outage_and_stays_as_it_is() {
    let world = World::sqlite();
    fs::create_dir(world.directory.path().join("data")).unwrap();
    fs::write(
        database(&world),
        "this is a letter, not a database".repeat(100),
    )
    .unwrap();
    let refused = world.try_open().await.unwrap_err();
    assert!(refused.is_unavailable(), "{refused:?}");
    assert!(
        fs::read_to_string(database(&world))
            .unwrap()
            .starts_with("this is a letter")
    );
}

/// SQLite would go on writing into the removed file, and everything acknowledged would be lost.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_after_the_database_file_was_removed() {
    let world = World::sqlite();
    let store = world.open().await;
    insert(&store, &thing("1", "a")).await;
    let moved = database(&world).with_extension("moved");
    fs::rename(database(&world), &moved).unwrap();

    let refused = try_insert(&store, &thing("2", "b")).await;

    assert!(
        matches!(&refused, Err(error) if error.is_unavailable()),
        "{refused:?}"
    );
    until("reads are refused", async || {
        store.find(&default(), &THING, "1").await.is_err()
    })
    .await;
    assert!(store.typed::<Thing>(&default(), "1").await.is_err());
    fs::rename(&moved, database(&world)).unwrap();
    insert(&store, &thing("2", "b")).await;
    until("reads are served", async || {
        store.find(&default(), &THING, "2").await.is_ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_waits_for_another_process_and_gives_up_in_time() {
    let world = World::sqlite();
    let store = world.open().await;
    let other = Connection::open(database(&world)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting = {
        let store = store.clone();
        tokio::spawn(async move { try_insert(&store, &thing("1", "a")).await })
    };
    // Reads are not held up.
    assert!(store.find(&default(), &THING, "1").await.unwrap().is_none());

    let gave_up = waiting.await.unwrap();

    assert!(
        matches!(&gave_up, Err(error) if error.is_unavailable()),
        "{gave_up:?}"
    );
    other.execute_batch("COMMIT").unwrap();
    insert(&store, &thing("1", "a")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_beyond_the_queue_are_refused_at_once() {
    let world = World::sqlite();
    let store = world.open().await;
    let other = Connection::open(database(&world)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let writes: Vec<_> = (0..5000)
        .map(|number| {
            let (store, name) = (store.clone(), number.to_string());
            tokio::spawn(async move { try_insert(&store, &thing(&name, &name)).await })
        })
        .collect();
    until("some are refused", async || {
        writes.iter().any(tokio::task::JoinHandle::is_finished)
    })
    .await;
    other.execute_batch("COMMIT").unwrap();
    let (mut written, mut refused) = (0, 0);
    for write in writes {
        match write.await.unwrap() {
            Ok(()) => written += 1,
            Err(error) => {
                assert!(error.is_unavailable(), "{error:?}");
                refused += 1;
            }
        }
    }
    assert!(4096 <= written && 0 < refused, "{written} and {refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_where_nobody_listens_is_an_outage() {
    let world = World::sqlite();
    let engine = Engine::Postgres {
        url: "postgres://grantor@127.0.0.1:1/none".to_owned(),
    };
    let refused = Store::open(Options {
        engine,
        ..world.options()
    })
    .await
    .unwrap_err();
    assert!(refused.is_unavailable(), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_and_comes_back_is_used_again() {
    let cluster = Postgres::start();
    let world = World::on(&cluster);
    let store = world.open().await;
    insert(&store, &thing("1", "a")).await;
    assert!(
        store
            .typed::<Thing>(&default(), "1")
            .await
            .unwrap()
            .is_some()
    );

    for stop in [Postgres::stop, Postgres::kill] {
        stop(&cluster);
        let deaf = async {
            until("the cache serves nothing", async || !store.hears_changes()).await;
        };
        tokio::time::timeout(Duration::from_secs(1), deaf)
            .await
            .unwrap();
        let refused = store.typed::<Thing>(&default(), "1").await;
        assert!(
            matches!(&refused, Err(error) if error.is_unavailable()),
            "{refused:?}"
        );
        let refused = try_insert(&store, &thing("2", "b")).await;
        assert!(
            matches!(&refused, Err(error) if error.is_unavailable()),
            "{refused:?}"
        );

        cluster.restart();

        assert!(store.find(&default(), &THING, "1").await.unwrap().is_some());
        assert!(store.find(&default(), &THING, "2").await.unwrap().is_none());
        until("the cache serves again", async || store.hears_changes()).await;
        insert(&store, &thing("3", "c")).await;
        let mut batch = store.batch();
        batch.delete(&default(), &THING, "3", crate::world::at(1));
        store.commit(batch).await.unwrap();
    }
}

/// Carries bytes between a store and its server until it is told to hold them.
async fn carry(from: OwnedReadHalf, to: OwnedWriteHalf, held: watch::Receiver<bool>) {
    let (mut from, mut to, mut held) = (from, to, held);
    let mut buffer = [0; 8192];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if held.wait_for(|held| !held).await.is_err()
            || to.write_all(&buffer[..length]).await.is_err()
        {
            return;
        }
    }
}

/// The address of `url`'s server through a wire that can be held.
async fn wire(url: &str, held: watch::Receiver<bool>) -> String {
    let (start, rest) = url.split_once('@').unwrap();
    let (server, database) = rest.split_once('/').unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = server.to_owned();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = TcpStream::connect(&server).await.unwrap();
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            tokio::spawn(carry(near_in, far_out, held.clone()));
            tokio::spawn(carry(far_in, near_out, held.clone()));
        }
    });
    format!("{start}@{address}/{database}")
}

/// Design §5, where nothing tells that the wire is cut: a revoked thing is not served past the second.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_cut_off_in_silence_stops_serving_from_memory() {
    let world = World::postgres();
    let store = world.open().await;
    insert(&store, &thing("1", "a")).await;
    let Engine::Postgres { url } = &world.engine else {
        panic!("not PostgreSQL");
    };
    let (valve, held) = watch::channel(false);
    let url = wire(url, held).await;
    let engine = Engine::Postgres { url };
    let distant = Store::open(Options {
        engine,
        ..world.options()
    })
    .await
    .unwrap();
    until("changes are heard", async || distant.hears_changes()).await;
    assert!(
        distant
            .typed::<Thing>(&default(), "1")
            .await
            .unwrap()
            .is_some()
    );

    valve.send(true).unwrap();
    let mut batch = store.batch();
    batch.delete(&default(), &THING, "1", crate::world::at(1));
    store.commit(batch).await.unwrap();
    let deaf = async {
        until("the cache serves nothing", async || {
            !distant.hears_changes()
        })
        .await;
    };
    tokio::time::timeout(Duration::from_secs(1), deaf)
        .await
        .unwrap();

    valve.send(false).unwrap();
    assert!(
        distant
            .typed::<Thing>(&default(), "1")
            .await
            .unwrap()
            .is_none()
    );
    until("the cache serves again", async || distant.hears_changes()).await;
}
