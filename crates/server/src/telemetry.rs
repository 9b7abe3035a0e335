//! What the server says about itself: its own log, to standard error, and spans for a collector. Neither holds a secret.

#[cfg(feature = "opentelemetry")]
mod otlp;

use std::{io::IsTerminal, sync::Arc};

use axum::Router;
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{app::App, config::Config};

/// Libraries whose more talkative levels print what they send and receive; `log.level` turns them on by name alone.
const QUIET: [&str; 1] = ["opentelemetry=warn"];

/// Starts logging in `format` (`text` or `json`; none means text on a terminal and JSON elsewhere), filtered by `level`.
///
/// # Errors
/// The text of what is wrong with `level`.
pub fn start(format: Option<&str>, level: &str) -> Result<(), String> {
    let filter = filter(level).map_err(|error| format!("log.level: {error}"))?;
    let terminal = std::io::stderr().is_terminal();
    let text = format.map_or(terminal, |format| format == "text");
    let registry = tracing_subscriber::registry().with(filter);
    let started = if text {
        registry
            .with(
                fmt::layer()
                    .with_writer(std::io::stderr)
                    .with_ansi(terminal)
                    .with_target(false),
            )
            .try_init()
    } else {
        registry
            .with(
                fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_writer(std::io::stderr),
            )
            .try_init()
    };
    started.map_err(|error| error.to_string())
}

/// The filter that `level` means; what it says of a library by name comes last and counts.
fn filter(level: &str) -> Result<EnvFilter, tracing_subscriber::filter::ParseError> {
    let directives: Vec<&str> = QUIET.into_iter().chain(level.split(',')).collect();
    EnvFilter::try_new(directives.join(","))
}

/// Why no spans can be exported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This program was built without.
    #[error(
        "telemetry.otlp_endpoint is set, but this program was built without the feature `opentelemetry`"
    )]
    NotBuilt,
    /// The system has no certificates to check an `https` collector with.
    #[error("the system's certificate authorities cannot be read")]
    Authorities(#[source] std::io::Error),
    /// TLS or the exporter does not come up.
    #[error("the exporter cannot be set up")]
    Setup(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The spans of requests, on their way to a collector; or none, and then a request does not touch this at all.
#[derive(Debug, Default)]
pub struct Traces {
    #[cfg(feature = "opentelemetry")]
    exporter: Option<otlp::Exporter>,
}

impl Traces {
    /// Begins to export to the collector that `config` names, if it names one. Needs the runtime.
    ///
    /// # Errors
    /// An [`Error`] that says why spans cannot be exported. That the collector does not answer is none.
    #[cfg(feature = "opentelemetry")]
    pub fn start(config: &Config) -> Result<Self, Error> {
        let endpoint = config.otlp_endpoint.as_deref();
        let exporter = endpoint.map(otlp::Exporter::start).transpose()?;
        Ok(Self { exporter })
    }

    /// Begins nothing: this program was built without.
    ///
    /// # Errors
    /// [`Error::NotBuilt`] if `config` names a collector.
    #[cfg(not(feature = "opentelemetry"))]
    pub fn start(config: &Config) -> Result<Self, Error> {
        match config.otlp_endpoint {
            Some(_) => Err(Error::NotBuilt),
            None => Ok(Self::default()),
        }
    }

    /// `router` with a span around each request; as it is if nothing is exported.
    pub fn around(&self, router: Router, app: &Arc<App>) -> Router {
        #[cfg(feature = "opentelemetry")]
        if let Some(exporter) = &self.exporter {
            return exporter.around(router, Arc::clone(app));
        }
        let _ = app;
        router
    }

    /// Exports what waits, and ends.
    #[cfg_attr(
        not(feature = "opentelemetry"),
        expect(clippy::unused_async, reason = "the other build waits here")
    )]
    pub async fn stop(self) {
        #[cfg(feature = "opentelemetry")]
        if let Some(exporter) = self.exporter {
            exporter.stop().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_quiet_unless_it_is_named() {
        let shown = |level| filter(level).unwrap().to_string();
        assert!(
            shown("trace").contains("opentelemetry=warn"),
            "{}",
            shown("trace")
        );
        assert!(
            shown("info,opentelemetry=trace").contains("opentelemetry=trace"),
            "{}",
            shown("info,opentelemetry=trace")
        );
        assert!(filter("info,grantor=loud").is_err());
    }

    #[cfg(not(feature = "opentelemetry"))]
    #[test]
    fn a_collector_that_this_build_cannot_serve_stops_the_start() {
        let mut values = crate::config::Values::default();
        let url = "http://127.0.0.1:4318".into();
        values
            .set("telemetry.otlp_endpoint", url, "the test")
            .unwrap();
        let config = values.into_config("data".into());
        assert!(matches!(Traces::start(&config), Err(Error::NotBuilt)));
    }
}
