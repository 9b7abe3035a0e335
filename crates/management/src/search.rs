//! The search language of the log: a subset of Lucene's.
//!
//! `type:sapi AND (ip:"10.0.0.1" OR user_name:ada*) NOT client_id:x AND date:[2026-01-01 TO *]`

/// Longest search, in bytes.
const MAX_LENGTH: usize = 4_096;

/// Deepest nesting of parentheses.
const MAX_DEPTH: usize = 16;

/// What an entry must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Search {
    /// Anything.
    All,
    /// Every one of them.
    And(Vec<Search>),
    /// One of them.
    Or(Vec<Search>),
    /// Not this.
    Not(Box<Search>),
    /// A field (or, without a name, any of the usual texts) has this value.
    Term(Option<String>, Matcher),
}

/// How a value is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Matcher {
    /// It is this text.
    Is(String),
    /// It begins with this text.
    Begins(String),
    /// It is there.
    Exists,
    /// It lies between two texts, which sort like what they mean; whether each bound belongs to it.
    Between(Option<(String, bool)>, Option<(String, bool)>),
}

/// Fields that a term without a name looks at.
const TEXTS: [&str; 6] = [
    "type",
    "description",
    "user_name",
    "user_id",
    "client_name",
    "ip",
];

/// Fields whose case does not matter.
const FOLDED: [&str; 3] = ["description", "user_name", "client_name"];

impl Search {
    /// The value that `field` must have, if the search says so about every entry.
    pub(crate) fn exact(&self, field: &str) -> Option<String> {
        match self {
            Self::Term(Some(name), Matcher::Is(value)) if name == field => Some(value.clone()),
            Self::And(parts) => parts.iter().find_map(|part| part.exact(field)),
            _ => None,
        }
    }

    /// Whether it says nothing but one exact value for some of `fields`.
    pub(crate) fn is_covered_by(&self, fields: &[&str]) -> bool {
        let is_exact = |search: &Self| matches!(search, Self::Term(Some(name), Matcher::Is(_)) if fields.contains(&name.as_str()));
        match self {
            Self::All => true,
            Self::And(parts) => {
                let once = |field: &&str| {
                    parts
                        .iter()
                        .filter(|part| part.exact(field).is_some())
                        .count()
                        <= 1
                };
                parts.iter().all(is_exact) && fields.iter().all(once)
            }
            term => is_exact(term),
        }
    }

    /// Whether an entry with these values matches.
    pub(crate) fn matches(&self, value_of: &dyn Fn(&str) -> Option<String>) -> bool {
        match self {
            Self::All => true,
            Self::And(parts) => parts.iter().all(|part| part.matches(value_of)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(value_of)),
            Self::Not(part) => !part.matches(value_of),
            Self::Term(Some(field), matcher) => {
                value_of(field).is_some_and(|value| matcher.matches(field, &value))
            }
            Self::Term(None, matcher) => TEXTS
                .iter()
                .any(|field| value_of(field).is_some_and(|value| matcher.matches(field, &value))),
        }
    }
}

impl Matcher {
    fn matches(&self, field: &str, value: &str) -> bool {
        let fold = |text: &str| {
            if FOLDED.contains(&field) {
                text.to_lowercase()
            } else {
                text.to_owned()
            }
        };
        let value = fold(value);
        match self {
            Self::Is(wanted) => {
                let wanted = fold(wanted);
                // Scopes are lists; one of them is enough.
                value == wanted || field == "scope" && value.split(' ').any(|one| one == wanted)
            }
            Self::Begins(wanted) => value.starts_with(&fold(wanted)),
            Self::Exists => !value.is_empty(),
            Self::Between(from, to) => {
                let past = from.as_ref().is_none_or(|(from, inclusive)| {
                    *from < value || *inclusive && value.starts_with(from.as_str())
                });
                let before = to.as_ref().is_none_or(|(to, inclusive)| {
                    value < *to && !value.starts_with(to.as_str())
                        || *inclusive && value.starts_with(to.as_str())
                });
                past && before
            }
        }
    }
}

/// Reads a search.
///
/// # Errors
/// What cannot be understood, as a sentence.
pub(crate) fn parse(text: &str) -> Result<Search, String> {
    if MAX_LENGTH < text.len() {
        return Err("The search is too long.".to_owned());
    }
    let mut rest = text;
    let search = alternatives(&mut rest, 0)?;
    match rest.trim_start() {
        "" => Ok(search),
        rest => Err(format!("The search cannot be understood at {rest:?}.")),
    }
}

