//! What is known of a request before its handler runs, and what every response carries.

use std::{net::IpAddr, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use grantor_protocol::{
    env::{IdForm, Timestamp},
    refusal::Refusal,
    rule::Rule,
};
use grantor_storage::Device;
use http::{HeaderName, HeaderValue, header};

use crate::{
    app::App,
    env::Stopwatch,
    hosts::{self, Arrival, Origin, Site},
    http::failure::Failure,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-auth0-requestid");

/// Where a connection came from; put into each of its requests by the listener.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The other end.
    pub peer: IpAddr,
    /// How it arrived.
    pub arrival: Arrival,
}

/// What is known of a request before its handler runs.
#[derive(Clone, Debug)]
pub struct Context {
    /// Under which client and administrator can quote it: 20 hexadecimal digits.
    pub request_id: Arc<str>,
    /// When it arrived; the clock is read once.
    pub now: Timestamp,
    /// The tenant and issuer.
    pub site: Arc<Site>,
    /// The host it arrived on.
    pub host: Arc<str>,
    /// The address of the client.
    pub client_ip: IpAddr,
    /// What it says of itself.
    pub user_agent: Option<HeaderValue>,
}

impl Context {
    /// From where the request came, as it is kept with what comes of it.
    pub fn device(&self) -> Device {
        let user_agent = self.user_agent.as_ref().map(HeaderValue::to_str);
        Device {
            ip: self.client_ip.to_string(),
            user_agent: user_agent
                .and_then(Result::ok)
                .unwrap_or_default()
                .to_owned(),
        }
    }
}

/// Finds the tenant, runs the handler, and writes the headers of every response.
pub async fn with_context(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let watch = Stopwatch::start();
    let request_id: Arc<str> = app.env.id(IdForm::Hex(20)).into();
    let route = app.metrics.route_of(request.uri().path());
    let mut secure = true;
    let user_agent = request.headers().get(header::USER_AGENT).cloned();
    let found = match origin(&request) {
        Ok(origin) => find(&app, (origin, user_agent), &request_id).await,
        Err(failure) => Err(failure),
    };
    let mut response = match found {
        Ok(context) => {
            secure = context.site.issuer.as_str().starts_with("https:");
            request.extensions_mut().insert(context);
            next.run(request).await
        }
        Err(failure) => failure.into_response(),
    };
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if secure {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
    }
    let status = response.status();
    app.metrics.observe(route, status.as_u16(), watch.seconds());
    tracing::debug!(
        request_id = &*request_id,
        route,
        status = status.as_u16(),
        "answered"
    );
    response
}

fn origin(request: &Request<Body>) -> Result<Origin, Failure> {
    let unknown = || Failure::from(Refusal::new(Rule::HostUnknown));
    let connection = request
        .extensions()
        .get::<Connection>()
        .ok_or_else(unknown)?;
    // HTTP/2 has the host in the pseudo-header, HTTP/1 in the Host header.
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    connection
        .arrival
        .origin(connection.peer, request.headers(), authority)
        .ok_or_else(unknown)
}

async fn find(
    app: &App,
    (origin, user_agent): (Origin, Option<HeaderValue>),
    request_id: &Arc<str>,
) -> Result<Context, Failure> {
    let site = hosts::find_site(&app.store, &app.hosts, &origin).await?;
    Ok(Context {
        request_id: Arc::clone(request_id),
        now: app.env.now(),
        site: Arc::new(site),
        host: origin.host.into(),
        client_ip: origin.client_ip,
        user_agent,
    })
}
