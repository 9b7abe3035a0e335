//! The whole way over a socket: the keys come through reqwest from a server on this machine.

use std::sync::{
    Arc, Once,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Json, Router, response::Redirect, routing::get};
use grantor_jose::Algorithm;
use grantor_verify::{Fetch, HttpFetcher, SystemClock, Verifier, VerifyError};
use http::header;
use serde_json::json;

use crate::support::{API, RSA, jwks, sign, with};

fn fetcher() -> HttpFetcher {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        rustls::crypto::aws_lc_rs::default_provider()
            .install_default()
            .unwrap();
    });
    HttpFetcher::new(HttpFetcher::client_builder().no_proxy().build().unwrap())
}

/// Serves `app`; its address.
async fn serve(app: impl FnOnce(&str) -> Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let app = app(&origin);
    tokio::spawn(async move { axum::serve(listener, app).await });
    origin
}

#[tokio::test]
async fn keys_are_found_by_discovery_over_http() {
    let fetches = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&fetches);
    let origin = serve(|origin| {
        let metadata =
            json!({"issuer": format!("{origin}/"), "jwks_uri": format!("{origin}/jwks.json")});
        let keys = async move || {
            counted.fetch_add(1, Ordering::SeqCst);
            (
                [(header::CACHE_CONTROL, "max-age=60")],
                Json(jwks(&[("k1", &RSA)])),
            )
        };
        Router::new()
            .route(
                "/.well-known/openid-configuration",
                get(async || Json(metadata)),
            )
            .route("/jwks.json", get(keys))
    })
    .await;
    let issuer = format!("{origin}/");
    let verifier = Verifier::builder()
        .issuer(&issuer)
        .audience(API)
        .clock(Arc::new(SystemClock))
        .fetcher(Arc::new(fetcher()))
        .build()
        .unwrap();
    let mut claims = with("exp", json!(i64::MAX));
    claims["iss"] = json!(issuer);
    let token = sign(&RSA, Algorithm::RS256, "k1", "JWT", &claims);
    for _ in 0..3 {
        assert!(verifier.verify(&token).await.is_ok());
    }
    claims["exp"] = json!(1_760_000_000);
    let expired = sign(&RSA, Algorithm::RS256, "k1", "JWT", &claims);
    assert_eq!(
        verifier.verify(&expired).await.unwrap_err(),
        VerifyError::Expired
    );
    assert_eq!(fetches.load(Ordering::SeqCst), 1);
}

/// A redirect could lead away from the issuer's origin; a client that follows it is caught, too.
#[tokio::test]
async fn redirects_are_not_followed() {
    let origin = serve(|_| {
        Router::new()
            .route("/from", get(async || Redirect::temporary("/to")))
            .route("/to", get(async || "elsewhere"))
    })
    .await;
    let url = format!("{origin}/from");
    let answer = fetcher().get(&url).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (307, 0));

    let following = HttpFetcher::new(reqwest::Client::builder().no_proxy().build().unwrap());
    let refused = following.get(&url).await.unwrap_err();
    assert_eq!(refused.0, "the answer came from elsewhere");
}

#[tokio::test]
async fn answers_without_end_are_given_up() {
    let origin = serve(|_| {
        let long = async || axum::body::Body::from(vec![b' '; 300 * 1024]);
        Router::new().route("/", get(long))
    })
    .await;
    let refused = fetcher().get(&format!("{origin}/")).await.unwrap_err();
    assert_eq!(refused.0, "the answer is too long");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_that_says_so() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let refused = fetcher().get(&url).await.unwrap_err();
    assert!(refused.0.contains("refused"), "{}", refused.0);
}
