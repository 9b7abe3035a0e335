//! What a JSON value may be: the schemas of bodies and parameters.
//!
//! A schema is written in the notation of [`notation`], one line per field, and checked here. Only the first problem is
//! reported, in the words that the compatible API's clients know.

mod describe;
mod format;
mod notation;
mod problem;

use regex_lite::Regex;
use serde_json::{Map, Value, json};

use self::format::Format;
pub(crate) use self::{format::is_locale, notation::parse, problem::Problem};

/// What a value may be.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    /// Its type and bounds.
    pub(crate) shape: Shape,
    /// Whether `null` is a value (which clears what was there).
    pub(crate) nullable: bool,
    /// What stands for an absent member of an object that is there.
    pub(crate) default: Option<Value>,
}

/// A type with its bounds.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Any,
    Boolean,
    Integer(Bounds),
    Number,
    Text(Text),
    Choice(Vec<String>),
    Array {
        items: Box<Schema>,
        size: Bounds,
        /// Members must differ; by this member, if it is not empty.
        unique: Option<String>,
    },
    Object {
        members: Vec<Member>,
        open: bool,
    },
    Map {
        values: Box<Schema>,
        size: Bounds,
    },
    Either(Vec<Schema>),
    /// The notation was not understood; nothing is accepted. A test keeps this out of the declarations.
    Never(String),
}

/// A text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    length: Bounds,
    pattern: Option<Regex>,
    format: Option<&'static Format>,
    /// It is never recorded.
    secret: bool,
    /// It names an API and is stored without the host, see `Issuer::to_stored`.
    audience: bool,
}

/// A member of an object.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) required: bool,
    pub(crate) schema: Schema,
}

/// Inclusive bounds of a length, a number or a count.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bounds {
    pub(crate) minimum: Option<i64>,
    pub(crate) maximum: Option<i64>,
}

impl Bounds {
    /// The bound that `value` is past, and whether it is too small.
    fn broken_by(self, value: i64) -> Option<(i64, bool)> {
        match (self.minimum, self.maximum) {
            (Some(minimum), _) if value < minimum => Some((minimum, true)),
            (_, Some(maximum)) if maximum < value => Some((maximum, false)),
            _ => None,
        }
    }

    fn check_count(self, what: &str, count: usize, unit: &str) -> Result<(), Problem> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        match self.broken_by(count) {
            None => Ok(()),
            Some((bound, small)) => Err(Problem::new(format!(
                "{what} is too {} ({count}{unit}), {} {bound}",
                if small { "short" } else { "long" },
                if small { "minimum" } else { "maximum" },
            ))),
        }
    }
}

impl Schema {
    /// A closed object of `members`.
    pub(crate) fn object(members: Vec<Member>) -> Self {
        Self {
            shape: Shape::Object {
                members,
                open: false,
            },
            nullable: false,
            default: None,
        }
    }

    /// Checks `value`; the first problem is the error.
    pub(crate) fn check(&self, value: &Value) -> Result<(), Problem> {
        if self.nullable && value.is_null() {
            return Ok(());
        }
        match (&self.shape, value) {
            (Shape::Any, _)
            | (Shape::Boolean, Value::Bool(_))
            | (Shape::Number, Value::Number(_)) => Ok(()),
            (Shape::Never(problem), _) => Err(Problem::new(problem.clone())),
            (Shape::Integer(bounds), Value::Number(number)) => check_integer(*bounds, number),
            (Shape::Text(text), Value::String(value)) => text.check(value),
            (Shape::Choice(values), Value::String(value)) if values.contains(value) => Ok(()),
            (Shape::Choice(_), Value::String(value)) => {
                Err(Problem::new(format!("No enum match for: {value}")))
            }
            (
                Shape::Array {
                    items,
                    size,
                    unique,
                },
                Value::Array(values),
            ) => check_array(items, *size, unique.as_deref(), values),
            (Shape::Object { members, open }, Value::Object(map)) => {
                check_object(members, *open, map)
            }
            (Shape::Map { values, size }, Value::Object(map)) => {
                if let Some((bound, small)) =
                    size.broken_by(i64::try_from(map.len()).unwrap_or(i64::MAX))
                {
                    return Err(Problem::new(format!(
                        "Too {} properties defined ({}), {} {bound}",
                        if small { "few" } else { "many" },
                        map.len(),
                        if small { "minimum" } else { "maximum" },
                    )));
                }
                map.iter().try_for_each(|(name, value)| {
                    values.check(value).map_err(|problem| problem.inside(name))
                })
            }
            (Shape::Either(schemas), _) => check_either(schemas, value),
            _ => Err(Problem::new(format!(
                "Expected type {} but found type {}",
                self.type_name(),
                type_of(value)
            ))),
        }
    }

