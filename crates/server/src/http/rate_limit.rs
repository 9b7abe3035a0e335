//! Token buckets, and the headers that tell a client about them.

use std::{hash::Hash, sync::Arc};

use grantor_protocol::{env::Timestamp, refusal::Refusal, rule::Rule, tenant::TenantId};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::sync::Mutex;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Most buckets that are remembered; the least recently seen is forgotten, that is, full again.
const MAX_BUCKETS: u64 = 20_000;

/// What a request takes from a bucket. A bucket that refills by one request an hour gains one of these each millisecond,
/// so that whole numbers suffice.
const REQUEST: i64 = 3_600_000;

/// A bucket per key; unless it says otherwise, per tenant.
#[derive(Debug)]
pub struct RateLimit<K: Hash + Eq + Send + Sync + 'static = TenantId> {
    burst: u32,
    per_hour: i64,
    buckets: moka::sync::Cache<K, Arc<Mutex<Bucket>>>,
}

#[derive(Debug)]
struct Bucket {
    content: i64,
    filled_at: Timestamp,
}

/// What a bucket holds after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    limit: u32,
    remaining: u32,
    reset_seconds: i64,
}

impl RateLimit {
    /// Buckets that hold what refills in a second; 0 stops every request.
    pub fn new(per_second: u32) -> Self {
        Self::with_burst(per_second, i64::from(per_second) * 60)
    }
}

impl<K: Hash + Eq + Clone + Send + Sync + 'static> RateLimit<K> {
    /// Buckets of `burst` requests that refill by `per_minute`.
    pub fn with_burst(burst: u32, per_minute: i64) -> Self {
        Self {
            burst,
            per_hour: per_minute * 60,
            buckets: moka::sync::Cache::new(MAX_BUCKETS),
        }
    }

    /// Buckets that hold what refills in an hour.
    pub fn per_hour(requests: u32) -> Self {
        Self {
            burst: requests,
            per_hour: i64::from(requests),
            buckets: moka::sync::Cache::new(MAX_BUCKETS),
        }
    }

    /// Takes one request from the bucket of `key`.
    ///
    /// # Errors
    /// [`Rule::RateLimited`] if it is empty; the allowance is there either way.
    pub fn take(&self, key: &K, now: Timestamp) -> (Allowance, Result<(), Refusal>) {
        let full = i64::from(self.burst) * REQUEST;
        let bucket = self.buckets.get(key).unwrap_or_else(|| {
            let new = || {
                Arc::new(Mutex::new(Bucket {
                    content: full,
                    filled_at: now,
                }))
            };
            self.buckets.get_with(key.clone(), new)
        });
        // A poisoned bucket is a number like any other.
        let mut bucket = bucket
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let elapsed = (now.millis() - bucket.filled_at.millis()).max(0);
        let refilled = elapsed.saturating_mul(self.per_hour);
        bucket.content = bucket.content.saturating_add(refilled).min(full);
        bucket.filled_at = now;
        let taken = bucket.content >= REQUEST;
        if taken {
            bucket.content -= REQUEST;
        }
        let allowance = Allowance {
            limit: self.burst,
            remaining: u32::try_from(bucket.content / REQUEST).unwrap_or(u32::MAX),
            reset_seconds: now.seconds() + 1,
        };
        let refusal = || {
            Refusal::new(Rule::RateLimited)
                .with("burst", self.burst)
                .with("per_hour", self.per_hour)
        };
        (allowance, if taken { Ok(()) } else { Err(refusal()) })
    }
}

impl Allowance {
    /// Writes the three headers; the reset is in Unix seconds.
    pub fn write_to(self, headers: &mut HeaderMap) {
        headers.insert(LIMIT, HeaderValue::from(self.limit));
        headers.insert(REMAINING, HeaderValue::from(self.remaining));
        headers.insert(RESET, HeaderValue::from(self.reset_seconds));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_refills_by_the_clock() {
        let limit = RateLimit::new(2);
        let tenant = TenantId::default_tenant();
        let take = |millis| {
            limit
                .take(&tenant, Timestamp::from_millis(millis))
                .1
                .is_ok()
        };
        assert!(take(0) && take(0));
        assert!(!take(0) && !take(499));
        assert!(take(500));
        assert!(!take(501));
        // Never fuller than full, and a clock that is set back takes nothing away.
        assert!(take(60_000) && take(60_000) && !take(60_000));
        assert!(!take(0));
    }

    #[test]
    fn a_bucket_may_refill_slowly() {
        let limit = RateLimit::with_burst(2, 1);
        let take = |seconds| {
            limit
                .take(&"ada", Timestamp::from_seconds(seconds))
                .1
                .is_ok()
        };
        assert!(take(0) && take(0));
        assert!(!take(59));
        assert!(take(60) && !take(60));
    }

    #[test]
    fn a_bucket_may_refill_by_the_hour() {
        let limit = RateLimit::per_hour(50);
        let take = |seconds| {
            limit
                .take(&"ada", Timestamp::from_seconds(seconds))
                .1
                .is_ok()
        };
        assert!((0..50).all(|_| take(0)) && !take(71));
        assert!(take(72) && !take(72));
    }

    #[test]
    fn tenants_do_not_share_a_bucket() {
        let limit = RateLimit::new(1);
        let now = Timestamp::from_millis(0);
        assert!(limit.take(&TenantId::parse("a").unwrap(), now).1.is_ok());
        assert!(limit.take(&TenantId::parse("a").unwrap(), now).1.is_err());
        assert!(limit.take(&TenantId::parse("b").unwrap(), now).1.is_ok());
    }

    #[test]
    fn the_headers_are_whole_numbers() {
        let (allowance, _) =
            RateLimit::new(5).take(&TenantId::default_tenant(), Timestamp::from_millis(10_500));
        let mut headers = HeaderMap::new();
        allowance.write_to(&mut headers);
        let number = |name: &str| headers[name].to_str().unwrap().parse::<i64>().unwrap();
        assert_eq!(
            (
                number("x-ratelimit-limit"),
                number("x-ratelimit-remaining"),
                number("x-ratelimit-reset")
            ),
            (5, 4, 11)
        );
    }
}
