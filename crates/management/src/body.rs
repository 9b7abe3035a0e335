//! Bodies: JSON and forms, with every limit.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::{
    failure::Failure,
    schema::{Schema, Shape},
};

/// Largest body, in bytes.
pub const MAX_BODY_BYTES: usize = 1_048_576;

/// Deepest nesting of JSON.
const MAX_DEPTH: usize = 32;

/// Most fields of a form.
const MAX_FIELDS: usize = 1_000;

/// Reads a body of `content_type` as what `schema` describes. No body is an empty object.
pub(crate) fn read(
    body: &[u8],
    content_type: Option<&str>,
    schema: &Schema,
) -> Result<Value, Failure> {
    if MAX_BODY_BYTES < body.len() {
        let message = "Payload content length greater than maximum allowed: 1048576";
        return Err(Failure::new(413, "payload_too_large", message));
    }
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    let media_type = content_type.unwrap_or("application/json");
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return read_form(body, schema);
    }
    let is_json = media_type.eq_ignore_ascii_case("application/json")
        || media_type.to_ascii_lowercase().ends_with("+json");
    if !is_json {
        return Err(Failure::new(
            415,
            "unsupported_media_type",
            "Unsupported Media Type",
        ));
    }
    read_json(body).map_err(|error| {
        // Messages of ours say what to mend; those of the parser only where it stopped.
        let ours = error.is_data();
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or_default();
        let detail = if ours {
            format!(": {text}")
        } else {
            String::new()
        };
        Failure::body(format!("Invalid request payload JSON format{detail}"))
    })
}

/// Reads JSON without what a parser may understand in two ways: duplicate members and NUL characters.
pub(crate) fn read_json(body: &[u8]) -> serde_json::Result<Value> {
    let mut parser = serde_json::Deserializer::from_slice(body);
    let value = Strict { depth: 0 }.deserialize(&mut parser)?;
    parser.end()?;
    Ok(value)
}

/// Builds a value and refuses what is ambiguous or too deep.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if MAX_DEPTH <= self.depth {
            return Err(E::custom(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(Self {
            depth: self.depth + 1,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number out of range"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        refuse_nul(value)?;
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            refuse_nul(&name)?;
            let value = members.next_value_seed(inner)?;
            if map.insert(name.clone(), value).is_some() {
                return Err(A::Error::custom(format!("duplicate property {name}")));
            }
        }
        Ok(Value::Object(map))
    }
}

/// PostgreSQL cannot store NUL in a text, and no name or address needs it.
fn refuse_nul<E: Error>(text: &str) -> Result<(), E> {
    if text.contains('\0') {
        return Err(E::custom("a NUL character"));
    }
    Ok(())
}

/// Reads a form. `a=1&a=2` and `a[]=1&a[]=2` are arrays where the schema wants one, `a[b]=1` is a member of an object.
fn read_form(body: &[u8], schema: &Schema) -> Result<Value, Failure> {
    let mut root = Value::Object(Map::new());
    for (count, (name, text)) in form_urlencoded::parse(body).enumerate() {
        if MAX_FIELDS <= count || text.contains('\0') || name.contains('\0') {
            return Err(Failure::body("Invalid request payload format"));
        }
        let mut steps = name.split('[').map(|step| step.trim_end_matches(']'));
        let first = steps.next().unwrap_or_default();
        let steps: Vec<&str> = std::iter::once(first)
            .chain(steps.filter(|step| !step.is_empty()))
            .collect();
        if MAX_DEPTH < steps.len() {
            return Err(Failure::body("Invalid request payload format"));
        }
        set_field(&mut root, Some(schema), &steps, &text)?;
    }
    Ok(root)
}

fn set_field(
    target: &mut Value,
    schema: Option<&Schema>,
    steps: &[&str],
    text: &str,
) -> Result<(), Failure> {
    let (Value::Object(map), [name, rest @ ..]) = (target, steps) else {
        return Err(Failure::body("Invalid request payload format"));
    };
    let schema = schema.and_then(|schema| member_schema(schema, name));
    if !rest.is_empty() {
        let inner = map
            .entry((*name).to_owned())
            .or_insert_with(|| Value::Object(Map::new()));
        return set_field(inner, schema, rest, text);
    }
    let value = schema.map_or_else(|| Value::from(text), |schema| schema.coerce(text));
    match (map.get_mut(*name), value) {
        (Some(Value::Array(present)), Value::Array(more)) => present.extend(more),
        (Some(_), _) => return Err(Failure::body(format!("Duplicate property {name}"))),
        (None, value) => {
            map.insert((*name).to_owned(), value);
        }
    }
    Ok(())
}

fn member_schema<'a>(schema: &'a Schema, name: &str) -> Option<&'a Schema> {
    match &schema.shape {
        Shape::Object { members, .. } => members
            .iter()
            .find(|member| member.name == name)
            .map(|member| &member.schema),
        Shape::Map { values, .. } => Some(values),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::parse;

    fn read_as(body: &str, content_type: &str) -> Result<Value, Failure> {
        let schema = parse("{name: str, life: int, on: bool, list: [str], more: {deep: int}}");
        read(body.as_bytes(), Some(content_type), &schema)
    }

    #[test]
    fn a_form_says_the_same_as_json() {
        let form = "name=a&life=5&on=true&list=x&list[]=y&more[deep]=7";
        let json = r#"{"name":"a","life":5,"on":true,"list":["x","y"],"more":{"deep":7}}"#;
        assert_eq!(
            read_as(form, "application/x-www-form-urlencoded").unwrap(),
            read_as(json, "application/json; charset=utf-8").unwrap()
        );
    }

    #[test]
    fn ambiguous_and_oversized_json_is_refused() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read_json(deep(32).as_bytes()).is_ok());
        let refused = [
            r#"{"a":1,"a":1}"#.to_owned(),
            r#"{"a":{"b":1,"b":2}}"#.to_owned(),
            r#"{"a":"x\u0000y"}"#.to_owned(),
            "{\"a\":1}x".to_owned(),
            "{".to_owned(),
            deep(33),
            deep(100_000),
        ];
        for body in refused {
            let failure = read_as(&body, "application/json").unwrap_err();
            assert_eq!(
                (failure.status, failure.code),
                (400, Some("invalid_body")),
                "{failure}"
            );
        }
        let large = format!("\"{}\"", "x".repeat(MAX_BODY_BYTES));
        assert_eq!(read_as(&large, "application/json").unwrap_err().status, 413);
    }

    #[test]
    fn an_absent_body_is_an_empty_object_and_an_unknown_type_is_refused() {
        assert_eq!(read_as("", "application/json").unwrap(), json!({}));
        assert_eq!(read_as("<a/>", "text/xml").unwrap_err().status, 415);
    }
}
