//! The pool at work.

use std::{sync::mpsc, time::Duration};

use super::*;

struct Fixed;

impl Random for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(7);
    }
}

const CHEAP: Cost = Cost {
    memory_kib: 64,
    passes: 1,
    lanes: 1,
};

fn limits() -> Limits {
    Limits {
        cost: CHEAP,
        threads: 2,
        per_tenant: 8,
        total: 12,
    }
}

fn passwords() -> Passwords {
    Passwords::start(limits(), Arc::new(Fixed)).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn tenant() -> TenantId {
    TenantId::default_tenant()
}

async fn check(passwords: &Passwords, password: &str, stored: Option<&str>) -> Verdict {
    passwords
        .check(&tenant(), &secret(password), stored)
        .await
        .unwrap()
}

const CURRENT: Verdict = Verdict::Match { renewed: None };

#[tokio::test]
async fn a_password_matches_its_hash_alone() {
    let passwords = passwords();
    let hash = passwords.hash(&tenant(), &secret("right")).await.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
    assert_eq!(check(&passwords, "right", Some(&hash)).await, CURRENT);
    assert_eq!(
        check(&passwords, "wrong", Some(&hash)).await,
        Verdict::Mismatch
    );
    assert_eq!(check(&passwords, "right", None).await, Verdict::Mismatch);
    assert_eq!(
        check(&passwords, "right", Some("unreadable")).await,
        Verdict::Mismatch
    );
}

#[tokio::test]
async fn an_imported_hash_is_renewed_when_it_matches() {
    let passwords = passwords();
    for stored in [
        "$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
        "{\"algorithm\":\"md5\",\"hash\":{\"value\":\"3cb4e732631f47e6eb961f34554b7cde\",\"encoding\":\"hex\"}}",
        // Ours, of another cost.
        "$argon2id$v=19$m=64,t=2,p=1$c2FsdHNhbHQ$IWJR6forQfRjS4Y1mffdqnUx3GwYyJwSZsDZt9LHzUM",
    ] {
        assert_eq!(
            check(&passwords, "wrong", Some(stored)).await,
            Verdict::Mismatch
        );
        let Verdict::Match {
            renewed: Some(renewed),
        } = check(&passwords, "correct horse", Some(stored)).await
        else {
            panic!("{stored}");
        };
        assert_eq!(
            check(&passwords, "correct horse", Some(&renewed)).await,
            CURRENT
        );
    }
}

#[tokio::test]
async fn a_password_of_the_history_is_recognized() {
    let passwords = passwords();
    let mut history = Vec::new();
    for earlier in ["one", "two"] {
        history.push(passwords.hash(&tenant(), &secret(earlier)).await.unwrap());
    }
    let used = async |password: &str| {
        passwords
            .was_used(&tenant(), &secret(password), &history)
            .await
    };
    assert_eq!(
        (used("two").await, used("three").await),
        (Ok(true), Ok(false))
    );
}

/// Randomness that says that it is asked, and holds its thread until it is told to go on.
struct Held {
    asked: mpsc::Sender<()>,
    told: Mutex<mpsc::Receiver<()>>,
}

const PATIENCE: Duration = Duration::from_secs(10);

impl Random for Held {
    fn fill(&self, buffer: &mut [u8]) {
        // Nobody listens after the first time.
        self.asked.send(()).ok();
        self.told.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        buffer.fill(1);
    }
}

/// A pool whose only thread is busy with a first job; it goes on by one job per message.
async fn held(per_tenant: usize, total: usize) -> (Passwords, mpsc::Sender<()>) {
    let (go, told) = mpsc::channel();
    let (asked, begun) = mpsc::channel();
    let limits = Limits {
        threads: 1,
        per_tenant,
        total,
        ..limits()
    };
    let told = Mutex::new(told);
    let passwords = Passwords::start(limits, Arc::new(Held { asked, told })).unwrap();
    let first = passwords.clone();
    tokio::spawn(async move { first.hash(&tenant(), &secret("first")).await });
    let waiting = tokio::task::spawn_blocking(move || begun.recv_timeout(PATIENCE));
    waiting.await.unwrap().unwrap();
    (passwords, go)
}

async fn until_waiting(passwords: &Passwords, count: usize) {
    let waiting = async {
        while passwords.waiting() != count {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}

#[tokio::test]
async fn who_comes_when_the_queue_is_full_is_refused_at_once() {
    let (passwords, go) = held(2, 3).await;
    let mut waiting = Vec::new();
    for number in 1..=2 {
        let other = passwords.clone();
        waiting.push(tokio::spawn(async move {
            other.hash(&tenant(), &secret("x")).await
        }));
        until_waiting(&passwords, number).await;
    }
    assert_eq!(passwords.hash(&tenant(), &secret("x")).await, Err(Busy));
    assert_eq!(
        passwords.check(&tenant(), &secret("x"), None).await,
        Err(Busy)
    );
    for _ in 0..3 {
        go.send(()).unwrap();
    }
    for job in waiting {
        assert!(job.await.unwrap().is_ok());
    }
}

#[tokio::test]
async fn a_request_that_was_given_up_is_not_worked_on() {
    let (passwords, go) = held(8, 8).await;
    let job = tokio::spawn({
        let passwords = passwords.clone();
        async move { passwords.hash(&tenant(), &secret("x")).await }
    });
    until_waiting(&passwords, 1).await;
    job.abort();
    assert!(job.await.unwrap_err().is_cancelled());
    // One message is for the first job; were the second worked on, the third would find none left.
    go.send(()).unwrap();
    go.send(()).unwrap();
    assert!(passwords.hash(&tenant(), &secret("y")).await.is_ok());
}

#[tokio::test]
async fn a_tenant_that_floods_does_not_delay_another() {
    let (passwords, go) = held(8, 16).await;
    let (done, mut order) = tokio::sync::mpsc::unbounded_channel();
    for (number, name) in ["flood", "flood", "flood", "flood", "quiet"]
        .into_iter()
        .enumerate()
    {
        let (other, done) = (passwords.clone(), done.clone());
        tokio::spawn(async move {
            let tenant = TenantId::parse(name).unwrap();
            other.hash(&tenant, &secret("x")).await.unwrap();
            done.send(name).unwrap();
        });
        until_waiting(&passwords, number + 1).await;
    }
    for _ in 0..3 {
        go.send(()).unwrap();
    }
    assert_eq!(
        (order.recv().await, order.recv().await),
        (Some("flood"), Some("quiet"))
    );
    for _ in 0..3 {
        go.send(()).unwrap();
    }
}

#[test]
fn the_threads_end_with_the_last_clone() {
    let passwords = passwords();
    let shared = Arc::downgrade(&passwords.threads.shared);
    drop(passwords.clone());
    assert!(shared.upgrade().is_some());
    drop(passwords);
    assert!(shared.upgrade().is_none());
}

/// §3.13: the time of an answer does not tell whether there is such a user.
#[tokio::test]
async fn a_check_without_a_hash_does_the_work_of_one_with_it() {
    let mut memory = Memory::default();
    let shared = passwords().threads.shared.clone();
    shared.pass_time(&secret("x"), &mut memory);
    assert_eq!(memory.blocks_held(), 64);
}
