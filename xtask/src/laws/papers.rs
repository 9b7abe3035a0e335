//! The papers of the house say what is there.

use std::collections::BTreeSet;

use crate::{
    coverage,
    repository::{files, read, relative, root},
};

/// Words between backticks that look like a path of the working tree.
fn paths_in(text: &str) -> BTreeSet<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted
        .filter(|word| {
            word.contains('/') && !word.contains([' ', '<', '{', ':', '*', '…', '$', '\n'])
        })
        .filter(|word| {
            ["crates/", "docs/", "tests/", "bench/", "xtask/", ".ci/"]
                .iter()
                .any(|start| word.starts_with(start))
        })
        .collect()
}

#[test]
fn names_in_the_papers_exist() {
    let papers = [
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "README.md",
    ];
    for paper in papers {
        let text = read(&root().join(paper)).expect("a paper");
        for path in paths_in(&text) {
            assert!(
                root().join(path).exists(),
                "{paper} names {path}, which is not there"
            );
        }
    }
}

#[test]
fn names_of_code_in_the_architecture_exist() {
    let text = read(&root().join("ARCHITECTURE.md")).expect("a paper");
    let code: String = super::sources("crates")
        .into_iter()
        .map(|source| source.text)
        .collect();
    // `storage::Batch` or `Rule::spec`: the last part must be a word of the code.
    for name in text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.contains("::"))
    {
        let last = name
            .rsplit("::")
            .next()
            .unwrap_or(name)
            .trim_end_matches("()");
        let is_path = name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_:()".contains(c));
        assert!(
            !is_path || code.contains(last),
            "ARCHITECTURE.md names {name}"
        );
    }
}

#[test]
fn links_between_the_papers_lead_somewhere() {
    for path in files(&root(), &["md"]) {
        let text = read(&path).expect("a paper");
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || target.contains("://") || target.contains(' ') {
                continue;
            }
            let to = path.parent().expect("a folder").join(file);
            assert!(to.exists(), "{} links to {target}", relative(&path));
        }
    }
}

#[test]
fn decision_records_are_numbered_without_a_gap_and_have_the_same_parts() {
    let records = files(&root().join("docs/decisions"), &["md"]);
    assert!(!records.is_empty(), "no decision record was found");
    for (index, path) in records.iter().enumerate() {
        let name = relative(path);
        let number = format!("docs/decisions/{:04}-", index + 1);
        assert!(
            name.starts_with(&number),
            "{name} should start with {number}"
        );
        let text = read(path).expect("a record");
        for part in [
            "## Context",
            "## Options",
            "## Decision",
            "## How we would notice",
        ] {
            assert!(text.contains(part), "{name} lacks {part}");
        }
    }
}

#[test]
fn the_coverage_page_is_current() {
    let page = read(&coverage::path()).expect("docs/coverage.md");
    let current = coverage::page().expect("the lists can be read") == page;
    assert!(
        current,
        "docs/coverage.md is out of date: run `cargo xtask coverage`"
    );
}

#[test]
fn every_configuration_key_is_in_the_reference() {
    let list = read(&root().join("crates/server/src/config/settings.rs")).expect("the settings");
    let (_, list) = list.split_once("pub const ALL").expect("the list");
    let reference = read(&root().join("docs/configuration.md")).expect("the reference");
    let is_key = |text: &&str| {
        let parts: Vec<&str> = text.split('.').collect();
        let plain = |part: &&str| part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        parts.len() == 2 && parts.iter().all(|part| !part.is_empty()) && parts.iter().all(plain)
    };
    let keys: Vec<&str> = list.split('"').skip(1).step_by(2).filter(is_key).collect();
    assert!(keys.len() > 10, "the list was not read: {keys:?}");
    for key in keys {
        assert!(
            reference.contains(&format!("`{key}`")),
            "docs/configuration.md lacks {key}"
        );
    }
}
