//! The filters.

use std::{borrow::Cow, cmp::Ordering};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    TooMuchWork,
    render::{Budget, list},
    value::{Value, integer},
};
use crate::env::Timestamp;

macro_rules! filters {
    ($($variant:ident $name:literal,)*) => {
        /// A filter.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Filter { $($variant),* }

        impl Filter {
            /// The filter called `name`.
            pub(super) fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

filters! {
    Append "append",
    Capitalize "capitalize",
    Date "date",
    Default "default",
    DividedBy "divided_by",
    Downcase "downcase",
    Escape "escape",
    EscapeOnce "escape_once",
    First "first",
    Join "join",
    Json "json",
    Last "last",
    LeftStrip "lstrip",
    Minus "minus",
    Modulo "modulo",
    NewlineToBr "newline_to_br",
    Plus "plus",
    Prepend "prepend",
    Remove "remove",
    Replace "replace",
    Reverse "reverse",
    RightStrip "rstrip",
    Size "size",
    Sort "sort",
    Split "split",
    Strip "strip",
    StripNewlines "strip_newlines",
    Times "times",
    Truncate "truncate",
    Upcase "upcase",
    UrlEncode "url_encode",
}

/// What a query may hold as it is, RFC 3986 §2.3.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What an item of a list takes to remember.
const ITEM: usize = 64;

/// Applies `filter`.
pub(super) fn apply<'a>(
    filter: Filter,
    value: Value<'a>,
    arguments: &[Value<'a>],
    now: Timestamp,
    budget: &mut Budget,
) -> Result<Value<'a>, TooMuchWork> {
    budget.charge(1 + value.text_weight())?;
    for argument in arguments {
        budget.charge(argument.text_weight())?;
    }
    let first = arguments.first().unwrap_or(&Value::Nil);
    let text = |text: String| Value::Text(Cow::Owned(text));
    let made = match filter {
        Filter::Default => {
            let is_missing = !value.is_true() || value.is_empty();
            return Ok(if is_missing { first.clone() } else { value });
        }
        Filter::First => return Ok(value.member("first")),
        Filter::Last => return Ok(value.member("last")),
        Filter::Size => match &value {
            Value::Text(text) | Value::Html(text) => integer(text.chars().count()),
            _ => integer(value.items().len()),
        },
        Filter::Sort | Filter::Reverse | Filter::Split => {
            return items_of(filter, &value, first, budget);
        }
        Filter::Plus | Filter::Minus | Filter::Times | Filter::DividedBy | Filter::Modulo => {
            calculate(filter, &value, first)
        }
        Filter::Date => text(date(&value, &first.text(), now)),
        Filter::Json => Value::Text(Cow::Owned(to_json(&value))),
        Filter::Escape => {
            let mut escaped = String::new();
            escape_into(&mut escaped, &value.text());
            Value::Html(Cow::Owned(escaped))
        }
        Filter::EscapeOnce => Value::Html(Cow::Owned(escape_once(&value.text()))),
        Filter::NewlineToBr => {
            let mut escaped = String::new();
            match &value {
                Value::Html(html) => escaped.push_str(html),
                value => escape_into(&mut escaped, &value.text()),
            }
            Value::Html(Cow::Owned(escaped.replace('\n', "<br>\n")))
        }
        Filter::Join | Filter::Replace => {
            let second = arguments.get(1).unwrap_or(&Value::Nil);
            charge_repeated(filter, &value, (first, second), budget)?;
            text(match filter {
                Filter::Join => {
                    let items = value.items();
                    let texts: Vec<_> = items.iter().map(Value::text).collect();
                    texts.join(&*first.text())
                }
                _ if first.text().is_empty() => value.text().into_owned(),
                _ => value.text().replace(&*first.text(), &second.text()),
            })
        }
        _ => text(change(filter, &value.text(), &first.text(), arguments)),
    };
    budget.charge(made.text_weight())?;
    Ok(made)
}

/// The filters that make a text of a text.
fn change(filter: Filter, text: &str, argument: &str, arguments: &[Value<'_>]) -> String {
    match filter {
        Filter::Append => format!("{text}{argument}"),
        Filter::Prepend => format!("{argument}{text}"),
        Filter::Remove if !argument.is_empty() => text.replace(argument, ""),
        Filter::Upcase => text.to_uppercase(),
        Filter::Downcase => text.to_lowercase(),
        Filter::Capitalize => {
            let mut characters = text.chars();
            let first = characters.next().map(char::to_uppercase);
            first.into_iter().flatten().chain(characters).collect()
        }
        Filter::Strip => text.trim().to_owned(),
        Filter::LeftStrip => text.trim_start().to_owned(),
        Filter::RightStrip => text.trim_end().to_owned(),
        Filter::StripNewlines => text.replace(['\n', '\r'], ""),
        Filter::UrlEncode => utf8_percent_encode(text, UNRESERVED).to_string(),
        Filter::Truncate => {
            let length = arguments.first().and_then(Value::integer).unwrap_or(50);
            let mark = arguments.get(1).map_or(Cow::Borrowed("..."), Value::text);
            truncate(text, usize::try_from(length).unwrap_or(0), &mark)
        }
        _ => text.to_owned(),
    }
}

/// Before a separator or a replacement is written many times, what that comes to.
fn charge_repeated(
    filter: Filter,
    value: &Value<'_>,
    (first, second): (&Value<'_>, &Value<'_>),
    budget: &mut Budget,
) -> Result<(), TooMuchWork> {
    let (times, length) = if filter == Filter::Join {
        (value.items().len(), first.text_weight())
    } else {
        let (text, wanted) = (value.text(), first.text());
        let wanted = (!wanted.is_empty()).then_some(wanted);
        let times = wanted.map_or(0, |wanted| text.matches(&*wanted).count());
        (times, second.text_weight())
    };
    budget.charge(times.saturating_mul(length))
}

fn items_of<'a>(
    filter: Filter,
    value: &Value<'a>,
    separator: &Value<'a>,
    budget: &mut Budget,
) -> Result<Value<'a>, TooMuchWork> {
    if filter == Filter::Split {
        let (text, separator) = (value.text(), separator.text());
        let count = match &*separator {
            "" => text.chars().count(),
            separator => text.matches(separator).count() + 1,
        };
        budget.charge(ITEM.saturating_mul(count))?;
        let item = |part: &str| Value::Text(Cow::Owned(part.to_owned()));
        let items = match &*separator {
            "" => text.chars().map(|part| item(&part.to_string())).collect(),
            separator => text.split(separator).map(item).collect(),
        };
        return Ok(list(items));
    }
    let mut items = value.items();
    budget.charge(ITEM.saturating_mul(items.len()))?;
    if filter == Filter::Sort {
        items.sort_by(|one, other| one.text().cmp(&other.text()));
    } else {
        items.reverse();
    }
    Ok(list(items))
}

fn calculate(filter: Filter, value: &Value<'_>, argument: &Value<'_>) -> Value<'static> {
    if let (Some(one), Some(other)) = (value.integer(), argument.integer()) {
        let result = match filter {
            Filter::Plus => one.checked_add(other),
            Filter::Minus => one.checked_sub(other),
            Filter::Times => one.checked_mul(other),
            Filter::DividedBy => one.checked_div_euclid(other),
            _ => one.checked_rem_euclid(other),
        };
        return result.map_or(Value::Nil, Value::Integer);
    }
    let (Some(one), Some(other)) = (value.number(), argument.number()) else {
        return Value::Nil;
    };
    let result = match filter {
        Filter::Plus => one + other,
        Filter::Minus => one - other,
        Filter::Times => one * other,
        Filter::DividedBy => one / other,
        _ => one % other,
    };
    if result.is_finite() {
        Value::Float(result)
    } else {
        Value::Nil
    }
}

