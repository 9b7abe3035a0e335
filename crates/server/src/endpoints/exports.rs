//! `/exports/{id}`: the file of an export of users, piece by piece.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context as Task, Poll},
};

use axum::{
    body::Body,
    extract::{Extension, OriginalUri, Path, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use grantor_protocol::{refusal::Refusal, rule::Rule, secret::Secret, tenant::TenantId};
use http::{HeaderName, HeaderValue, header};
use hyper::body::Frame;
use tokio::sync::mpsc;

use crate::{
    app::App,
    http::{context::Context, failure::Failure},
};

/// `GET /exports/{id}?expires=…&signature=…`.
pub(super) async fn answer(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    Path(id): Path<String>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Failure> {
    let tenant = context.site.tenant.clone();
    let (mut expires, mut signature) = (0, Secret::new(String::new()));
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        match &*name {
            "expires" => expires = value.parse().unwrap_or(0),
            "signature" => signature = Secret::new(value.into_owned()),
            _ => {}
        }
    }
    let proof = (expires, &signature);
    let found = app
        .management
        .exported_file(&tenant, &id, proof, context.now)
        .await?;
    let Some(name) = found else {
        return Err(Refusal::new(Rule::PathUnknown).into());
    };
    let (sender, pieces) = mpsc::channel(1);
    tokio::spawn(send(app, tenant, id, sender));
    let mut response = Body::new(Pieces(pieces)).into_response();
    let disposition = format!("attachment; filename=\"{name}\"");
    let disposition = HeaderValue::from_str(&disposition);
    let headers: [(HeaderName, HeaderValue); 3] = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/gzip"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::CONTENT_DISPOSITION,
            disposition.unwrap_or_else(|_| HeaderValue::from_static("attachment")),
        ),
    ];
    response.headers_mut().extend(headers);
    Ok(response)
}

/// Reads one piece after the other, as fast as they are taken.
async fn send(
    app: Arc<App>,
    tenant: TenantId,
    id: String,
    sender: mpsc::Sender<Result<Bytes, grantor_storage::Error>>,
) {
    for after in -1.. {
        let piece = app.management.exported_piece(&tenant, &id, after).await;
        let (piece, last) = match piece {
            Ok(Some(piece)) => (Ok(Bytes::from(piece)), false),
            Ok(None) => return,
            // The connection breaks, so that nobody takes half a file for a whole one.
            Err(error) => (Err(error), true),
        };
        if sender.send(piece).await.is_err() || last {
            return;
        }
    }
}

/// A body of pieces that arrive one by one.
struct Pieces(mpsc::Receiver<Result<Bytes, grantor_storage::Error>>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = grantor_storage::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Task<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let piece = self.0.poll_recv(task);
        piece.map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
