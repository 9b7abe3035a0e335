//! Token buckets per tenant, and the headers that tell a client about them.

use std::sync::Arc;

use grantor_protocol::{env::Timestamp, refusal::Refusal, rule::Rule, tenant::TenantId};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::sync::Mutex;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Most tenants whose buckets are remembered; the least recently seen is forgotten, that is, full again.
const MAX_BUCKETS: u64 = 20_000;

/// One bucket per tenant: as large as what refills in a second.
#[derive(Debug)]
pub struct RateLimit {
    per_second: u32,
    buckets: moka::sync::Cache<TenantId, Arc<Mutex<Bucket>>>,
}

/// Thousandths of a request, so that whole numbers suffice.
#[derive(Debug)]
struct Bucket {
    thousandths: i64,
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
    /// Buckets of `per_second` requests; 0 stops every request.
    pub fn new(per_second: u32) -> Self {
        Self {
            per_second,
            buckets: moka::sync::Cache::new(MAX_BUCKETS),
        }
    }

    /// Takes one request from the bucket of `tenant`.
    ///
    /// # Errors
    /// [`Rule::RateLimited`] if it is empty; the allowance is there either way.
    pub fn take(&self, tenant: &TenantId, now: Timestamp) -> (Allowance, Result<(), Refusal>) {
        let full = i64::from(self.per_second) * 1000;
        let bucket = self.buckets.get(tenant).unwrap_or_else(|| {
            let new = || {
                Arc::new(Mutex::new(Bucket {
                    thousandths: full,
                    filled_at: now,
                }))
            };
            self.buckets.get_with(tenant.clone(), new)
        });
        // A poisoned bucket is a number like any other.
        let mut bucket = bucket
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let elapsed = (now.millis() - bucket.filled_at.millis()).max(0);
        let refilled = elapsed.saturating_mul(i64::from(self.per_second));
        bucket.thousandths = bucket.thousandths.saturating_add(refilled).min(full);
        bucket.filled_at = now;
        let taken = bucket.thousandths >= 1000;
        if taken {
            bucket.thousandths -= 1000;
        }
        let allowance = Allowance {
            limit: self.per_second,
            remaining: u32::try_from(bucket.thousandths / 1000).unwrap_or(u32::MAX),
            reset_seconds: now.seconds() + 1,
        };
        let refusal = || {
            Refusal::new(Rule::RateLimited)
                .with("tenant", tenant)
                .with("per_second", self.per_second)
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