fn alternatives(rest: &mut &str, depth: usize) -> Result<Search, String> {
    let mut parts = vec![conjunction(rest, depth)?];
    while take_word(rest, "OR") || take(rest, "||") {
        parts.push(conjunction(rest, depth)?);
    }
    Ok(collapse(parts, Search::Or))
}

fn conjunction(rest: &mut &str, depth: usize) -> Result<Search, String> {
    let mut parts = Vec::new();
    loop {
        let ends = rest.trim_start();
        let at_or = ends.starts_with("||") || starts_with_word(ends, "OR");
        if ends.is_empty() || ends.starts_with(')') || at_or {
            return Ok(collapse(parts, Search::And));
        }
        if !take_word(rest, "AND") && !take(rest, "&&") {
            parts.push(part(rest, depth)?);
        }
    }
}

/// No part says nothing, one part stands for itself.
fn collapse(mut parts: Vec<Search>, combine: fn(Vec<Search>) -> Search) -> Search {
    parts.retain(|part| *part != Search::All);
    match parts.len() {
        0 => Search::All,
        1 => parts.pop().unwrap_or(Search::All),
        _ => combine(parts),
    }
}

fn part(rest: &mut &str, depth: usize) -> Result<Search, String> {
    if MAX_DEPTH < depth {
        return Err("The search is nested too deeply.".to_owned());
    }
    if take_word(rest, "NOT") || take(rest, "!") || take(rest, "-") {
        return Ok(Search::Not(Box::new(part(rest, depth + 1)?)));
    }
    if take(rest, "(") {
        let inner = alternatives(rest, depth + 1)?;
        return if take(rest, ")") {
            Ok(inner)
        } else {
            Err("A parenthesis is open.".to_owned())
        };
    }
    term(rest)
}

fn term(rest: &mut &str) -> Result<Search, String> {
    take(rest, "+");
    let text = rest.trim_start();
    if text.starts_with('"') {
        *rest = text;
        return Ok(Search::Term(None, Matcher::Is(quoted(rest)?)));
    }
    let end = text
        .find(|character: char| ":() \t\n".contains(character))
        .unwrap_or(text.len());
    let (word, after) = text.split_at(end);
    let Some(value) = after.strip_prefix(':') else {
        *rest = after;
        return if word.is_empty() {
            Err(format!("The search cannot be understood at {text:?}."))
        } else {
            Ok(Search::Term(None, plain(word)?))
        };
    };
    *rest = value;
    let value = rest.trim_start();
    if value.starts_with(['[', '{']) {
        *rest = value;
        return Ok(Search::Term(Some(word.to_owned()), between(rest)?));
    }
    if take(rest, "(") {
        return group(rest, word);
    }
    if value.starts_with('"') {
        *rest = value;
        return Ok(Search::Term(
            Some(word.to_owned()),
            Matcher::Is(quoted(rest)?),
        ));
    }
    let matcher = bare(rest)?;
    if word == "_exists_" {
        return match matcher {
            Matcher::Is(field) => Ok(Search::Term(Some(field), Matcher::Exists)),
            _ => Err("_exists_ needs the name of a field.".to_owned()),
        };
    }
    Ok(Search::Term(Some(word.to_owned()), matcher))
}

/// `field:(a OR b)`.
fn group(rest: &mut &str, field: &str) -> Result<Search, String> {
    let mut parts = Vec::new();
    while !take(rest, ")") {
        if take_word(rest, "OR") || take(rest, "||") {
            continue;
        }
        let text = rest.trim_start();
        let matcher = if text.starts_with('"') {
            *rest = text;
            Matcher::Is(quoted(rest)?)
        } else {
            bare(rest)?
        };
        parts.push(Search::Term(Some(field.to_owned()), matcher));
    }
    Ok(collapse(parts, Search::Or))
}

fn bare(rest: &mut &str) -> Result<Matcher, String> {
    let text = rest.trim_start();
    let end = text
        .find(|character: char| "() \t\n".contains(character))
        .unwrap_or(text.len());
    let (word, after) = text.split_at(end);
    *rest = after;
    plain(word)
}

fn plain(word: &str) -> Result<Matcher, String> {
    if word.is_empty() {
        return Err("A value is missing.".to_owned());
    }
    for (sign, inclusive, upper) in [
        (">=", true, false),
        ("<=", true, true),
        (">", false, false),
        ("<", false, true),
    ] {
        if let Some(bound) = word.strip_prefix(sign) {
            let bound = Some((bound.to_owned(), inclusive));
            return Ok(if upper {
                Matcher::Between(None, bound)
            } else {
                Matcher::Between(bound, None)
            });
        }
    }
    match word.strip_suffix('*') {
        Some("") => Ok(Matcher::Exists),
        Some(start) if !start.contains('*') => Ok(Matcher::Begins(start.replace('\\', ""))),
        None if !word.contains('*') => Ok(Matcher::Is(word.replace('\\', ""))),
        _ => Err("A wildcard can only stand at the end of a word.".to_owned()),
    }
}