    /// The schema of the member `name`.
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        match &self.shape {
            Shape::Object { members, .. } => members
                .iter()
                .find(|member| member.name == name)
                .map(|member| &member.schema),
            _ => None,
        }
    }

    /// Adds the defaults of members that are absent from objects that are there.
    pub(crate) fn complete(&self, value: &mut Value) {
        match (&self.shape, value) {
            (Shape::Object { members, .. }, Value::Object(map)) => {
                for member in members {
                    match (map.get_mut(&member.name), &member.schema.default) {
                        (Some(present), _) => member.schema.complete(present),
                        (None, Some(default)) => {
                            map.insert(member.name.clone(), default.clone());
                        }
                        (None, None) => {}
                    }
                }
            }
            (Shape::Array { items, .. }, Value::Array(values)) => {
                for value in values {
                    items.complete(value);
                }
            }
            _ => {}
        }
    }

    /// Applies `change` to every text that `chosen` chooses.
    pub(crate) fn map_texts(
        &self,
        value: &mut Value,
        chosen: fn(&Text) -> bool,
        change: &dyn Fn(&str) -> String,
    ) {
        match (&self.shape, value) {
            (Shape::Text(text), Value::String(value)) if chosen(text) => *value = change(value),
            (Shape::Array { items, .. }, Value::Array(values)) => {
                for value in values {
                    items.map_texts(value, chosen, change);
                }
            }
            (Shape::Object { members, .. }, Value::Object(map)) => {
                for member in members {
                    if let Some(value) = map.get_mut(&member.name) {
                        member.schema.map_texts(value, chosen, change);
                    }
                }
            }
            (Shape::Map { values, .. }, Value::Object(map)) => {
                for (_, value) in map {
                    values.map_texts(value, chosen, change);
                }
            }
            (Shape::Either(schemas), value) => {
                for schema in schemas {
                    schema.map_texts(value, chosen, change);
                }
            }
            _ => {}
        }
    }

    /// Reads `text`, which came by form or query, as what this schema wants, if it can be that.
    pub(crate) fn coerce(&self, text: &str) -> Value {
        match &self.shape {
            Shape::Boolean if text == "true" => Value::Bool(true),
            Shape::Boolean if text == "false" => Value::Bool(false),
            Shape::Integer(_) => text
                .parse::<i64>()
                .map_or_else(|_| json!(text), Value::from),
            Shape::Number => text
                .parse::<f64>()
                .map_or_else(|_| json!(text), Value::from),
            Shape::Array { items, .. } => Value::Array(vec![items.coerce(text)]),
            _ if self.nullable && text == "null" => Value::Null,
            _ => json!(text),
        }
    }

    /// The JSON type it wants.
    fn type_name(&self) -> &'static str {
        match self.shape {
            Shape::Any | Shape::Either(_) | Shape::Never(_) => "any",
            Shape::Boolean => "boolean",
            Shape::Integer(_) => "integer",
            Shape::Number => "number",
            Shape::Text(_) | Shape::Choice(_) => "string",
            Shape::Array { .. } => "array",
            Shape::Object { .. } | Shape::Map { .. } => "object",
        }
    }

    /// What was not understood of its notation, here or within.
    #[cfg(test)]
    pub(crate) fn misread(&self) -> Option<String> {
        match &self.shape {
            Shape::Never(problem) => Some(problem.clone()),
            Shape::Array { items, .. } => items.misread(),
            Shape::Map { values, .. } => values.misread(),
            Shape::Object { members, .. } => {
                members.iter().find_map(|member| member.schema.misread())
            }
            Shape::Either(schemas) => schemas.iter().find_map(Self::misread),
            _ => None,
        }
    }
}

