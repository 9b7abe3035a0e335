//! A clock that stands until it is turned.

use std::sync::atomic::{AtomicI64, Ordering};

use grantor_protocol::env::{Clock, Timestamp};

/// Milliseconds since the epoch.
pub(crate) struct TurnedClock(AtomicI64);

impl TurnedClock {
    pub(crate) fn at(instant: Timestamp) -> Self {
        Self(AtomicI64::new(instant.millis()))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for TurnedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}
