//! Every rule that can refuse a request has a test that names it.

use super::{sources, texts};
use crate::repository::{files, read, root};

/// The variants of `Rule`, read from its definition.
fn variants() -> Vec<String> {
    let text = read(&root().join("crates/protocol/src/rule.rs")).expect("rule.rs");
    let (_, body) = text.split_once("pub enum Rule {").expect("the enum");
    let (body, _) = body.split_once("\n}").expect("its end");
    body.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//") && !line.starts_with("#["))
        .filter_map(|line| line.strip_suffix(','))
        .map(str::to_owned)
        .collect()
}

#[test]
fn each_rule_is_named_by_a_test() {
    let mut tested = String::new();
    for source in sources("crates") {
        if source.path.ends_with("protocol/src/rule.rs") {
            continue;
        }
        if source.path.contains("/tests/") {
            tested.push_str(&source.text);
        } else {
            tested.extend(source.text.split("#[cfg(test)]").skip(1));
        }
    }
    for source in texts(files(&root().join("tests"), &["py"])) {
        tested.push_str(&source.text);
    }
    let names = |variant: &str| {
        let name = format!("Rule::{variant}");
        tested.match_indices(&name).any(|(at, _)| {
            // `Rule::Client` must not pass for `Rule::ClientUnknown`.
            let next = tested[at + name.len()..].chars().next();
            !next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '_')
        })
    };
    let variants = variants();
    assert!(variants.len() > 20, "the enum was not read: {variants:?}");
    let silent: Vec<&String> = variants.iter().filter(|variant| !names(variant)).collect();
    assert!(silent.is_empty(), "no test names Rule::{silent:?}");
}