impl Text {
    /// Whether it is never recorded.
    pub(crate) fn is_secret(&self) -> bool {
        self.secret
    }

    /// Whether it names an API.
    pub(crate) fn is_audience(&self) -> bool {
        self.audience
    }

    fn check(&self, value: &str) -> Result<(), Problem> {
        self.length
            .check_count("String", value.chars().count(), " chars")?;
        if let Some(pattern) = self
            .pattern
            .as_ref()
            .filter(|pattern| !pattern.is_match(value))
        {
            return Err(Problem::new(format!(
                "String does not match pattern {pattern}: {value}"
            )));
        }
        match self.format.filter(|format| !format.matches(value)) {
            Some(format) => Err(Problem::new(format!(
                "Object didn't pass validation for format {}: {value}",
                format.name
            ))),
            None => Ok(()),
        }
    }
}

fn check_integer(bounds: Bounds, number: &serde_json::Number) -> Result<(), Problem> {
    let Some(value) = number.as_i64() else {
        let found = if number.is_f64() {
            "number"
        } else {
            "integer out of range"
        };
        return Err(Problem::new(format!(
            "Expected type integer but found type {found}"
        )));
    };
    match bounds.broken_by(value) {
        None => Ok(()),
        Some((bound, true)) => Err(Problem::new(format!(
            "Value {value} is less than minimum {bound}"
        ))),
        Some((bound, false)) => Err(Problem::new(format!(
            "Value {value} is greater than maximum {bound}"
        ))),
    }
}

fn check_array(
    items: &Schema,
    size: Bounds,
    unique: Option<&str>,
    values: &[Value],
) -> Result<(), Problem> {
    size.check_count("Array", values.len(), "")?;
    for (index, value) in values.iter().enumerate() {
        items
            .check(value)
            .map_err(|problem| problem.inside_item(index))?;
    }
    let Some(member) = unique else {
        return Ok(());
    };
    let mut seen = std::collections::HashMap::new();
    for (index, value) in values.iter().enumerate() {
        let key = if member.is_empty() {
            Some(value)
        } else {
            value.get(member)
        };
        if let Some(first) = key.and_then(|key| seen.insert(key.to_string(), index)) {
            return Err(Problem::new(format!(
                "Array items are not unique (indexes {first} and {index})"
            )));
        }
    }
    Ok(())
}

fn check_object(members: &[Member], open: bool, map: &Map<String, Value>) -> Result<(), Problem> {
    let required = members.iter().filter(|member| member.required);
    for member in required {
        if !map.contains_key(&member.name) {
            let name = &member.name;
            return Err(Problem::new(format!("Missing required property: {name}")));
        }
    }
    let known = |name: &String| members.iter().any(|member| member.name == *name);
    if !open {
        let unknown: Vec<_> = map
            .keys()
            .filter(|name| !known(name))
            .map(String::as_str)
            .collect();
        if !unknown.is_empty() {
            let names = unknown.join(", ");
            return Err(Problem::new(format!(
                "Additional properties not allowed: {names}"
            )));
        }
    }
    for member in members {
        if let Some(value) = map.get(&member.name) {
            member
                .schema
                .check(value)
                .map_err(|problem| problem.inside(&member.name))?;
        }
    }
    Ok(())
}

fn check_either(schemas: &[Schema], value: &Value) -> Result<(), Problem> {
    let mut inner = Vec::new();
    for schema in schemas {
        match schema.check(value) {
            Ok(()) => return Ok(()),
            Err(problem) => inner.push(problem),
        }
    }
    Err(Problem::none_of(inner))
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
