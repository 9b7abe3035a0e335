//! JSON pointers (RFC 6901) with `*` for every member.

use serde_json::Value;

use crate::error::Result;

/// Calls `action` with each value that `pattern` meets and the pointer to it.
pub(crate) fn at(
    value: &mut Value,
    pattern: &str,
    pointer: &str,
    action: &mut dyn FnMut(&str, &mut Value) -> Result<()>,
) -> Result<()> {
    let Some(pattern) = pattern.strip_prefix('/') else {
        return action(pointer, value);
    };
    let (token, rest) = match pattern.find('/') {
        Some(end) => pattern.split_at(end),
        None => (pattern, ""),
    };
    match value {
        Value::Array(items) if token == "*" => {
            for (index, item) in items.iter_mut().enumerate() {
                at(item, rest, &format!("{pointer}/{index}"), action)?;
            }
            Ok(())
        }
        Value::Object(members) if token == "*" => {
            for (name, item) in members.iter_mut() {
                at(item, rest, &format!("{pointer}/{}", escape(name)), action)?;
            }
            Ok(())
        }
        Value::Object(members) => match members.get_mut(&unescape(token)) {
            Some(member) => at(member, rest, &format!("{pointer}/{token}"), action),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Calls `action` with each text and the pointer to it.
pub(crate) fn every_text(
    value: &mut Value,
    pointer: &mut String,
    action: &mut dyn FnMut(&str, &mut String) -> Result<()>,
) -> Result<()> {
    let length = pointer.len();
    match value {
        Value::String(text) => action(pointer, text)?,
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                pointer.push('/');
                pointer.push_str(&index.to_string());
                every_text(item, pointer, action)?;
                pointer.truncate(length);
            }
        }
        Value::Object(members) => {
            for (name, item) in members.iter_mut() {
                pointer.push('/');
                pointer.push_str(&escape(name));
                every_text(item, pointer, action)?;
                pointer.truncate(length);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

/// RFC 6901 §3.
fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}
