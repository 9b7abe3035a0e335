//! Spans over OTLP/HTTP: one per request, with its route, status, tenant and request id, and nothing of what it carried.
//!
//! Spans are queued and sent in batches by a thread of their own; a collector that is slow or gone costs spans, never
//! requests. What operators may tune beyond the endpoint are the `OTEL_*` variables of the specification.

use std::{pin::Pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
};
use bytes::Bytes;
use http::Method;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use opentelemetry::{
    KeyValue,
    propagation::TextMapPropagator,
    trace::{Span, SpanKind, Status, Tracer, TracerProvider},
};
use opentelemetry_http::{HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{SdkTracer, SdkTracerProvider},
};
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::Handle;

use super::Error;
use crate::{
    app::App,
    hosts::{self, Origin},
    http::context::Connection,
};

/// The header under which every response carries its request's id.
const REQUEST_ID: &str = "x-auth0-requestid";

/// Where collectors listen for spans below their base URL (OTLP/HTTP).
const TRACES_PATH: &str = "/v1/traces";
/// Time for one export; also how long a stop waits.
const EXPORT_TIME: Duration = Duration::from_secs(5);
/// Longest answer of a collector that is read, in bytes.
const MAX_ANSWER_LENGTH: usize = 64 * 1024;

/// The queue of spans and the thread that sends them.
#[derive(Debug)]
pub(super) struct Exporter {
    provider: SdkTracerProvider,
}

/// What the middleware needs.
#[derive(Clone)]
struct Tracing {
    tracer: SdkTracer,
    app: Arc<App>,
}

impl Exporter {
    pub(super) fn start(endpoint: &str) -> Result<Self, Error> {
        let endpoint = endpoint.trim_end_matches('/');
        let endpoint = endpoint.strip_suffix(TRACES_PATH).unwrap_or(endpoint);
        let endpoint = format!("{endpoint}{TRACES_PATH}");
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(Sender::new(endpoint.starts_with("https:"))?)
            .with_endpoint(endpoint)
            .build()
            .map_err(|error| Error::Setup(error.into()))?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let mut resource = Resource::builder();
        // The specification's variable names the service if an operator wants another name.
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name("grantor");
        }
        let provider = SdkTracerProvider::builder()
            .with_resource(resource.with_attribute(version).build())
            .with_batch_exporter(exporter)
            .build();
        Ok(Self { provider })
    }

    pub(super) fn around(&self, router: Router, app: Arc<App>) -> Router {
        let tracer = self.provider.tracer("grantor");
        router.layer(middleware::from_fn_with_state(
            Tracing { tracer, app },
            with_span,
        ))
    }

    pub(super) async fn stop(self) {
        // Waits for its thread, which needs this runtime to send.
        let ended =
            tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(EXPORT_TIME));
        if !matches!(ended.await, Ok(Ok(()))) {
            tracing::warn!("the last spans could not be exported");
        }
    }
}

/// Makes the span of one request, a child of the one that its `traceparent` names (W3C Trace Context).
async fn with_span(State(tracing): State<Tracing>, request: Request, next: Next) -> Response {
    let (method, route) = (
        method_of(request.method()),
        tracing.app.metrics.route_of(request.uri().path()),
    );
    let parent = TraceContextPropagator::new().extract(&HeaderExtractor(request.headers()));
    let builder = tracing
        .tracer
        .span_builder(format!("{method} {route}"))
        .with_kind(SpanKind::Server)
        .with_attributes([
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.route", route),
        ]);
    let mut span = tracing.tracer.build_with_context(builder, &parent);
    if !span.is_recording() {
        return next.run(request).await;
    }
    let origin = origin_of(&request);
    if let Some(tenant) = tenant_of(&tracing.app, origin).await {
        span.set_attribute(KeyValue::new("grantor.tenant", tenant));
    }
    let response = next.run(request).await;
    let status = response.status();
    let code = i64::from(status.as_u16());
    span.set_attribute(KeyValue::new("http.response.status_code", code));
    // Of a server's span, only its own faults are errors.
    if status.is_server_error() {
        span.set_status(Status::error(""));
    }
    let request_id = response.headers().get(REQUEST_ID);
    if let Some(request_id) = request_id.and_then(|value| value.to_str().ok()) {
        span.set_attribute(KeyValue::new("grantor.request_id", request_id.to_owned()));
    }
    span.end();
    response
}

fn origin_of(request: &Request<Body>) -> Option<Origin> {
    let connection = request.extensions().get::<Connection>()?;
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    let arrival = &connection.arrival;
    arrival.origin(connection.peer, request.headers(), authority)
}

/// The tenant of the host that a request arrived on. Found once more than the handler does, so that requests without a
/// span carry nothing for it.
async fn tenant_of(app: &App, origin: Option<Origin>) -> Option<String> {
    let site = hosts::find_site(&app.store, &app.hosts, &origin?).await;
    Some(site.ok()?.tenant.as_str().to_owned())
}

/// The method, if it is one that HTTP defines: a stranger must not make names.
fn method_of(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "_OTHER",
    }
}

/// Sends batches. The exporter's thread is none of the runtime's, so the work is handed over.
#[derive(Debug)]
struct Sender {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    runtime: Handle,
}

impl Sender {
    fn new(tls: bool) -> Result<Self, Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let versions = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::Setup(error.into()))?;
        let trusting = if tls {
            versions.with_native_roots().map_err(Error::Authorities)?
        } else {
            versions.with_root_certificates(RootCertStore::empty())
        };
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(trusting.with_no_client_auth())
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            runtime: Handle::current(),
        })
    }
}

impl HttpClient for Sender {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: http::Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        let answer = self.client.request(request.map(Full::new));
        let exchange = async {
            let (head, body) = answer.await?.into_parts();
            let body = Limited::new(body, MAX_ANSWER_LENGTH).collect().await?;
            Ok(http::Response::from_parts(head, body.to_bytes()))
        };
        let exchange = self
            .runtime
            .spawn(async { tokio::time::timeout(EXPORT_TIME, exchange).await? });
        Box::pin(async { exchange.await? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_somebody_made_up_makes_no_name() {
        assert_eq!(method_of(&Method::PATCH), "PATCH");
        let made_up = Method::from_bytes(b"SECRET-IN-METHOD").unwrap();
        assert_eq!(method_of(&made_up), "_OTHER");
    }
}
