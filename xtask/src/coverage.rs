//! `docs/coverage.md`: which acceptance checks are proven, read from the names of the tests.
//!
//! The identifiers are those of `docs/acceptance-ids.txt`. A test proves T6.3-2 by having `t6_3_2`
//! in its name. Nothing is recorded by hand, so nothing can claim a proof that is not there.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};

use crate::{Outcome, repository, say};

/// Writes the page, or says that it is out of date.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let page = page()?;
    let path = path();
    if arguments.first().is_some_and(|first| first == "--check") {
        return if repository::read(&path)? == page {
            say("docs/coverage.md is current")
        } else {
            Err("docs/coverage.md is out of date: run `cargo xtask coverage`".to_owned())
        };
    }
    fs::write(&path, &page).map_err(|error| format!("docs/coverage.md: {error}"))?;
    say(page
        .lines()
        .find(|line| line.contains("acceptance checks are"))
        .unwrap_or_default())
}

/// Where the page is.
pub(crate) fn path() -> PathBuf {
    repository::root().join("docs/coverage.md")
}

/// The page as it should read.
pub(crate) fn page() -> Outcome<String> {
    let list = repository::read(&repository::root().join("docs/acceptance-ids.txt"))?;
    let topics = topics(&list)?;
    Ok(render(&topics, &proofs(&topics, &tests()?)))
}

/// A topic and the identifiers of its checks.
#[derive(Debug, PartialEq, Eq)]
struct Topic {
    heading: String,
    checks: Vec<String>,
}

fn topics(list: &str) -> Outcome<Vec<Topic>> {
    let mut topics: Vec<Topic> = Vec::new();
    for line in list
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some((key, title)) = line.split_once(": ") {
            let heading = format!("{key} · {title}");
            topics.push(Topic {
                heading,
                checks: Vec::new(),
            });
        } else if let Some(topic) = topics.last_mut() {
            topic.checks.push(line.to_owned());
        } else {
            return Err(format!(
                "docs/acceptance-ids.txt: {line} stands before any topic"
            ));
        }
    }
    Ok(topics)
}

/// A test: its name and the file that holds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Test {
    name: String,
    file: String,
}

/// All tests of the workspace and the outside tests.
fn tests() -> Outcome<Vec<Test>> {
    let root = repository::root();
    let mut found = Vec::new();
    for folder in ["crates", "tests"] {
        for path in repository::files(&root.join(folder), &["rs", "py"]) {
            let text = repository::read(&path)?;
            let is_rust = path.extension().is_some_and(|extension| extension == "rs");
            let names = if is_rust {
                rust_tests(&text)
            } else {
                python_tests(&text)
            };
            let file = repository::relative(&path);
            found.extend(names.into_iter().map(|name| Test {
                name,
                file: file.clone(),
            }));
        }
    }
    found.sort();
    Ok(found)
}

/// Functions under an attribute that makes them a test (`#[test]`, `#[tokio::test]` …), and those that a macro of ours
/// runs on both engines: listed in `on_both_engines!`, or written in `on_both!`.
fn rust_tests(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut is_test, mut within) = (false, None);
    for line in text.lines() {
        match (within, line) {
            (None, "on_both_engines!(" | "on_both! {") => {
                within = Some(line);
                continue;
            }
            (Some("on_both_engines!("), ");") | (Some("on_both! {"), "}") => within = None,
            (Some("on_both_engines!("), listed) => names.push(identifier(listed.trim()).to_owned()),
            _ => {}
        }
        let line = line.trim();
        if line.starts_with("#[") {
            is_test |= line.contains("test]") || line.contains("test(");
        } else if let Some((_, rest)) = line.split_once("fn ") {
            if is_test || within.is_some() && line.starts_with("async fn ") {
                names.push(identifier(rest).to_owned());
            }
            is_test = false;
        } else if !line.is_empty() && !line.starts_with("//") {
            is_test = false;
        }
    }
    names
}

fn python_tests(text: &str) -> Vec<String> {
    let definitions = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("def "));
    definitions
        .map(identifier)
        .filter(|name| name.starts_with("test_"))
        .map(str::to_owned)
        .collect()
}

fn identifier(text: &str) -> &str {
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// The tests that prove each check.
fn proofs<'a>(topics: &'a [Topic], tests: &'a [Test]) -> BTreeMap<&'a str, Vec<&'a Test>> {
    let keys: BTreeMap<String, &str> = topics
        .iter()
        .flat_map(|topic| &topic.checks)
        .map(|id| (id.to_lowercase().replace(['.', '-'], "_"), id.as_str()))
        .collect();
    let mut proofs: BTreeMap<&str, Vec<&Test>> = BTreeMap::new();
    for test in tests {
        for id in named(&test.name, &keys) {
            proofs.entry(id).or_default().push(test);
        }
    }
    proofs
}

