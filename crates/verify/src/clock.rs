//! Where the time comes from.

use std::time::{SystemTime, UNIX_EPOCH};

/// The clock. Any `Fn() -> i64` that gives Unix milliseconds is one.
pub trait Clock: Send + Sync {
    /// Milliseconds since the Unix epoch.
    fn unix_millis(&self) -> i64;
}

impl<F: Fn() -> i64 + Send + Sync> Clock for F {
    fn unix_millis(&self) -> i64 {
        self()
    }
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this crate's one place that reads the clock"
    )]
    fn unix_millis(&self) -> i64 {
        // A clock before 1970 counts as 1970: every token is then not valid yet, none is valid for too long.
        let elapsed = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
    }
}
