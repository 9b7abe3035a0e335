//! Serves every page with sample data on loopback, for screenshots, for browsers' tests, and for whoever changes a page.
//!
//! `GET /` names the pages. `GET /page/{name}?lang=de&look=branded&values=hostile` shows one. Every form leads to another
//! origin, as the end of a login does.

mod samples;

use std::io::Write as _;

use axum::{
    Router,
    extract::Path,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use grantor_server::pages::{self, Language, respond};
use http::{HeaderMap, StatusCode, Uri, header};
use samples::{Look, Values};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let router = Router::new()
        .route("/", get(names))
        .route("/page/{name}", get(page))
        .route(
            pages::assets::ROUTE,
            get(async |path| pages::assets::serve(&path)),
        )
        .route("/u/login", post(elsewhere))
        .route("/landed", get(async || "landed"))
        .route(
            "/orchard.svg",
            get(async || picture(include_str!("orchard.svg"))),
        )
        .route("/shop.svg", get(async || picture(include_str!("shop.svg"))))
        .fallback(async || StatusCode::NO_CONTENT);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    // Whoever started this waits for the line.
    writeln!(
        std::io::stdout(),
        "http://127.0.0.1:{}",
        listener.local_addr()?.port()
    )?;
    axum::serve(listener, router).await
}

async fn names() -> String {
    let pages = samples::pages(Values::Usual, "");
    let names: Vec<&str> = pages.iter().map(|(name, _)| *name).collect();
    names.join("\n")
}

async fn page(Path(name): Path<String>, uri: Uri, headers: HeaderMap) -> Response {
    let asked = |key: &str| {
        let mut pairs = uri.query().unwrap_or_default().split('&');
        pairs
            .find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))
            .unwrap_or_default()
    };
    let values = match asked("values") {
        "hostile" => Values::Hostile,
        _ => Values::Usual,
    };
    let look = match asked("look") {
        "branded" => Look::Branded,
        "glaring" => Look::Glaring,
        "template" => Look::Template,
        _ => Look::Plain,
    };
    let language = Language::of(asked("lang")).unwrap_or_default();
    let shell = samples::shell(language, look, values);
    match samples::pages(values, port(&headers))
        .into_iter()
        .find(|(known, _)| *known == name)
    {
        Some((_, page)) => respond(&shell, &*page),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The same server under another name, which is another origin to a browser.
async fn elsewhere(headers: HeaderMap) -> Response {
    Redirect::to(&format!("http://localhost:{}/landed", port(&headers))).into_response()
}

fn port(headers: &HeaderMap) -> &str {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    host.and_then(|host| host.rsplit_once(':'))
        .map_or("80", |(_, port)| port)
}

fn picture(svg: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "image/svg+xml")], svg)
}
