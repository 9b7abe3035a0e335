//! Values of the language.

use std::{borrow::Cow, cmp::Ordering, rc::Rc};

use serde_json::Value as Json;

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Nil,
    /// What equals everything empty: `empty` and `blank`.
    Empty,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    /// A text from outside.
    Text(Cow<'a, str>),
    /// A text that is HTML already.
    Html(Cow<'a, str>),
    /// An array or an object from outside.
    Json(&'a Json),
    /// An array that a filter made.
    List(Rc<Vec<Value<'a>>>),
    /// `forloop`: the index from zero and the length.
    Loop(usize, usize),
}

impl<'a> From<&'a Json> for Value<'a> {
    fn from(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Nil,
            Json::Bool(value) => Self::Boolean(*value),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(value), _) => Self::Integer(value),
                (None, Some(value)) => Self::Float(value),
                (None, None) => Self::Nil,
            },
            Json::String(text) => Self::Text(Cow::Borrowed(text)),
            Json::Array(_) | Json::Object(_) => Self::Json(json),
        }
    }
}

impl Value<'_> {
    /// Only nothing and `false` are false.
    pub(super) fn is_true(&self) -> bool {
        !matches!(self, Self::Nil | Self::Boolean(false))
    }

    /// Whether it has nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Nil | Self::Empty => true,
            Self::Text(text) | Self::Html(text) => text.is_empty(),
            Self::Json(Json::Array(items)) => items.is_empty(),
            Self::Json(Json::Object(members)) => members.is_empty(),
            Self::List(items) => items.is_empty(),
            _ => false,
        }
    }

    /// The text that stands for it.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Nil | Self::Empty | Self::Loop(..) => Cow::Borrowed(""),
            Self::Boolean(value) => Cow::Owned(value.to_string()),
            Self::Integer(value) => Cow::Owned(value.to_string()),
            Self::Float(value) => Cow::Owned(value.to_string()),
            Self::Text(text) | Self::Html(text) => Cow::Borrowed(text),
            Self::Json(json) => Cow::Owned(json.to_string()),
            Self::List(items) => {
                let texts: Vec<_> = items.iter().map(Self::text).collect();
                Cow::Owned(texts.concat())
            }
        }
    }

    /// The number that it is or spells.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            // Beyond 2^53 a number of a mail may be rounded.
            Self::Integer(value) => value.to_string().parse().ok(),
            Self::Float(value) => Some(*value),
            Self::Text(text) | Self::Html(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// The whole number that it is or spells.
    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            Self::Text(text) | Self::Html(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// How many bytes a copy of it takes, or so.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Text(Cow::Owned(text)) | Self::Html(Cow::Owned(text)) => text.len(),
            _ => 0,
        }
    }

    /// How many bytes the text that stands for it has at most.
    pub(super) fn text_weight(&self) -> usize {
        match self {
            Self::Text(text) | Self::Html(text) => text.len(),
            Self::Json(json) => weigh(json),
            Self::List(items) => items.iter().map(Self::text_weight).sum(),
            _ => 32,
        }
    }

    /// The items of an array; nothing else has any.
    pub(super) fn items(&self) -> Vec<Self> {
        match self {
            Self::Json(Json::Array(items)) => items.iter().map(Self::from).collect(),
            Self::List(items) => items.to_vec(),
            _ => Vec::new(),
        }
    }

    /// The member `name`, or the item of that number.
    pub(super) fn member(&self, name: &str) -> Self {
        let index = name.parse::<i64>().ok();
        match (self, name) {
            (Self::Json(Json::Object(members)), _) => match (members.get(name), name) {
                (Some(member), _) => Self::from(member),
                (None, "size") => integer(members.len()),
                (None, _) => Self::Nil,
            },
            (Self::Json(Json::Array(items)), _) => match at(items.len(), name, index) {
                Some(at) => items.get(at).map_or(Self::Nil, Self::from),
                None if name == "size" => integer(items.len()),
                None => Self::Nil,
            },
            (Self::List(items), _) => match at(items.len(), name, index) {
                Some(at) => items.get(at).cloned().unwrap_or(Self::Nil),
                None if name == "size" => integer(items.len()),
                None => Self::Nil,
            },
            (Self::Text(text) | Self::Html(text), "size") => integer(text.chars().count()),
            (Self::Loop(index, _), "index0") => integer(*index),
            (Self::Loop(index, _), "index") => integer(index + 1),
            (Self::Loop(index, length), "rindex") => integer(length - index),
            (Self::Loop(_, length), "length") => integer(*length),
            (Self::Loop(index, _), "first") => Self::Boolean(*index == 0),
            (Self::Loop(index, length), "last") => Self::Boolean(index + 1 == *length),
            _ => Self::Nil,
        }
    }

    /// How it stands to `other`, if they can be compared.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Empty, value) | (value, Self::Empty) => {
                value.is_empty().then_some(Ordering::Equal)
            }
            (Self::Nil, Self::Nil) => Some(Ordering::Equal),
            (Self::Boolean(one), Self::Boolean(other)) => Some(one.cmp(other)),
            (Self::Text(one) | Self::Html(one), Self::Text(other) | Self::Html(other)) => {
                Some(one.cmp(other))
            }
            (Self::Integer(one), Self::Integer(other)) => Some(one.cmp(other)),
            (Self::Integer(_) | Self::Float(_), Self::Integer(_) | Self::Float(_)) => {
                self.number()?.partial_cmp(&other.number()?)
            }
            (Self::Json(one), Self::Json(other)) => (one == other).then_some(Ordering::Equal),
            _ => None,
        }
    }

    /// Whether a text contains the text of `other`, an array an equal item, an object such a member.
    pub(super) fn contains(&self, other: &Self) -> bool {
        match self {
            Self::Text(text) | Self::Html(text) => text.contains(&*other.text()),
            Self::Json(Json::Object(members)) => members.contains_key(&*other.text()),
            _ => self
                .items()
                .iter()
                .any(|item| item.compare(other) == Some(Ordering::Equal)),
        }
    }
}

/// A length as a number.
pub(super) fn integer(length: usize) -> Value<'static> {
    Value::Integer(i64::try_from(length).unwrap_or(i64::MAX))
}

/// The place that `name` means in an array of this length.
fn at(length: usize, name: &str, index: Option<i64>) -> Option<usize> {
    match (name, index) {
        ("first", _) => Some(0),
        ("last", _) => length.checked_sub(1),
        (_, Some(index)) if index < 0 => {
            length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
        }
        (_, Some(index)) => usize::try_from(index).ok(),
        _ => None,
    }
}

fn weigh(json: &Json) -> usize {
    match json {
        // Every character may become an escape of six.
        Json::String(text) => 2 + 6 * text.len(),
        Json::Array(items) => 2 + items.iter().map(weigh).sum::<usize>(),
        Json::Object(members) => {
            let members = members.iter();
            2 + members
                .map(|(name, value)| 8 + 6 * name.len() + weigh(value))
                .sum::<usize>()
        }
        _ => 32,
    }
}