/// The checks that a name names; of two that fit at one place, the longer.
fn named<'a>(name: &str, keys: &BTreeMap<String, &'a str>) -> Vec<&'a str> {
    let words: Vec<&str> = name.split('_').collect();
    let mut found = Vec::new();
    let mut rest = words.as_slice();
    while !rest.is_empty() {
        let fits = [3, 2].into_iter().find_map(|length| {
            let key = rest.get(..length)?.join("_");
            keys.get(&key).map(|id| (length, *id))
        });
        let step = match fits {
            Some((length, id)) => {
                found.push(id);
                length
            }
            None => 1,
        };
        rest = rest.get(step..).unwrap_or_default();
    }
    found
}

fn render(topics: &[Topic], proofs: &BTreeMap<&str, Vec<&Test>>) -> String {
    let total: usize = topics.iter().map(|topic| topic.checks.len()).sum();
    let mut page = format!(
        "# What is proven\n\n\
         Written by `cargo xtask coverage` from the names of the tests; do not edit.\n\n\
         {} of {total} acceptance checks are proven by tests.\n",
        proofs.len()
    );
    for topic in topics {
        let (proven, open): (Vec<&String>, Vec<&String>) = topic
            .checks
            .iter()
            .partition(|id| proofs.contains_key(id.as_str()));
        // Writing to a String cannot fail.
        let _ = write!(
            page,
            "\n## {}\n\n{} of {} proven.\n",
            topic.heading,
            proven.len(),
            topic.checks.len()
        );
        if !proven.is_empty() {
            page.push_str("\n| Check | Proven by |\n|---|---|\n");
        }
        for id in proven {
            let tests: Vec<String> = proofs
                .get(id.as_str())
                .into_iter()
                .flatten()
                .map(|test| format!("`{}` in {}", test.name, test.file))
                .collect();
            let _ = writeln!(page, "| {id} | {} |", tests.join("<br>"));
        }
        if !open.is_empty() {
            let open: Vec<&str> = open.into_iter().map(String::as_str).collect();
            let _ = writeln!(page, "\nOpen: {}", open.join(", "));
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# words\n\nT6: Six\nT6-3\n\nT6.3: Three\nT6.3-2\n\nT23a: A\nT23a-1\n";

    fn ids_named_by(name: &str) -> Vec<String> {
        let topics = topics(LIST).unwrap();
        let tests = [Test {
            name: name.to_owned(),
            file: "a.rs".to_owned(),
        }];
        proofs(&topics, &tests)
            .into_keys()
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn a_name_names_the_longest_identifier_that_fits() {
        assert_eq!(ids_named_by("t6_3_2_scopes"), ["T6.3-2"]);
        assert_eq!(ids_named_by("t6_3_twice"), ["T6-3"]);
        assert_eq!(
            ids_named_by("test_t23a_1_and_t6_3_both"),
            ["T23a-1", "T6-3"]
        );
    }

    #[test]
    fn a_name_without_an_identifier_proves_nothing() {
        for name in ["t6", "t6_33", "at6_3", "t6_x_3", "sha256_2_1"] {
            assert!(ids_named_by(name).is_empty(), "{name}");
        }
    }

    #[test]
    fn only_functions_that_run_as_tests_count() {
        let text = "fn t6_3_helper() {}\n#[test]\n/// Doc.\nfn t6_3_a() {}\n\
                    #[tokio::test(flavor = \"multi_thread\")]\nasync fn t6_3_b() {}\n\
                    #[derive(Debug)]\nstruct A;\nfn t6_3_c() {}";
        assert_eq!(rust_tests(text), ["t6_3_a", "t6_3_b"]);
        let text = "on_both_engines!(\n    t6_3_a,\n    t6_3_b,\n);\nasync fn t6_3_c() {}\n\
                    on_both! {\n    async fn t6_3_d(world: &World) {\n    }\n}\nfn t6_3_e() {}";
        assert_eq!(rust_tests(text), ["t6_3_a", "t6_3_b", "t6_3_d"]);
        assert_eq!(
            python_tests("def helper():\n    pass\ndef test_a(x):\n"),
            ["test_a"]
        );
    }

    #[test]
    fn the_checked_in_list_holds_all_370_checks_once() {
        let list = repository::read(&repository::root().join("docs/acceptance-ids.txt")).unwrap();
        let topics = topics(&list).unwrap();
        let mut ids: Vec<String> = topics.into_iter().flat_map(|topic| topic.checks).collect();
        assert_eq!(ids.len(), 370);
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 370, "an identifier stands there twice");
    }

    #[test]
    fn the_page_tells_proven_from_open() {
        let topics = topics(LIST).unwrap();
        let tests = [Test {
            name: "t6_3_2_x".to_owned(),
            file: "a.rs".to_owned(),
        }];
        let page = render(&topics, &proofs(&topics, &tests));
        assert!(page.contains("1 of 3 acceptance checks"), "{page}");
        assert!(page.contains("| T6.3-2 | `t6_3_2_x` in a.rs |"), "{page}");
        assert!(page.contains("Open: T23a-1"), "{page}");
    }
}
