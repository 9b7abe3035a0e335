//! Keys that the issuer publishes: fetched once, kept, fetched again. Nothing here waits for real time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use grantor_jose::{Algorithm, SigningKey};
use grantor_verify::{Verifier, VerifyError};
use serde_json::{Value, json};

use crate::support::{Issuer, OTHER_RSA, RSA, TurnedClock, builder, claims, sign, until, with};

fn setup() -> (Arc<Issuer>, TurnedClock, Verifier) {
    let (issuer, clock) = (Issuer::new(), TurnedClock::new());
    let verifier = builder(&clock)
        .fetcher(Arc::clone(&issuer) as _)
        .build()
        .unwrap();
    (issuer, clock, verifier)
}

/// A token that outlives the test's clock.
fn token(key: &SigningKey, kid: &str) -> String {
    let claims: Value = with("exp", json!(i64::MAX));
    sign(key, Algorithm::RS256, kid, "JWT", &claims)
}

#[tokio::test]
async fn keys_are_fetched_once_and_kept_as_long_as_they_last() {
    let (issuer, clock, verifier) = setup();
    for _ in 0..3 {
        assert!(verifier.verify(&token(&RSA, "k1")).await.is_ok());
        clock.advance(199);
    }
    assert_eq!((issuer.metadata_fetches(), issuer.key_fetches()), (1, 1));
    clock.advance(3);
    assert!(verifier.verify(&token(&RSA, "k1")).await.is_ok());
    assert_eq!((issuer.metadata_fetches(), issuer.key_fetches()), (1, 2));
}

/// `Cache-Control` within 15 seconds and one hour; `interval` is shorter here, so that it is not what is measured.
#[tokio::test]
async fn the_life_of_keys_is_bounded() {
    for (cache_control, life) in [("max-age=1", 15), ("max-age=86400", 3600), ("no-store", 15)] {
        let (issuer, clock) = (Issuer::new(), TurnedClock::new());
        issuer.set(|state| state.cache_control = Some(cache_control));
        let fetcher = builder(&clock).fetcher(Arc::clone(&issuer) as _);
        let verifier = fetcher
            .refresh_interval(Duration::from_secs(1))
            .build()
            .unwrap();
        let token = token(&RSA, "k1");
        verifier.verify(&token).await.unwrap();
        clock.advance(life - 1);
        verifier.verify(&token).await.unwrap();
        assert_eq!(issuer.key_fetches(), 1, "{cache_control}");
        clock.advance(1);
        verifier.verify(&token).await.unwrap();
        assert_eq!(issuer.key_fetches(), 2, "{cache_control}");
    }
}

/// T23: rotating the signing key does not break an API: it fetches the set again when a token names a new key.
#[tokio::test]
async fn t23_5_a_new_key_is_fetched_when_a_token_names_it() {
    let (issuer, clock, verifier) = setup();
    verifier.verify(&token(&RSA, "k1")).await.unwrap();
    issuer.publish(&[("k2", &OTHER_RSA), ("k1", &RSA)]);
    clock.advance(30);
    assert!(verifier.verify(&token(&OTHER_RSA, "k2")).await.is_ok());
    assert!(verifier.verify(&token(&RSA, "k1")).await.is_ok());
    assert_eq!(issuer.key_fetches(), 2);
}

/// A key that the issuer withdrew is refused as soon as the set is fetched again.
#[tokio::test]
async fn a_withdrawn_key_is_refused_after_the_next_fetch() {
    let (issuer, clock, verifier) = setup();
    verifier.verify(&token(&RSA, "k1")).await.unwrap();
    issuer.publish(&[("k2", &OTHER_RSA)]);
    clock.advance(601);
    let refused = verifier.verify(&token(&RSA, "k1")).await;
    assert_eq!(refused.unwrap_err(), VerifyError::UnknownKey);
}

#[tokio::test]
async fn a_flood_of_unknown_kids_fetches_at_most_once_in_each_interval() {
    let (issuer, clock, verifier) = setup();
    verifier.verify(&token(&RSA, "k1")).await.unwrap();
    let flood = async |count: usize| {
        for number in 0..count {
            let forged = token(&OTHER_RSA, &format!("forged-{number}"));
            assert_eq!(
                verifier.verify(&forged).await.unwrap_err(),
                VerifyError::UnknownKey
            );
        }
    };
    flood(20).await;
    assert_eq!(issuer.key_fetches(), 1, "the first fetch was just now");
    clock.advance(30);
    flood(20).await;
    assert_eq!(issuer.key_fetches(), 2);
    clock.advance(29);
    flood(20).await;
    assert_eq!(issuer.key_fetches(), 2);
    clock.advance(1);
    flood(20).await;
    assert_eq!(issuer.key_fetches(), 3);
    assert!(verifier.verify(&token(&RSA, "k1")).await.is_ok());
}

