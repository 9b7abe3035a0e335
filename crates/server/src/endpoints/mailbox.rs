//! The development mailbox: mails that no mail server takes, for whoever asks. There is none unless the operator wants it.

use std::sync::Arc;

use askama::Template;
use axum::{
    Router,
    extract::{Extension, Path, State},
    response::{IntoResponse, Response},
    routing::get,
};
use grantor_protocol::{refusal::Refusal, rule::Rule};
use grantor_storage::StoredMail;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

use crate::{
    app::App,
    http::{context::Context, failure::Failure},
    outbound::mail::Letter,
};

/// How many mails are listed.
const LISTED: i64 = 200;

const STYLE: &str = include_str!("../../templates/mailbox/style.css");

/// The pages: nothing but their own style and the frame with the mail.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A mail, which may say anything: no scripts, no forms, no origin; its links may be followed.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; \
    font-src https:; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups \
    allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation";

/// The mailbox's routes; none where there is no mailbox.
pub(super) fn routes(app: &App) -> Router<Arc<App>> {
    if !app.outbox.has_mailbox() {
        return Router::new();
    }
    Router::new()
        .route("/dev/mailbox", get(list))
        .route("/dev/mailbox/{id}", get(show))
        .route("/dev/mailbox/{id}/html", get(show_html))
}

/// A mail as it is shown.
struct Shown {
    id: String,
    at: String,
    letter: Letter,
}

#[derive(Template)]
#[template(path = "mailbox/list.html")]
struct List {
    mails: Vec<Shown>,
    style: &'static str,
}

#[derive(Template)]
#[template(path = "mailbox/mail.html")]
struct View {
    mail: Shown,
    style: &'static str,
}

/// The list, as a page or as JSON.
async fn list(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let mails = app
        .store
        .captured_mails(&context.site.tenant, LISTED)
        .await?;
    let mails: Vec<Shown> = mails.iter().filter_map(Shown::read).collect();
    if wants_json(&headers) {
        let mails: Vec<_> = mails.iter().map(Shown::json).collect();
        return Ok(axum::Json(mails).into_response());
    }
    let page = List {
        mails,
        style: STYLE,
    };
    Ok(html(page.render().unwrap_or_default(), PAGE_POLICY))
}

/// One mail, as a page or as JSON.
async fn show(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let mail = find(&app, &context, &id).await?;
    if wants_json(&headers) {
        return Ok(axum::Json(mail.json()).into_response());
    }
    let page = View { mail, style: STYLE };
    Ok(html(page.render().unwrap_or_default(), PAGE_POLICY))
}

/// The HTML of one mail, for the frame. Its links lead the whole page.
async fn show_html(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let mail = find(&app, &context, &id).await?;
    let body = format!("<!doctype html><base target=\"_top\">{}", mail.letter.html);
    Ok(html(body, MAIL_POLICY))
}

async fn find(app: &App, context: &Context, id: &str) -> Result<Shown, Failure> {
    let found = app
        .store
        .find_captured_mail(&context.site.tenant, id)
        .await?;
    let shown = found.as_ref().and_then(Shown::read);
    shown.ok_or_else(|| Failure::from(Refusal::new(Rule::PathUnknown)))
}

impl Shown {
    fn read(mail: &StoredMail) -> Option<Self> {
        Some(Self {
            id: mail.id.clone(),
            at: mail.created_at.rfc3339(),
            letter: serde_json::from_slice(&mail.content).ok()?,
        })
    }

    fn json(&self) -> serde_json::Value {
        let letter = &self.letter;
        json!({
            "id": self.id,
            "created_at": self.at,
            "template": letter.template,
            "from": letter.from,
            "to": letter.to,
            "subject": letter.subject,
            "text": letter.text,
            "html": letter.html,
        })
    }
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT);
    let accept = accept.and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/json"))
}

fn html(body: String, policy: &'static str) -> Response {
    let mut response = (StatusCode::OK, axum::response::Html(body)).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
