//! Reading the parameters of a request: one parser and one set of limits for form and JSON.
//!
//! Does not know which parameters an endpoint takes; that is the endpoint's typed request.

use std::{borrow::Cow, fmt};

use percent_encoding::percent_decode;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::{refusal::Refusal, rule::Rule};

/// Most parameters in one request.
pub const MAX_PARAMETERS: usize = 100;
/// Longest parameter name, in bytes.
pub const MAX_NAME_LENGTH: usize = 128;
/// Longest parameter value, in bytes. The longest legitimate one is a request object or an ID token hint.
pub const MAX_VALUE_LENGTH: usize = 16 * 1024;
/// Largest request body of the authentication API, in bytes.
pub const MAX_BODY_LENGTH: usize = 64 * 1024;

/// The parameters of one request. Names are unique; empty and null values are absent (RFC 6749 §3.1, and the SDKs send
/// them).
pub struct Parameters(Vec<(String, ParameterValue)>);

/// A value: text, or a list of texts where JSON may have one.
enum ParameterValue {
    Text(String),
    List(Vec<String>),
    Other,
}

impl Parameters {
    /// Reads a request body of `content_type`.
    ///
    /// # Errors
    /// A [`Refusal`] for another content type, for what does not parse, and for what exceeds a limit.
    pub fn parse(content_type: Option<&str>, body: &[u8]) -> Result<Self, Refusal> {
        if body.len() > MAX_BODY_LENGTH {
            return Err(Refusal::new(Rule::BodyTooLarge).with("bytes", body.len()));
        }
        let media_type = content_type
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Self::parse_form(body)
        } else if media_type.eq_ignore_ascii_case("application/json") {
            Self::parse_json(body)
        } else {
            Err(Refusal::new(Rule::UnsupportedContentType)
                .with("content_type", clipped(media_type)))
        }
    }

    /// Reads `application/x-www-form-urlencoded` (also the query of a URL).
    ///
    /// # Errors
    /// A [`Refusal`] for invalid UTF-8, control characters, repeated names and exceeded limits.
    pub fn parse_form(body: &[u8]) -> Result<Self, Refusal> {
        let mut parameters = Self(Vec::new());
        for pair in body
            .split(|byte| *byte == b'&')
            .filter(|pair| !pair.is_empty())
        {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = form_decode(halves.next().unwrap_or_default())?;
            let value = form_decode(halves.next().unwrap_or_default())?;
            parameters.add(name.into_owned(), ParameterValue::Text(value.into_owned()))?;
        }
        Ok(parameters)
    }

    /// Reads a JSON object of texts; `scope` and its like may be arrays of texts.
    ///
    /// # Errors
    /// A [`Refusal`] for anything but one JSON object, for repeated names and for exceeded limits.
    pub fn parse_json(body: &[u8]) -> Result<Self, Refusal> {
        let mut reader = serde_json::Deserializer::from_slice(body);
        let members = reader
            .deserialize_map(Members)
            .and_then(|members| reader.end().map(|()| members))
            .map_err(|error| {
                Refusal::new(Rule::MalformedJson)
                    .with("at", format!("{}:{}", error.line(), error.column()))
            })?;
        let mut parameters = Self(Vec::new());
        for (name, value) in members {
            parameters.add(name, value)?;
        }
        Ok(parameters)
    }

    fn add(&mut self, name: String, value: ParameterValue) -> Result<(), Refusal> {
        if self.0.len() == MAX_PARAMETERS {
            return Err(Refusal::new(Rule::TooManyParameters));
        }
        let texts = match &value {
            ParameterValue::Text(text) => std::slice::from_ref(text),
            ParameterValue::List(list) => list.as_slice(),
            ParameterValue::Other => &[],
        };
        let length: usize = texts.iter().map(String::len).sum();
        if name.len() > MAX_NAME_LENGTH || length > MAX_VALUE_LENGTH {
            return Err(Refusal::new(Rule::ParameterTooLong).with("parameter", clipped(&name)));
        }
        if name.contains('\0') || texts.iter().any(|text| text.contains('\0')) {
            return Err(Refusal::new(Rule::ControlCharacter).with("parameter", clipped(&name)));
        }
        if self.0.iter().any(|(known, _)| *known == name) {
            return Err(Refusal::new(Rule::DuplicateParameter).naming("parameter", clipped(&name)));
        }
        self.0.push((name, value));
        Ok(())
    }

    /// The text of `name`, if it was sent and is not empty.
    ///
    /// # Errors
    /// [`Rule::ParameterNotText`] if JSON has something else there.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, Refusal> {
        match self.find(name) {
            None => Ok(None),
            Some(ParameterValue::Text(text)) => Ok(Some(text)
                .filter(|text| !text.is_empty())
                .map(String::as_str)),
            Some(ParameterValue::List(_) | ParameterValue::Other) => {
                Err(Refusal::new(Rule::ParameterNotText).naming("parameter", name))
            }
        }
    }

    /// The text of `name`, which the request must have.
    ///
    /// # Errors
    /// [`Rule::MissingParameter`] if it is absent or empty.
    pub fn required(&self, name: &'static str) -> Result<&str, Refusal> {
        self.text(name)?
            .ok_or_else(|| Refusal::new(Rule::MissingParameter).naming("parameter", name))
    }

    /// The words of `name`: a space-separated text (RFC 6749 §3.3) or an array of texts.
    ///
    /// # Errors
    /// [`Rule::ScopeNotText`] if it is neither.
    pub fn words(&self, name: &'static str) -> Result<Vec<&str>, Refusal> {
        let texts = match self.find(name) {
            None => return Ok(Vec::new()),
            Some(ParameterValue::Text(text)) => std::slice::from_ref(text),
            Some(ParameterValue::List(list)) => list.as_slice(),
            Some(ParameterValue::Other) => return Err(Refusal::new(Rule::ScopeNotText)),
        };
        Ok(texts
            .iter()
            .flat_map(|text| text.split_ascii_whitespace())
            .collect())
    }

    /// The words of `scope`, each once, in the order of their first mention.
    ///
    /// # Errors
    /// [`Rule::ScopeNotText`].
    pub fn scope(&self) -> Result<Vec<String>, Refusal> {
        let mut scope: Vec<String> = Vec::new();
        for word in self.words("scope")? {
            if !scope.iter().any(|known| known == word) {
                scope.push(word.to_owned());
            }
        }
        Ok(scope)
    }

    /// The names that were sent, for requests that may have no others than they need.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    fn find(&self, name: &str) -> Option<&ParameterValue> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }
}

