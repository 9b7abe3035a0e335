//! URLs that browsers, libraries and people read in different ways, each with the verdict of this matcher.
//!
//! The table is data (`differentials.json`), so that the tests that drive a browser can hold its reading against it.

use serde_json::Value;

use super::Registered;

struct Table {
    registered: Vec<String>,
    cases: Vec<(bool, String)>,
}

fn table() -> Table {
    let value: Value = serde_json::from_str(include_str!("differentials.json")).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Table {
        registered: value["registered"]
            .as_array()
            .unwrap()
            .iter()
            .map(text)
            .collect(),
        cases: value["cases"]
            .as_array()
            .unwrap()
            .iter()
            .map(|case| (case[0] == "accept", text(&case[1])))
            .collect(),
    }
}

/// RFC 9700 §4.1: what is not registered is not redirected to, however it is spelt.
#[test]
fn every_url_that_parsers_read_differently_has_its_verdict() {
    let table = table();
    assert!(table.cases.len() >= 300, "{}", table.cases.len());
    let registered = Registered::new(&table.registered);
    let wrong: Vec<String> = table
        .cases
        .iter()
        .filter(|(accept, url)| registered.callback(url).is_ok() != *accept)
        .map(|(_, url)| format!("{url:?}: {:?}", registered.callback(url)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What the matcher accepts, the parser of the web platform reads as the same place: nothing in it is moved, decoded or
/// dropped.
#[test]
fn an_accepted_url_is_read_alike_by_a_browsers_parser() {
    let table = table();
    let registered = Registered::new(&table.registered);
    for (_, sent) in &table.cases {
        let Ok(accepted) = registered.callback(sent) else {
            continue;
        };
        assert_read_alike(accepted.as_str());
    }
}

/// The web platform's reading of `text` differs from the text in case and in the slash of an empty path alone.
pub(super) fn assert_read_alike(text: &str) {
    let read = whatwg::Url::parse(text).unwrap();
    let plain = |text: &str| text.to_ascii_lowercase();
    let (read, text) = (plain(read.as_str()), plain(text));
    let with_slash = match text.split_once("://") {
        Some((scheme, rest)) if scheme.starts_with("http") && !rest.contains('/') => {
            let end = rest.find(['?', '#']).unwrap_or(rest.len());
            format!("{scheme}://{}/{}", &rest[..end], &rest[end..])
        }
        _ => text,
    };
    assert_eq!(read, with_slash);
}
