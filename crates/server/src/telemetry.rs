//! The server's own log: structured, to standard error, without secrets.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts logging in `format` (`text` or `json`; none means text on a terminal and JSON elsewhere), filtered by `level`.
///
/// # Errors
/// The text of what is wrong with `level`.
pub fn start(format: Option<&str>, level: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(level).map_err(|error| format!("log.level: {error}"))?;
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