fn quoted(rest: &mut &str) -> Result<String, String> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                *rest = rest.get(at + 1..).unwrap_or_default();
                return Ok(text);
            }
            '\\' => text.extend(characters.next().map(|(_, escaped)| escaped)),
            other => text.push(other),
        }
    }
    Err("A quotation mark is open.".to_owned())
}

/// `[from TO to]`, with braces where a bound does not belong to it.
fn between(rest: &mut &str) -> Result<Matcher, String> {
    let misread = || "A range is written [from TO to].".to_owned();
    let from_inclusive = rest.starts_with('[');
    let inner = rest.get(1..).unwrap_or_default();
    let end = inner.find([']', '}']).ok_or_else(misread)?;
    let (range, closing) = inner.split_at(end);
    let to_inclusive = closing.starts_with(']');
    *rest = closing.get(1..).unwrap_or_default();
    let (from, to) = range.split_once(" TO ").ok_or_else(misread)?;
    let bound = |text: &str, inclusive| {
        let text = text.trim().trim_matches('"');
        (text != "*").then(|| (text.to_owned(), inclusive))
    };
    Ok(Matcher::Between(
        bound(from, from_inclusive),
        bound(to, to_inclusive),
    ))
}

fn take(rest: &mut &str, token: &str) -> bool {
    match rest.trim_start().strip_prefix(token) {
        Some(after) => {
            *rest = after;
            true
        }
        None => false,
    }
}

fn starts_with_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word)
        .is_some_and(|after| after.is_empty() || after.starts_with([' ', '(']))
}

fn take_word(rest: &mut &str, word: &str) -> bool {
    let text = rest.trim_start();
    starts_with_word(text, word) && take(rest, word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(search: &str) -> bool {
        let entry = |field: &str| {
            let value = match field {
                "type" => "feccft",
                "description" => "Client is not authorized",
                "client_id" => "svc",
                "date" => "2026-03-14T14:47:08.713Z",
                "scope" => "read:a write:b",
                _ => return None,
            };
            Some(value.to_owned())
        };
        parse(search).unwrap().matches(&entry)
    }

    #[test]
    fn terms_combine_as_they_read() {
        for yes in [
            "",
            "type:feccft",
            "type:\"feccft\" AND client_id:svc",
            "type:feccft client_id:svc",
            "type:s OR client_id:svc",
            "type:(s OR feccft)",
            "NOT type:s",
            "-type:s",
            "(type:s OR type:fe*) AND NOT client_id:x",
            "description:\"client is NOT authorized\"",
            "scope:\"write:b\"",
            "feccft",
            "date:[2026-03-14 TO 2026-03-14]",
            "date:[2026-01-01 TO *]",
            "date:{2026-01-01 TO 2026-04-01}",
            "date:>=2026-03-14",
            "_exists_:client_id",
        ] {
            assert!(found(yes), "{yes}");
        }
        for no in [
            "type:s",
            "type:fecc",
            "type:feccft AND NOT client_id:svc",
            "date:[2026-03-15 TO *]",
            "date:{* TO 2026-03-14}",
            "scope:\"b\"",
            "ip:1*",
            "_exists_:user_id",
        ] {
            assert!(!found(no), "{no}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said_so() {
        for bad in [
            "type:",
            "(type:s",
            "type:\"s",
            "date:[a",
            "type:*s",
            ")",
            &"(".repeat(40),
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn exact_terms_are_left_to_the_store() {
        let fields = ["type", "client_id"];
        assert!(
            parse("type:s AND client_id:x")
                .unwrap()
                .is_covered_by(&fields)
        );
        assert!(!parse("type:s AND type:f").unwrap().is_covered_by(&fields));
        assert!(
            !parse("type:s OR client_id:x")
                .unwrap()
                .is_covered_by(&fields)
        );
        assert!(!parse("type:s*").unwrap().is_covered_by(&fields));
        assert_eq!(
            parse("type:s ip:1").unwrap().exact("type").as_deref(),
            Some("s")
        );
        assert_eq!(parse("NOT type:s").unwrap().exact("type"), None);
    }
}
