//! What a person or a script sees: colours on terminals only, JSON where a script wants it.

use std::{io::Write, process::ExitCode};

use anstyle::{AnsiColor, Style};
use serde_json::Value;

/// For what was done.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// For what is about to change.
pub(crate) const CHANGED: Style = AnsiColor::Yellow.on_default();
/// For what went wrong.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// For names and headings.
pub(crate) const STRONG: Style = Style::new().bold();
/// For what can be skipped.
pub(crate) const FAINT: Style = Style::new().dimmed();

/// Writes a line to standard output; a closed pipe is not an error.
pub(crate) fn line(text: impl AsRef<str>) {
    let _ = writeln!(anstream::stdout(), "{}", text.as_ref());
}

/// Writes a line to standard error.
pub(crate) fn note(text: impl AsRef<str>) {
    let _ = writeln!(anstream::stderr(), "{}", text.as_ref());
}

/// `text` in `style`.
pub(crate) fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Writes `value` as JSON.
pub(crate) fn json(value: &Value) {
    line(serde_json::to_string_pretty(value).unwrap_or_default());
}

/// Writes what went wrong, with its causes, and returns the exit code.
pub(crate) fn failure(error: &anyhow::Error) -> ExitCode {
    note(format!("{} {error}", styled(BAD, "error:")));
    for cause in error.chain().skip(1) {
        note(format!("  {} {cause}", styled(FAINT, "because")));
    }
    ExitCode::FAILURE
}

/// Writes one object: as JSON, or the members `shown` as lines.
pub(crate) fn object(value: &Value, shown: &[&str], as_json: bool) {
    if as_json {
        return json(value);
    }
    let width = shown
        .iter()
        .map(|name| name.len())
        .max()
        .unwrap_or_default();
    for name in shown {
        if let Some(member) = value.get(*name) {
            let padded = format!("{name:width$}");
            line(format!("{}  {}", styled(FAINT, padded), text(member)));
        }
    }
}

/// Writes a list of objects: as JSON, or as a table of the members `shown`.
pub(crate) fn table(rows: &[Value], shown: &[&str], as_json: bool) {
    if as_json {
        return json(&Value::Array(rows.to_vec()));
    }
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            shown
                .iter()
                .map(|name| row.get(*name).map(text).unwrap_or_default())
                .collect()
        })
        .collect();
    let width = |column: usize, name: &str| {
        let longest = cells
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max();
        longest.unwrap_or_default().max(name.len())
    };
    let widths: Vec<usize> = shown
        .iter()
        .enumerate()
        .map(|(column, name)| width(column, name))
        .collect();
    let padded = |row: Vec<String>| {
        let cells = row
            .into_iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    line(styled(
        STRONG,
        padded(shown.iter().map(|name| (*name).to_owned()).collect()),
    ));
    for row in cells {
        line(padded(row));
    }
}

/// A member as a person reads it.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(" "),
        Value::Object(members) => match members.get("value") {
            Some(value) => text(value),
            None => value.to_string(),
        },
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
