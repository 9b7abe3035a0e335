//! Our values as PostgreSQL's, and what its failures mean.

use bytes::BytesMut;
use tokio_postgres::{
    error::SqlState,
    types::{IsNull, ToSql, Type},
};

use crate::{
    error::Error,
    value::{Row, Sql, Value},
};

/// A parameter.
pub(super) fn as_sql(value: &Value) -> &(dyn ToSql + Sync) {
    value
}

/// A row in our own values.
pub(super) fn decode(
    row: &tokio_postgres::Row,
    sql: Sql,
) -> std::result::Result<Row, tokio_postgres::Error> {
    let columns = row.columns().iter().enumerate();
    let values = columns.map(|(index, column)| {
        Ok(match *column.type_() {
            Type::INT8 => row
                .try_get::<_, Option<i64>>(index)?
                .map_or(Value::Null, Value::Integer),
            Type::BYTEA => row
                .try_get::<_, Option<_>>(index)?
                .map_or(Value::Null, Value::Bytes),
            _ => row
                .try_get::<_, Option<_>>(index)?
                .map_or(Value::Null, Value::Text),
        })
    });
    Ok(Row::new(
        sql,
        values.collect::<std::result::Result<_, _>>()?,
    ))
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(value) => value.to_sql_checked(kind, out),
            Self::Text(value) => value.to_sql_checked(kind, out),
            Self::Bytes(value) => value.to_sql_checked(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

/// Whether trying the whole transaction again is the answer.
pub(super) fn is_lost_race(error: &tokio_postgres::Error) -> bool {
    matches!(
        error.code(),
        Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED)
    )
}

/// What a failure of PostgreSQL means. Classes: connection, resources, intervention, system; timeouts; read-only.
pub(super) fn failure(doing: &'static str, sql: Sql, source: tokio_postgres::Error) -> Error {
    let outage = source.code().is_none_or(|state| {
        let code = state.code();
        ["08", "53", "57", "58", "40"]
            .iter()
            .any(|class| code.starts_with(class))
            || ["55P03", "25006", "25P02"].contains(&code)
    });
    // Without a code it is the connection that failed, or a value that does not fit its column.
    if outage && !source.to_string().contains("serializ") {
        return Error::unavailable(doing, source);
    }
    Error::Rejected {
        statement: sql.name(),
        source: source.into(),
    }
}
