//! A write is a value: the steps of a batch, built without the database and committed whole or not at all.

use std::sync::Arc;

use grantor_protocol::{env::Random, tenant::TenantId};

use crate::{
    error::{Error, Result},
    seal::Sealer,
    value::{Row, Sql, Value},
};

/// What was written: a document of a kind, or a host or tenant. Also what other nodes are told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    /// Of which tenant.
    pub tenant: TenantId,
    /// The kind's name; `host` and `tenant` stand for those.
    pub kind: String,
    /// Which one.
    pub id: String,
}

/// What a step must have done for the batch to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expectation {
    /// Anything.
    Nothing,
    /// So many rows, else the guard `label` did not hold.
    Rows { rows: u64, label: &'static str },
    /// One row, else the unique key exists already.
    Unique(&'static str),
    /// The key that sealed this batch is still the database's.
    SameMasterKey,
    /// The statement returns the changes that it recorded.
    Changes,
}

impl Expectation {
    /// Compares with the number of rows that the step touched.
    pub(crate) fn check(self, touched: u64) -> Result<()> {
        match self {
            Self::Rows { rows, label } if touched != rows => Err(Error::Guard { label }),
            Self::Unique(unique) if touched != 1 => Err(Error::Conflict { unique }),
            Self::SameMasterKey if touched != 1 => Err(Error::MasterKeyMismatch),
            _ => Ok(()),
        }
    }
}

/// One statement of a batch.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) sql: Sql,
    pub(crate) params: Vec<Value>,
    pub(crate) expectation: Expectation,
}

/// Steps that are committed together; made by [`crate::Store::batch`].
pub struct Batch {
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) steps: Vec<Step>,
    pub(crate) changes: Vec<Change>,
    /// The first thing that could not be built; the commit answers with it.
    pub(crate) defect: Option<Error>,
    /// Whether a step guards the master key already.
    pub(crate) seals: bool,
}

impl Batch {
    /// Adds a statement whatever it touches.
    pub fn run(&mut self, sql: Sql, params: Vec<Value>) -> &mut Self {
        self.step(sql, params, Expectation::Nothing)
    }

    /// Adds a statement that must touch exactly `rows` rows, else the batch fails with `Guard { label }`.
    pub fn expect(
        &mut self,
        sql: Sql,
        params: Vec<Value>,
        rows: u64,
        label: &'static str,
    ) -> &mut Self {
        self.step(sql, params, Expectation::Rows { rows, label })
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.defect.is_none()
    }

    pub(crate) fn step(
        &mut self,
        sql: Sql,
        params: Vec<Value>,
        expectation: Expectation,
    ) -> &mut Self {
        self.steps.push(Step {
            sql,
            params,
            expectation,
        });
        self
    }

    pub(crate) fn defect(&mut self, error: Error) -> &mut Self {
        self.defect.get_or_insert(error);
        self
    }
}

impl std::fmt::Debug for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.steps.iter().map(|step| step.sql.name()).collect();
        f.debug_struct("Batch")
            .field("steps", &names)
            .finish_non_exhaustive()
    }
}

impl Change {
    /// From `tenant, kind, id`.
    pub(crate) fn from_row(row: &Row) -> Option<Self> {
        Self::from_columns(row, 0)
    }

    /// From `seq, tenant, kind, id`.
    pub(crate) fn from_list_row(row: &Row) -> Option<Self> {
        Self::from_columns(row, 1)
    }

    fn from_columns(row: &Row, first: usize) -> Option<Self> {
        Some(Self {
            tenant: TenantId::parse(row.text(first).ok()?)?,
            kind: row.text(first + 1).ok()?.to_owned(),
            id: row.text(first + 2).ok()?.to_owned(),
        })
    }
}
