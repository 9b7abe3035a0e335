//! What was acknowledged is there after a crash, and no batch is there by half.

use std::{
    collections::BTreeSet,
    fs::{self, Permissions},
    hash::{BuildHasher, RandomState},
    io::{BufRead, BufReader},
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::Duration,
};

use grantor_protocol::document::{Kind, UniqueKey};
use grantor_storage::{Engine, Selection, Store, Window};
use grantor_testkit::Postgres;

use crate::world::{World, default};

/// How often the writer is killed on each engine.
const ROUNDS: u32 = 100;

/// How often PostgreSQL itself is killed.
const SERVER_ROUNDS: u32 = 5;

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

/// The example, which cargo builds beside the tests.
fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let program = tests
        .ancestors()
        .nth(2)
        .unwrap()
        .join("examples")
        .join("crash_writer");
    assert!(
        program.is_file(),
        "{} is missing: cargo build --examples",
        program.display()
    );
    program
}

fn writer(world: &World, first: u64, limit: Option<u32>) -> (Child, Receiver<String>) {
    let (kind, place) = match &world.engine {
        Engine::Sqlite { directory } => ("sqlite", directory.display().to_string()),
        Engine::Postgres { url } => ("postgres", url.clone()),
    };
    // A limit in blocks of 512 bytes; the signal at its end is ignored, so that writing fails as on a full disk.
    let script = match limit {
        Some(blocks) => format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""),
        None => "exec \"$@\"".to_owned(),
    };
    let mut child = Command::new("/bin/sh")
        .args(["-c", &script, "sh"])
        .arg(program())
        .args([kind, &place])
        .arg(world.key_path())
        .arg(first.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (lines, received) = channel();
    std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                return;
            }
        }
    });
    (child, received)
}

/// Collects what was acknowledged for so long after the first one.
fn collect(lines: &Receiver<String>, time: Duration) -> BTreeSet<u64> {
    let first = lines
        .recv_timeout(Duration::from_secs(20))
        .expect("the writer writes");
    let mut acknowledged = BTreeSet::from_iter(first.parse::<u64>());
    let mut left = time;
    let step = Duration::from_millis(1);
    while !left.is_zero() {
        match lines.recv_timeout(step) {
            Ok(line) => acknowledged.extend(line.parse::<u64>()),
            Err(RecvTimeoutError::Timeout) => left = left.saturating_sub(step),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    acknowledged
}

/// The rest of what was acknowledged before the end.
fn drain(lines: &Receiver<String>) -> BTreeSet<u64> {
    lines.iter().filter_map(|line| line.parse().ok()).collect()
}

async fn ids(store: &Store) -> BTreeSet<String> {
    let (mut ids, mut cursor) = (BTreeSet::new(), None);
    loop {
        let selection = Selection {
            link: None,
            window: Window::After {
                cursor,
                limit: 1000,
            },
            with_total: false,
        };
        let page = store.list(&default(), &NUMBERED, &selection).await.unwrap();
        let Some(last) = page.records.last() else {
            return ids;
        };
        cursor = Some((last.created_at, last.id.clone()));
        ids.extend(page.records.into_iter().map(|record| record.id));
    }
}

/// Asserts that all of `acknowledged` is there and no batch is there by half.
async fn check(store: &Store, acknowledged: &BTreeSet<u64>) {
    let ids = ids(store).await;
    for number in acknowledged {
        assert!(
            ids.contains(&format!("{number}a")),
            "{number} was acknowledged and is lost"
        );
    }
    for id in &ids {
        let number = id.trim_end_matches(['a', 'b']);
        for half in ["a", "b"] {
            assert!(
                ids.contains(&format!("{number}{half}")),
                "only half of {number} is there"
            );
        }
    }
    // Keys are written with their documents; a sample suffices.
    for id in ids.iter().step_by(50) {
        let by_key = store.find_by(&default(), &NUMBERED, "name", &[id]).await;
        assert_eq!(by_key.unwrap().map(|found| found.id).as_ref(), Some(id));
    }
}

fn a_while(longest: u64) -> Duration {
    Duration::from_millis(RandomState::new().hash_one(0) % longest)
}

async fn survives_kills(world: &World) {
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        let (mut child, lines) = writer(world, u64::from(round) * 1_000_000, None);
        acknowledged.extend(collect(&lines, a_while(60)));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(drain(&lines));
        if round % 10 == 9 {
            let store = world.open().await;
            check(&store, &acknowledged).await;
        }
    }
    assert!(acknowledged.len() >= ROUNDS as usize);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_write_survives_a_killed_program_on_sqlite() {
    survives_kills(&World::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_write_survives_a_killed_program_on_postgres() {
    survives_kills(&World::postgres()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_write_survives_a_killed_server() {
    let cluster = Postgres::start();
    let world = World::on(&cluster);
    let mut acknowledged = BTreeSet::new();
    let (mut child, lines) = writer(&world, 0, None);
    for _ in 0..SERVER_ROUNDS {
        acknowledged.extend(collect(&lines, a_while(300)));
        cluster.kill();
        cluster.restart();
    }
    acknowledged.extend(collect(&lines, a_while(300)));
    child.kill().unwrap();
    child.wait().unwrap();
    acknowledged.extend(drain(&lines));
    check(&world.open().await, &acknowledged).await;
}

/// A full disk: writes are refused, the program lives, and what it acknowledged before is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_and_loses_none() {
    let world = World::sqlite();
    // Two mebibytes for the database and for its log each.
    let (mut child, lines) = writer(&world, 0, Some(4096));
    let mut acknowledged = BTreeSet::new();
    let mut refused = 0;
    while refused < 50 {
        let line = lines
            .recv_timeout(Duration::from_secs(20))
            .expect("the writer lives");
        match line.parse::<u64>() {
            Ok(number) => drop(acknowledged.insert(number)),
            Err(_) => refused += 1,
        }
    }
    assert!(child.try_wait().unwrap().is_none(), "the writer ended");
    child.kill().unwrap();
    child.wait().unwrap();
    acknowledged.extend(drain(&lines));
    let store = world.open().await;
    check(&store, &acknowledged).await;
    assert!(!acknowledged.is_empty());
}

/// An operator who starts it as the wrong user is told what to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_of_another_user_is_named() {
    let world = World::sqlite();
    drop(world.open().await);
    let data = world.directory.path().join("data");
    let copy = world.directory.path().join("writer");
    fs::copy(program(), &copy).unwrap();
    let readable =
        |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    readable(world.directory.path(), 0o755);
    readable(&copy, 0o755);
    for entry in fs::read_dir(&data).unwrap() {
        readable(&entry.unwrap().path(), 0o444);
    }
    readable(&data, 0o555);
    let mut command = Command::new(&copy);
    if fs::metadata(&data).unwrap().uid() == 0 {
        // Nothing is closed to root.
        command.uid(65534).gid(65534);
    }
    let key = world.directory.path().join("other.key");
    let output = command
        .current_dir(world.directory.path())
        .arg("sqlite")
        .args([&data, &key])
        .arg("0")
        .output()
        .unwrap();
    readable(&data, 0o755);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("NotWritable"), "{said}");
}
