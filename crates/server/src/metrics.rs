//! What Prometheus scrapes.

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

/// The routes that are told apart; everything else is `other`, so that a scanner cannot make labels.
const ROUTES: &[&str] = &[
    "/oauth/token",
    "/.well-known/jwks.json",
    "/.well-known/openid-configuration",
    "/health/live",
    "/health/ready",
];

/// Upper bounds of the duration histogram, in seconds.
const BOUNDS: [f64; 10] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0,
];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabel {
    route: &'static str,
}

/// The metrics and their registry.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    seconds: Family<RouteLabel, Histogram>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("grantor");
        let requests = Family::<Labels, Counter>::default();
        let seconds =
            Family::<RouteLabel, Histogram>::new_with_constructor(|| Histogram::new(BOUNDS));
        registry.register(
            "http_requests",
            "Requests answered, by route and status",
            requests.clone(),
        );
        registry.register(
            "http_request_duration_seconds",
            "Time from request to answer",
            seconds.clone(),
        );
        Self {
            registry,
            requests,
            seconds,
        }
    }
}

impl Metrics {
    /// The label of `path`.
    pub fn route_of(&self, path: &str) -> &'static str {
        if path.starts_with("/api/v2/") {
            return "/api/v2";
        }
        ROUTES
            .iter()
            .find(|route| **route == path)
            .copied()
            .unwrap_or("other")
    }

    /// Counts one answer.
    pub fn observe(&self, route: &'static str, status: u16, seconds: f64) {
        self.requests.get_or_create(&Labels { route, status }).inc();
        self.seconds
            .get_or_create(&RouteLabel { route })
            .observe(seconds);
    }

    /// The metrics in OpenMetrics text.
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_path_makes_no_label() {
        let metrics = Metrics::default();
        metrics.observe(metrics.route_of("/oauth/token"), 200, 0.001);
        metrics.observe(metrics.route_of("/../../etc/passwd"), 404, 0.001);
        let text = metrics.render();
        assert!(
            text.contains("grantor_http_requests_total{route=\"/oauth/token\",status=\"200\"} 1"),
            "{text}"
        );
        assert!(
            text.contains("route=\"other\",status=\"404\"") && !text.contains("passwd"),
            "{text}"
        );
    }
}
