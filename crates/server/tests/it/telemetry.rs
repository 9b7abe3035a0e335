//! What the server says of itself: spans with the facts of a request, and a log; neither with anything secret.

mod secrets;

use std::{net::SocketAddr, path::Path, time::Duration};

use axum::{Router, routing::post};
use grantor_server::{
    config::{Config, Values},
    env,
    serve::Server,
};
use http::{HeaderMap, Request, StatusCode, Version};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::Bytes,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value},
    trace::v1::{Span, span::SpanKind},
};
use prost::Message;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// A collector: an HTTP server that takes in what is exported.
struct Collector {
    url: String,
    exports: mpsc::UnboundedReceiver<Bytes>,
}

impl Collector {
    async fn listen() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let (sender, exports) = mpsc::unbounded_channel();
        let take = move |body: Bytes| async move { sender.send(body).unwrap() };
        let router = Router::new().route("/v1/traces", post(take));
        tokio::spawn(async { axum::serve(socket, router).await });
        Self { url, exports }
    }

    /// Everything that has arrived, as it came.
    fn exports(&mut self) -> Vec<Bytes> {
        std::iter::from_fn(|| self.exports.try_recv().ok()).collect()
    }
}

/// The spans of an export that is the service's own.
fn spans(export: &Bytes) -> Vec<Span> {
    let decoded = ExportTraceServiceRequest::decode(export.clone()).unwrap();
    let resources = decoded.resource_spans.into_iter();
    resources
        .flat_map(|resource| {
            let attributes = resource.resource.unwrap().attributes;
            assert_eq!(text(&attributes, "service.name"), Some("grantor"));
            resource
                .scope_spans
                .into_iter()
                .flat_map(|scope| scope.spans)
        })
        .collect()
}

fn value<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a any_value::Value> {
    let found = attributes.iter().find(|attribute| attribute.key == name)?;
    found.value.as_ref()?.value.as_ref()
}

fn text<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a str> {
    match value(attributes, name)? {
        any_value::Value::StringValue(text) => Some(text),
        other => panic!("{name} is {other:?}"),
    }
}

fn config(directory: &Path, settings: &[(&str, toml::Value)]) -> Config {
    let mut values = Values::default();
    values
        .set("server.listen", "127.0.0.1:0".into(), "the test")
        .unwrap();
    for (key, value) in settings {
        values.set(key, value.clone(), "the test").unwrap();
    }
    values.into_config(directory.to_owned())
}

/// What a server answered.
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Reply {
    fn member(&self, name: &str) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        body[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name} in {body}"))
            .to_owned()
    }
}

/// Sends one request over a connection of its own.
async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Reply
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let io = TokioIo::new(stream);
    let response = if request.version() == Version::HTTP_2 {
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    } else {
        let (mut sender, connection) = http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    };
    let (head, body) = response.into_parts();
    Reply {
        status: head.status,
        headers: head.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

async fn plain(address: SocketAddr, request: http::request::Builder, body: &str) -> Reply {
    let stream = TcpStream::connect(address).await.unwrap();
    let request = request.header("host", address.to_string());
    exchange(stream, request.body(body.to_owned().into()).unwrap()).await
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// W3C Trace Context §3.2; the attributes are those of OpenTelemetry's conventions for HTTP servers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_makes_a_span_with_route_status_tenant_and_request_id() {
    let mut collector = Collector::listen().await;
    let directory = tempfile::tempdir().unwrap();
    let settings = [
        ("server.http", true.into()),
        ("telemetry.otlp_endpoint", collector.url.clone().into()),
    ];
    let server = Server::start(&config(directory.path(), &settings), env::system())
        .await
        .unwrap();
    let address = server.address;

    let token = Request::post("/oauth/token?probe=query-0123456789")
        .header("traceparent", format!("00-{TRACE}-{PARENT}-01"))
        .header("authorization", "Basic Y2xpZW50OmJhc2ljLTAxMjM0NTY3ODk=")
        .header("content-type", "application/x-www-form-urlencoded");
    let form = "grant_type=client_credentials&audience=a&client_secret=body-0123456789";
    let refused = plain(address, token, form).await;
    let keys = Request::get("/.well-known/jwks.json");
    assert_eq!(plain(address, keys, "").await.status, 200);
    let unsampled = Request::get("/.well-known/openid-configuration")
        .header("traceparent", format!("00-{TRACE}-{PARENT}-00"));
    assert_eq!(plain(address, unsampled, "").await.status, 200);
    let stranger = Request::get("/anything-0123456789");
    let stranger = stranger.header("host", "stranger.test");
    assert_eq!(plain(address, stranger, "").await.status, 404);
    server.stop().await;

    let exports = collector.exports();
    let spans: Vec<Span> = exports.iter().flat_map(spans).collect();
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "POST /oauth/token",
            "GET /.well-known/jwks.json",
            "GET other"
        ]
    );
    let span = &spans[0];
    let trace = u128::from_be_bytes(span.trace_id[..].try_into().unwrap());
    let parent = u64::from_be_bytes(span.parent_span_id[..].try_into().unwrap());
    assert_eq!(
        (
            format!("{trace:032x}").as_str(),
            format!("{parent:016x}").as_str()
        ),
        (TRACE, PARENT)
    );
    assert_eq!(span.kind, SpanKind::Server as i32);
    assert!(0 < span.start_time_unix_nano && span.start_time_unix_nano <= span.end_time_unix_nano);
    let attributes = &span.attributes;
    assert_eq!(text(attributes, "http.route"), Some("/oauth/token"));
    assert_eq!(text(attributes, "http.request.method"), Some("POST"));
    assert_eq!(text(attributes, "grantor.tenant"), Some("default"));
    assert_eq!(
        text(attributes, "grantor.request_id"),
        Some(refused.headers["x-auth0-requestid"].to_str().unwrap())
    );
    assert_eq!(
        value(attributes, "http.response.status_code"),
        Some(&any_value::Value::IntValue(refused.status.as_u16().into()))
    );
    assert!(spans[1].parent_span_id.is_empty(), "its own trace");
    for export in &exports {
        let export = String::from_utf8_lossy(export);
        for secret in ["0123456789", "Y2xpZW50OmJhc2lj"] {
            assert!(!export.contains(secret), "{secret} in {export}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_gone_costs_no_request() {
    let gone = {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", socket.local_addr().unwrap())
    };
    let directory = tempfile::tempdir().unwrap();
    let settings = [
        ("server.http", true.into()),
        ("telemetry.otlp_endpoint", gone.into()),
    ];
    let server = Server::start(&config(directory.path(), &settings), env::system())
        .await
        .unwrap();
    for _ in 0..3 {
        let keys = Request::get("/.well-known/jwks.json");
        assert_eq!(plain(server.address, keys, "").await.status, 200);
    }
    let stopped = tokio::time::timeout(Duration::from_secs(30), server.stop()).await;
    assert!(stopped.is_ok(), "stopping waits for no collector");
}
