//! A file that outgrows one thing is cut.

use super::sources;

/// Lines of a file, tests included.
const LIMIT: usize = 500;

#[test]
fn no_file_has_more_than_500_lines() {
    let long: Vec<String> = ["crates", "xtask", "bench"]
        .into_iter()
        .flat_map(sources)
        .map(|source| (source.text.lines().count(), source.path))
        .filter(|(lines, _)| *lines > LIMIT)
        .map(|(lines, path)| format!("{path}: {lines}"))
        .collect();
    assert!(long.is_empty(), "more than {LIMIT} lines: {long:#?}");
}
