//! Cuts a template into texts, outputs and tags.

use super::SyntaxError;

/// A piece of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment<'a> {
    /// Text as it stands.
    Text(&'a str),
    /// What is between `{{` and `}}`.
    Output(&'a str),
    /// What is between `{%` and `%}`.
    Tag(&'a str),
}

/// A piece and the line in which it begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed<'a> {
    pub(super) segment: Segment<'a>,
    pub(super) line: usize,
}

/// Cuts `source`. A mark of `-` inside a delimiter trims the white space on its side.
pub(super) fn cut(source: &str) -> Result<Vec<Placed<'_>>, SyntaxError> {
    let mut pieces = Vec::new();
    let (mut rest, mut line) = (source, 1);
    let mut trims_left = false;
    while let Some(start) = next_delimiter(rest) {
        let (text, from) = rest.split_at(start);
        let is_output = from.starts_with("{{");
        let close = if is_output { "}}" } else { "%}" };
        let inner = from.get(2..).unwrap_or_default();
        let trims = inner.starts_with('-');
        push_text(&mut pieces, text, line, trims_left, trims);
        line += lines(text);
        let Some(end) = inner.find(close) else {
            let problem = format!("{} is not closed", if is_output { "{{" } else { "{%" });
            return Err(SyntaxError { problem, line });
        };
        let (content, after) = inner.split_at(end);
        let content_after = after.get(2..).unwrap_or_default();
        trims_left = 1 < content.len() && content.ends_with('-') || content == "-";
        let trimmed = content.strip_prefix('-').unwrap_or(content);
        let trimmed = trimmed.strip_suffix('-').unwrap_or(trimmed).trim();
        let segment = if is_output {
            Segment::Output(trimmed)
        } else {
            Segment::Tag(trimmed)
        };
        pieces.push(Placed { segment, line });
        line += lines(content);
        rest = content_after;
        // What is raw is text, whatever it looks like.
        if segment == Segment::Tag("raw") {
            let (text, after) = raw_end(rest).ok_or_else(|| SyntaxError {
                problem: "raw is not closed".to_owned(),
                line,
            })?;
            pieces.pop();
            let segment = Segment::Text(text);
            pieces.push(Placed { segment, line });
            line += lines(rest.get(..rest.len() - after.len()).unwrap_or_default());
            rest = after;
            trims_left = false;
        }
    }
    push_text(&mut pieces, rest, line, trims_left, false);
    Ok(pieces)
}

fn next_delimiter(text: &str) -> Option<usize> {
    match (text.find("{{"), text.find("{%")) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn push_text<'a>(
    pieces: &mut Vec<Placed<'a>>,
    text: &'a str,
    line: usize,
    trims_start: bool,
    trims_end: bool,
) {
    let text = if trims_start { text.trim_start() } else { text };
    let text = if trims_end { text.trim_end() } else { text };
    if !text.is_empty() {
        let segment = Segment::Text(text);
        pieces.push(Placed { segment, line });
    }
}

/// The text before the tag `endraw` and what comes after it.
fn raw_end(text: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    loop {
        let start = from + text.get(from..)?.find("{%")?;
        let inner = text.get(start + 2..)?;
        let end = inner.find("%}")?;
        let name = inner.get(..end)?.trim_matches('-').trim();
        if name == "endraw" {
            return Some((text.get(..start)?, inner.get(end + 2..)?));
        }
        from = start + 2;
    }
}

fn lines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}
