//! Which crate may know which: dependencies point one way.

use std::collections::{BTreeMap, BTreeSet};

use crate::repository::{read, root};

/// The arrows that are allowed. Tests of any crate may use `testkit` besides.
const ARROWS: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("jose", &[]),
    ("testkit", &[]),
    ("verify", &["jose"]),
    ("storage", &["protocol"]),
    ("management", &["protocol", "storage"]),
    (
        "server",
        &["jose", "management", "protocol", "storage", "verify"],
    ),
    (
        "grantor",
        &[
            "jose",
            "management",
            "protocol",
            "server",
            "storage",
            "verify",
        ],
    ),
];

/// One crate's arrows, as its manifest has them.
#[derive(Default)]
struct Manifest {
    dependencies: BTreeSet<String>,
    in_tests: BTreeSet<String>,
}

fn manifests() -> BTreeMap<String, Manifest> {
    let folders = std::fs::read_dir(root().join("crates")).expect("crates/");
    folders
        .flatten()
        .filter(|folder| folder.path().join("Cargo.toml").exists())
        .map(|folder| {
            let text = read(&folder.path().join("Cargo.toml")).expect("a manifest");
            (
                folder.file_name().to_string_lossy().into_owned(),
                parse(&text),
            )
        })
        .collect()
}

fn parse(text: &str) -> Manifest {
    let mut manifest = Manifest::default();
    let mut section = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[') {
            // "[dependencies.grantor-jose]" is an arrow too.
            let name = name.trim_end_matches(']');
            section = name.to_owned();
            if let Some((table, ours)) = name.rsplit_once(".grantor-") {
                arrow(&mut manifest, table, ours);
            }
        } else if let Some(ours) = line.strip_prefix("grantor-") {
            let end = ours.find(['.', ' ', '=']).unwrap_or(ours.len());
            arrow(&mut manifest, &section, &ours[..end]);
        }
    }
    manifest
}

fn arrow(manifest: &mut Manifest, section: &str, ours: &str) {
    if section.ends_with("dev-dependencies") {
        manifest.in_tests.insert(ours.to_owned());
    } else if section.ends_with("dependencies") {
        manifest.dependencies.insert(ours.to_owned());
    }
}

#[test]
fn dependencies_between_crates_follow_the_table() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    for (name, manifest) in manifests() {
        let allowed = allowed
            .get(name.as_str())
            .unwrap_or_else(|| panic!("{name} is not in the table: argue the crate, then add it"));
        for ours in &manifest.dependencies {
            assert!(
                allowed.contains(&ours.as_str()),
                "{name} must not depend on {ours}"
            );
        }
        for ours in &manifest.in_tests {
            let fine = allowed.contains(&ours.as_str()) || ours == "testkit";
            assert!(fine, "the tests of {name} must not depend on {ours}");
        }
    }
}

#[test]
fn every_crate_of_the_table_exists() {
    let manifests = manifests();
    for (name, _) in ARROWS {
        assert!(
            manifests.contains_key(*name),
            "crates/{name} is gone: take it out of the table"
        );
    }
}

#[test]
fn arrows_are_found_in_every_form_of_a_manifest() {
    let manifest = parse(
        "[dependencies]\ngrantor-a.workspace = true\ngrantor-b = { path = \"x\" }\nserde = \"1\"\n\
         [dependencies.grantor-c]\npath = \"y\"\n[target.'cfg(unix)'.dependencies]\n\
         grantor-d.workspace = true\n[dev-dependencies]\ngrantor-e.workspace = true\n\
         [build-dependencies]\ngrantor-f = \"1\"\n",
    );
    let names: Vec<&str> = manifest.dependencies.iter().map(String::as_str).collect();
    assert_eq!(names, ["a", "b", "c", "d", "f"]);
    assert_eq!(manifest.in_tests.iter().collect::<Vec<_>>(), ["e"]);
}