impl fmt::Debug for Parameters {
    /// Names alone: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

/// Decodes one half of a form pair: `+` is a space, `%XX` a byte, and the result must be UTF-8.
///
/// # Errors
/// [`Rule::MalformedForm`] for bytes that are no UTF-8.
pub fn form_decode(half: &[u8]) -> Result<Cow<'_, str>, Refusal> {
    let malformed = || Refusal::new(Rule::MalformedForm);
    if !half.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return std::str::from_utf8(half)
            .map(Cow::Borrowed)
            .map_err(|_| malformed());
    }
    let spaced: Vec<u8> = half
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    let bytes: Vec<u8> = percent_decode(&spaced).collect();
    String::from_utf8(bytes)
        .map(Cow::Owned)
        .map_err(|_| malformed())
}

/// The first 60 characters: enough to recognise, too few to fill a log.
pub fn clipped(text: &str) -> String {
    text.chars().take(60).collect()
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, ParameterValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Option<ParameterValue>>()? {
            // One more than the limit is kept, so that the limit is what refuses.
            if members.len() > MAX_PARAMETERS {
                return Err(A::Error::custom("too many members"));
            }
            members.extend(value.map(|value| (name, value)));
        }
        Ok(members)
    }
}

impl<'de> serde::Deserialize<'de> for ParameterValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = ParameterValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<ParameterValue, E> {
        Ok(ParameterValue::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<ParameterValue, E> {
        Ok(ParameterValue::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<ParameterValue, E> {
        Ok(ParameterValue::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<ParameterValue, E> {
        Ok(ParameterValue::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<ParameterValue, E> {
        Ok(ParameterValue::Other)
    }

    fn visit_unit<E>(self) -> Result<ParameterValue, E> {
        Ok(ParameterValue::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<ParameterValue, A::Error> {
        let mut texts = Vec::new();
        let mut only_texts = true;
        while let Some(value) = sequence.next_element::<ParameterValue>()? {
            match value {
                ParameterValue::Text(text) => texts.push(text),
                ParameterValue::List(_) | ParameterValue::Other => only_texts = false,
            }
        }
        Ok(if only_texts {
            ParameterValue::List(texts)
        } else {
            ParameterValue::Other
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ParameterValue, A::Error> {
        while map
            .next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?
            .is_some()
        {}
        Ok(ParameterValue::Other)
    }
}

#[cfg(test)]
mod tests;