#[tokio::test]
async fn requests_at_the_same_time_share_one_fetch() {
    let (issuer, _clock, verifier) = setup();
    let gate = issuer.hold();
    let started = Arc::new(AtomicUsize::new(0));
    let mut requests = tokio::task::JoinSet::new();
    for number in 0..50 {
        let (verifier, started) = (verifier.clone(), Arc::clone(&started));
        let (token, good) = match number % 2 {
            0 => (token(&RSA, "k1"), true),
            _ => (token(&OTHER_RSA, &format!("forged-{number}")), false),
        };
        requests.spawn(async move {
            started.fetch_add(1, Ordering::SeqCst);
            (verifier.verify(&token).await, good)
        });
    }
    // A test has one thread: a task that has started has come to where it waits.
    until(|| started.load(Ordering::SeqCst) == 50 && issuer.metadata_fetches() == 1).await;
    gate.add_permits(1);
    while let Some(answer) = requests.join_next().await {
        let (answer, good) = answer.unwrap();
        assert_eq!(answer.err(), (!good).then_some(VerifyError::UnknownKey));
    }
    assert_eq!((issuer.metadata_fetches(), issuer.key_fetches()), (1, 1));
}

/// Somebody who hangs up must not take the interval's only fetch with him.
#[tokio::test]
async fn a_caller_that_goes_away_does_not_stop_the_fetch() {
    let (issuer, _clock, verifier) = setup();
    let gate = issuer.hold();
    let caller = {
        let (verifier, token) = (verifier.clone(), token(&RSA, "k1"));
        tokio::spawn(async move { verifier.verify(&token).await })
    };
    until(|| issuer.metadata_fetches() == 1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    gate.add_permits(1);
    assert!(verifier.verify(&token(&RSA, "k1")).await.is_ok());
    assert_eq!((issuer.metadata_fetches(), issuer.key_fetches()), (1, 1));
}

/// A token of a new key is not refused because another token has caused the fetch.
#[tokio::test]
async fn a_token_that_comes_during_a_fetch_waits_for_its_key() {
    let (issuer, clock, verifier) = setup();
    verifier.verify(&token(&RSA, "k1")).await.unwrap();
    issuer.publish(&[("k2", &OTHER_RSA)]);
    clock.advance(30);
    let gate = issuer.hold();
    let ask = |token: String| {
        let verifier = verifier.clone();
        tokio::spawn(async move { verifier.verify(&token).await })
    };
    let forged = ask(token(&OTHER_RSA, "forged"));
    until(|| issuer.key_fetches() == 2).await;
    let good = ask(token(&OTHER_RSA, "k2"));
    tokio::task::yield_now().await;
    gate.add_permits(1);
    assert!(good.await.unwrap().is_ok());
    assert_eq!(forged.await.unwrap().unwrap_err(), VerifyError::UnknownKey);
    assert_eq!(issuer.key_fetches(), 2);
}

/// While one request refreshes keys that have aged, others go on with them.
#[tokio::test]
async fn aged_keys_serve_while_new_ones_are_fetched() {
    let (issuer, clock, verifier) = setup();
    verifier.verify(&token(&RSA, "k1")).await.unwrap();
    clock.advance(601);
    let gate = issuer.hold();
    let slow = {
        let (verifier, token) = (verifier.clone(), token(&RSA, "k1"));
        tokio::spawn(async move { verifier.verify(&token).await })
    };
    until(|| issuer.key_fetches() == 2).await;
    let quick = token(&RSA, "k1");
    let quick = tokio::time::timeout(Duration::from_secs(30), verifier.verify(&quick)).await;
    assert!(quick.expect("it does not wait for the fetch").is_ok());
    assert!(!slow.is_finished());
    gate.add_permits(1);
    assert!(slow.await.unwrap().is_ok());
}

#[tokio::test]
async fn old_keys_stay_while_the_issuer_is_down() {
    let (issuer, clock, verifier) = setup();
    verifier.verify(&token(&RSA, "k1")).await.unwrap();
    issuer.set(|state| state.down = true);
    clock.advance(86_400);
    assert!(verifier.verify(&token(&RSA, "k1")).await.is_ok());
    let unknown = verifier.verify(&token(&OTHER_RSA, "k2")).await;
    assert_eq!(unknown.unwrap_err(), VerifyError::UnknownKey);
    let tries = issuer.key_fetches();
    assert!(verifier.verify(&token(&RSA, "k1")).await.is_ok());
    assert_eq!(
        issuer.key_fetches(),
        tries,
        "a failure counts for the interval"
    );

    issuer.set(|state| state.down = false);
    issuer.publish(&[("k2", &OTHER_RSA)]);
    clock.advance(30);
    assert!(verifier.verify(&token(&OTHER_RSA, "k2")).await.is_ok());
}

#[tokio::test]
async fn without_any_keys_nothing_is_said_about_a_token_and_a_try_follows_soon() {
    let (issuer, clock, verifier) = setup();
    issuer.set(|state| state.down = true);
    let token = token(&RSA, "k1");
    for _ in 0..5 {
        assert_eq!(
            verifier.verify(&token).await.unwrap_err(),
            VerifyError::KeysUnavailable
        );
    }
    assert_eq!(issuer.metadata_fetches(), 1);
    issuer.set(|state| state.down = false);
    clock.advance(1);
    assert!(verifier.verify(&token).await.is_ok());
}

/// OIDC Discovery §4.3; keys of another origin are never asked for: the issuer of the test panics at any other address.
#[tokio::test]
async fn metadata_of_another_issuer_and_keys_of_another_origin_are_not_used() {
    let documents = [
        json!({"issuer": "https://evil.test/", "jwks_uri": "https://login.test/.well-known/jwks.json"}),
        json!({"issuer": "https://login.test", "jwks_uri": "https://login.test/.well-known/jwks.json"}),
        json!({"issuer": "https://login.test/", "jwks_uri": "https://evil.test/jwks.json"}),
        json!({"issuer": "https://login.test/", "jwks_uri": "http://login.test/.well-known/jwks.json"}),
        json!({"issuer": "https://login.test/"}),
        json!([]),
    ];
    for document in documents {
        let (issuer, _clock, verifier) = setup();
        issuer.set(|state| state.metadata = document.clone());
        let refused = verifier.verify(&token(&RSA, "k1")).await;
        assert_eq!(
            refused.unwrap_err(),
            VerifyError::KeysUnavailable,
            "{document}"
        );
        assert_eq!(issuer.key_fetches(), 0);
    }
}

#[tokio::test]
async fn a_set_without_usable_keys_does_not_replace_one_that_has_some() {
    for document in [
        json!({"keys": []}),
        json!({}),
        json!({"keys": [{"kty": "oct", "k": "AQ"}]}),
    ] {
        let (issuer, clock, verifier) = setup();
        verifier.verify(&token(&RSA, "k1")).await.unwrap();
        issuer.set(|state| state.jwks = document.clone());
        clock.advance(601);
        assert!(
            verifier.verify(&token(&RSA, "k1")).await.is_ok(),
            "{document}"
        );
        assert_eq!(issuer.key_fetches(), 2);
    }
}

/// A token that is refused by its header alone costs no fetch.
#[tokio::test]
async fn hopeless_tokens_cause_no_fetch() {
    let (issuer, _clock, verifier) = setup();
    let hopeless = [
        "a.b.c".to_owned(),
        sign(&RSA, Algorithm::PS256, "k2", "JWT", &claims()),
        sign(&RSA, Algorithm::RS256, "k2", "logout+jwt", &claims()),
    ];
    for token in hopeless {
        assert!(verifier.verify(&token).await.is_err());
    }
    assert_eq!((issuer.metadata_fetches(), issuer.key_fetches()), (0, 0));
}

/// A clock that was turned back does not freeze the keys.
#[tokio::test]
async fn a_clock_that_is_turned_back_does_not_stop_fetching() {
    let (issuer, clock, verifier) = setup();
    clock.advance(10_000_000);
    verifier.verify(&token(&RSA, "k1")).await.unwrap();
    clock.advance(-10_000_000);
    issuer.publish(&[("k2", &OTHER_RSA)]);
    assert!(verifier.verify(&token(&OTHER_RSA, "k2")).await.is_ok());
}
