//! Which operation a request means.

use std::sync::LazyLock;

use crate::{
    pending::{self, PendingRoute},
    query::decode,
    resource::{Action, Compiled, Identity, Operation, RESOURCES},
};

/// Longest path segment, in bytes, before decoding.
const MAX_SEGMENT: usize = 4_096;

/// An operation at its full path.
pub(crate) struct Route {
    pub(crate) path: String,
    pub(crate) compiled: &'static Compiled,
    pub(crate) operation: &'static Operation,
}

/// Every implemented operation.
pub(crate) static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let compiled = RESOURCES.iter();
    let routes = compiled.flat_map(|compiled| {
        compiled
            .resource
            .operations
            .iter()
            .map(move |operation| Route {
                path: full_path(compiled, operation),
                compiled,
                operation,
            })
    });
    routes.collect()
});

fn full_path(compiled: &Compiled, operation: &Operation) -> String {
    let base = compiled.resource.path;
    let on_one = matches!(
        operation.action,
        Action::Find | Action::Update | Action::Replace | Action::Delete
    );
    let is_collection = matches!(
        compiled.resource.identity,
        Identity::Made { .. } | Identity::Named { .. }
    );
    match operation.path {
        "" if on_one && is_collection => format!("{base}/{{id}}"),
        "" => base.to_owned(),
        path => path.to_owned(),
    }
}

/// What a path leads to.
pub(crate) enum Found {
    /// An implemented operation and the segments that its path leaves open.
    Route(&'static Route, Vec<Segment>),
    /// A route of the compatible API that is still to come.
    Pending(&'static PendingRoute),
    /// The path is known, the method is not.
    OtherMethod,
    /// Nothing.
    Nothing,
}

/// A segment of the path that stands for an id.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    /// The readings, from once decoded to stable: some clients encode an API's identifier twice.
    pub(crate) readings: Vec<String>,
}

impl Segment {
    fn read(raw: &str) -> Self {
        let mut readings = vec![decode(raw).into_owned()];
        while let Some(last) = readings.last() {
            let next = decode(last).into_owned();
            if next == *last || 5 < readings.len() {
                break;
            }
            readings.push(next);
        }
        Self { readings }
    }

    /// The first reading, which is what a client that encodes once means.
    pub(crate) fn text(&self) -> &str {
        self.readings.first().map_or("", String::as_str)
    }
}

/// Finds the operation for `method` on `path`. A literal segment wins over an open one.
pub(crate) fn find(method: &str, path: &str) -> Found {
    let path = path.strip_suffix('/').unwrap_or(path);
    let segments: Vec<&str> = path.split('/').collect();
    if segments.iter().any(|segment| MAX_SEGMENT < segment.len()) {
        return Found::Nothing;
    }
    let routes = ROUTES
        .iter()
        .filter(|route| matches(&route.path, &segments));
    let literal = |path: &str| path.matches('{').count();
    let best =
        |routes: Vec<&'static Route>| routes.into_iter().min_by_key(|route| literal(&route.path));
    let (same, other): (Vec<_>, Vec<_>) =
        routes.partition(|route| route.operation.method == method);
    let implemented = best(same);
    let pending = pending::ROUTES
        .iter()
        .filter(|route| route.method == method && matches(route.path, &segments))
        .min_by_key(|route| literal(route.path));
    match (implemented, pending) {
        (Some(route), Some(pending)) if literal(pending.path) < literal(&route.path) => {
            Found::Pending(pending)
        }
        (Some(route), _) => Found::Route(route, open_segments(&route.path, &segments)),
        (None, Some(pending)) => Found::Pending(pending),
        (None, None) if !other.is_empty() => Found::OtherMethod,
        (None, None) => Found::Nothing,
    }
}

fn matches(path: &str, segments: &[&str]) -> bool {
    let mut expected = path.split('/');
    segments.iter().all(|segment| match expected.next() {
        Some(open) if open.starts_with('{') => !segment.is_empty(),
        Some(literal) => literal == *segment,
        None => false,
    }) && expected.next().is_none()
}

fn open_segments(path: &str, segments: &[&str]) -> Vec<Segment> {
    let pairs = path.split('/').zip(segments);
    pairs
        .filter(|(expected, _)| expected.starts_with('{'))
        .map(|(_, segment)| Segment::read(segment))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_decoded_until_it_is_stable() {
        let twice = Segment::read("https:%252F%252Fapi.test%252F");
        assert_eq!(
            twice.readings,
            ["https:%2F%2Fapi.test%2F", "https://api.test/"]
        );
        assert_eq!(Segment::read("plain").readings, ["plain"]);
    }

    #[test]
    fn a_literal_segment_wins_over_an_open_one() {
        let expected = ["", "custom-domains", "default"];
        assert!(matches("/custom-domains/default", &expected));
        assert!(matches("/custom-domains/{id}", &expected));
        assert!(!matches("/custom-domains", &expected));
        assert!(!matches("/custom-domains/{id}/verify", &expected));
    }
}