/// An instant in the form that `format` tells; what is no instant stays.
fn date(value: &Value<'_>, format: &str, now: Timestamp) -> String {
    let text = value.text();
    let instant = match (value.integer(), &*text) {
        (Some(seconds), _) => jiff::Timestamp::from_second(seconds).ok(),
        (None, "now" | "today") => jiff::Timestamp::from_millisecond(now.millis()).ok(),
        (None, text) => text.parse().ok(),
    };
    let shown = instant.map(|instant| instant.to_zoned(jiff::tz::TimeZone::UTC));
    let shown = shown.and_then(|shown| jiff::fmt::strtime::format(format, &shown).ok());
    shown.unwrap_or_else(|| text.into_owned())
}

fn to_json(value: &Value<'_>) -> String {
    match value {
        Value::Nil | Value::Empty | Value::Loop(..) => "null".to_owned(),
        Value::Text(text) | Value::Html(text) => serde_json::Value::from(&**text).to_string(),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(to_json).collect();
            format!("[{}]", items.join(","))
        }
        value => value.text().into_owned(),
    }
}

fn truncate(text: &str, length: usize, mark: &str) -> String {
    if text.chars().count().cmp(&length) != Ordering::Greater {
        return text.to_owned();
    }
    let kept = length.saturating_sub(mark.chars().count());
    let kept: String = text.chars().take(kept).collect();
    format!("{kept}{mark}")
}

/// Writes `text` as text of an HTML page or of an attribute in quotes.
pub(super) fn escape_into(html: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
}

/// The same, where what is escaped already stays.
fn escape_once(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('&').enumerate() {
        let name = part.split(';').next().unwrap_or_default();
        let is_reference = name.len() < part.len()
            && !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'#');
        if 0 < index {
            html.push_str(if is_reference { "&" } else { "&amp;" });
        }
        escape_into(&mut html, part);
    }
    html
}
