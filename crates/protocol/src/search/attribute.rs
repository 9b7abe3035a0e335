//! How values without a column of their own are indexed: one text per value, so that equality, order and wildcards are
//! those of texts on every engine.
//!
//! The first character tells what a value is: `b` a flag, `n` a number (16 digits that sort like the number), `t` a text.

use serde_json::{Map, Value};

/// Characters of a text that are indexed; longer texts are equal to a search if these are.
pub const INDEXED_CHARACTERS: usize = 256;

/// Longest path, in bytes; longer ones are not indexed.
pub const MAX_PATH: usize = 255;

/// Most attributes of one user that are indexed.
pub const MAX_ATTRIBUTES: usize = 512;

/// Deepest nesting that is indexed.
pub const MAX_DEPTH: usize = 10;

/// A text, indexed.
pub fn text(value: &str) -> String {
    let mut indexed = String::with_capacity(value.len().min(INDEXED_CHARACTERS) + 1);
    indexed.push('t');
    // No engine stores the character zero in a text.
    let kept = value.chars().filter(|letter| *letter != '\0');
    indexed.extend(kept.take(INDEXED_CHARACTERS));
    indexed
}

/// A number, indexed.
pub fn number(value: f64) -> String {
    // Positive numbers sort like their bits; those of negative ones run backwards. Both zeros are one.
    let bits = if value == 0.0 { 0 } else { value.to_bits() };
    let sign = 1_u64 << 63;
    let sortable = if bits & sign == 0 { bits | sign } else { !bits };
    format!("n{sortable:016x}")
}

/// A flag, indexed.
pub fn flag(value: bool) -> String {
    format!("b{value}")
}

/// Adds the attributes below `path`: every text, number and flag under its path. Levels of arrays are skipped; empty
/// arrays and objects and `null` are not indexed. Names that contain a dot are ambiguous, as in the search language.
pub fn collect(path: &str, value: &Value, into: &mut Vec<(String, String)>) {
    collect_below(path, value, MAX_DEPTH, into);
}

/// Like [`collect`], for every member of an object.
pub fn collect_members(path: &str, members: &Map<String, Value>, into: &mut Vec<(String, String)>) {
    for (name, value) in members {
        collect_below(&join(path, name), value, MAX_DEPTH, into);
    }
}

fn join(path: &str, name: &str) -> String {
    format!("{path}.{name}")
}

fn collect_below(path: &str, value: &Value, depth: usize, into: &mut Vec<(String, String)>) {
    if depth == 0 || MAX_PATH < path.len() || MAX_ATTRIBUTES <= into.len() || path.contains('\0') {
        return;
    }
    let indexed = match value {
        Value::Null => return,
        Value::Bool(value) => flag(*value),
        Value::Number(value) => number(value.as_f64().unwrap_or(f64::MAX)),
        Value::String(value) => text(value),
        Value::Array(items) => {
            for item in items {
                collect_below(path, item, depth - 1, into);
            }
            return;
        }
        Value::Object(members) => {
            for (name, value) in members {
                collect_below(&join(path, name), value, depth - 1, into);
            }
            return;
        }
    };
    into.push((path.to_owned(), indexed));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_indexed_under_their_paths_and_arrays_are_no_level() {
        let mut found = Vec::new();
        let value = json!({"plan": "Gold", "age": 5, "vip": true, "none": null, "empty": [], "no": {},
                           "tags": ["a", {"deep": "b"}], "address": {"city": "X"}});
        collect("app_metadata", &value, &mut found);
        let expected = [
            ("app_metadata.plan", "tGold".to_owned()),
            ("app_metadata.age", number(5.0)),
            ("app_metadata.vip", "btrue".to_owned()),
            ("app_metadata.tags", "ta".to_owned()),
            ("app_metadata.tags.deep", "tb".to_owned()),
            ("app_metadata.address.city", "tX".to_owned()),
        ];
        assert_eq!(
            found,
            expected.map(|(path, value)| (path.to_owned(), value))
        );
    }

    #[test]
    fn depth_number_and_length_are_bounded() {
        let mut deep = json!("x");
        for _ in 0..1000 {
            deep = json!([deep]);
        }
        let mut found = Vec::new();
        collect("a", &deep, &mut found);
        assert!(found.is_empty());
        collect("a", &json!(vec![1; 10_000]), &mut found);
        assert_eq!(found.len(), MAX_ATTRIBUTES);
        assert_eq!(
            text(&"é".repeat(1000)).chars().count(),
            1 + INDEXED_CHARACTERS
        );
        assert_eq!(text("a\0b"), "tab");
    }

    proptest! {
        #[test]
        fn indexed_numbers_sort_like_numbers(one: i64, two: f64) {
            #[expect(clippy::cast_precision_loss, reason = "any number will do")]
            let one = one as f64;
            prop_assume!(!two.is_nan());
            prop_assert_eq!(
                one.partial_cmp(&two),
                Some(number(one).cmp(&number(two)))
            );
        }
    }
}
