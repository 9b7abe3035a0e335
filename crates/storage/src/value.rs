//! What goes into a statement and comes out of it.

use crate::error::{Error, Result};

/// A statement: a constant text with the placeholders `?1`, `?2`, …, understood by both engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sql {
    name: &'static str,
    text: &'static str,
}

impl Sql {
    /// Names a statement.
    pub const fn new(name: &'static str, text: &'static str) -> Self {
        Self { name, text }
    }

    /// Its name, for errors.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Its text.
    pub const fn text(self) -> &'static str {
        self.text
    }
}

/// A statement that is put together from constant pieces, with `?1`, `?2`, … for what is not constant.
#[derive(Debug)]
pub(crate) struct Composed {
    name: &'static str,
    text: String,
    params: Vec<Value>,
}

impl Composed {
    /// Begins with a piece.
    pub(crate) fn new(name: &'static str, piece: &'static str) -> Self {
        Self {
            name,
            text: piece.to_owned(),
            params: Vec::new(),
        }
    }

    /// Adds a piece. Constant texts alone, so that nothing from outside becomes SQL.
    pub(crate) fn push(&mut self, piece: &'static str) -> &mut Self {
        self.text.push_str(piece);
        self
    }

    /// Adds a placeholder with its value.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.params.push(value.into());
        self.text.push('?');
        self.text.push_str(&self.params.len().to_string());
        self
    }

    /// What errors and rows call it.
    pub(crate) const fn sql(&self) -> Sql {
        Sql::new(self.name, "")
    }

    /// The whole text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether a value contains the character zero, which PostgreSQL would refuse.
    pub(crate) fn has_zero(&self) -> bool {
        let zero = |value: &Value| matches!(value, Value::Text(text) if text.contains('\0'));
        self.params.iter().any(zero)
    }

    /// The values, in order.
    pub(crate) fn params(&self) -> &[Value] {
        &self.params
    }
}

/// One value of a statement or a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// No value.
    Null,
    /// A whole number; instants are milliseconds since the epoch.
    Integer(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl From<grantor_protocol::env::Timestamp> for Value {
    fn from(value: grantor_protocol::env::Timestamp) -> Self {
        Self::Integer(value.millis())
    }
}

impl From<&grantor_protocol::tenant::TenantId> for Value {
    fn from(value: &grantor_protocol::tenant::TenantId) -> Self {
        Self::Text(value.as_str().to_owned())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The parameters of a statement, each turned into a [`Value`].
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$($crate::Value::from($value)),*] };
}

/// Whether `rows` are fewer than were asked for, so that none follow.
pub(crate) fn is_last_page(rows: &[Row], limit: i64) -> bool {
    i64::try_from(rows.len()).is_ok_and(|found| found < limit)
}

/// One row of an answer.
#[derive(Debug)]
pub struct Row {
    statement: Sql,
    values: Vec<Value>,
}

impl Row {
    /// A row of `statement`'s answer.
    pub(crate) fn new(statement: Sql, values: Vec<Value>) -> Self {
        Self { statement, values }
    }

    fn at(&self, index: usize) -> &Value {
        self.values.get(index).unwrap_or(&Value::Null)
    }

    fn not(&self, index: usize, wanted: &'static str) -> Error {
        Error::Inconsistent {
            table: self.statement.name(),
            column: index.to_string(),
            id: match self.values.first() {
                Some(Value::Text(id)) => id.clone(),
                _ => String::new(),
            },
            source: format!("it is not {wanted}").into(),
        }
    }

    /// The number in column `index`, which counts from zero.
    pub fn integer(&self, index: usize) -> Result<i64> {
        self.optional_integer(index)?
            .ok_or_else(|| self.not(index, "a number"))
    }

    /// The number in column `index`, if there is one.
    pub fn optional_integer(&self, index: usize) -> Result<Option<i64>> {
        match self.at(index) {
            Value::Null => Ok(None),
            Value::Integer(value) => Ok(Some(*value)),
            Value::Text(_) | Value::Bytes(_) => Err(self.not(index, "a number")),
        }
    }

    /// The text in column `index`.
    pub fn text(&self, index: usize) -> Result<&str> {
        self.optional_text(index)?
            .ok_or_else(|| self.not(index, "a text"))
    }

    /// The text in column `index`, if there is one.
    pub fn optional_text(&self, index: usize) -> Result<Option<&str>> {
        match self.at(index) {
            Value::Null => Ok(None),
            Value::Text(value) => Ok(Some(value)),
            Value::Integer(_) | Value::Bytes(_) => Err(self.not(index, "a text")),
        }
    }

    /// The bytes in column `index`.
    pub fn bytes(&self, index: usize) -> Result<&[u8]> {
        match self.at(index) {
            Value::Bytes(value) => Ok(value),
            Value::Null | Value::Integer(_) | Value::Text(_) => Err(self.not(index, "bytes")),
        }
    }
}
