//! The two engines. A branch on the engine anywhere else is a defect.

mod dialect;
pub(crate) mod migrations;
mod postgres;
mod postgres_batch;
mod postgres_connect;
mod postgres_values;
mod postgres_watch;
mod sqlite;
mod sqlite_watch;
mod sqlite_writer;

use std::sync::Arc;

use crate::{
    batch::{Change, Step},
    cache::Caches,
    error::{Error, Result},
    store::Engine,
    value::{Composed, Row, Sql, Value},
};

/// What is committed together.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) steps: Vec<Step>,
    pub(crate) changes: Vec<Change>,
}

/// The engine in use.
pub(crate) enum Database {
    Sqlite(Arc<sqlite::Sqlite>),
    Postgres(Box<postgres::Postgres>),
}

impl Database {
    /// Opens the engine's connections without looking at the schema.
    pub(crate) async fn open(engine: &Engine, caches: &Arc<Caches>) -> Result<Self> {
        match engine {
            Engine::Sqlite { directory } => {
                let sqlite = sqlite::Sqlite::open(directory, caches)?;
                Ok(Self::Sqlite(Arc::new(sqlite)))
            }
            Engine::Postgres { url } => postgres::Postgres::open(url, caches)
                .await
                .map(|postgres| Self::Postgres(Box::new(postgres))),
        }
    }

    /// Starts listening for the changes of others; the caches may serve from now on.
    pub(crate) fn watch(&self) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.watch(),
            Self::Postgres(postgres) => postgres.watch(),
        }
    }

    /// Brings the schema to `wanted`, or to the newest if it is behind; answers with the version found before.
    pub(crate) async fn migrate(&self, wanted: migrations::Wanted) -> Result<i64> {
        match self {
            Self::Sqlite(sqlite) => sqlite.migrate(wanted),
            Self::Postgres(postgres) => postgres.migrate(wanted).await,
        }
    }

    /// Commits all steps or none and answers with how many rows they touched. Caches forget what changed before this
    /// returns.
    pub(crate) async fn commit(&self, work: Work) -> Result<u64> {
        match self {
            Self::Sqlite(sqlite) => sqlite.commit(work).await,
            Self::Postgres(postgres) => postgres.commit(work).await,
        }
    }

    /// Reads all rows of an answer.
    pub(crate) async fn read(&self, sql: Sql, params: Vec<Value>) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(sqlite) => sqlite.read(sql, &params),
            Self::Postgres(postgres) => postgres.read(sql, &params).await,
        }
    }

    /// Reads what may take longer than a few microseconds, so not on a thread that serves requests.
    pub(crate) async fn read_long(&self, sql: Sql, params: Vec<Value>) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(sqlite) => {
                let sqlite = sqlite.clone();
                let task = tokio::task::spawn_blocking(move || sqlite.read(sql, &params));
                task.await
                    .map_err(|source| Error::unavailable("reading", source))?
            }
            Self::Postgres(postgres) => postgres.read(sql, &params).await,
        }
    }

    /// Reads the answer to a statement that was composed for it. It may take long, and is given up when it takes too long.
    pub(crate) async fn read_composed(&self, composed: Composed) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(sqlite) => sqlite.read_composed(composed).await,
            Self::Postgres(postgres) => postgres.read_composed(&composed).await,
        }
    }

    /// Has the engine check a statement.
    pub(crate) async fn prepare(&self, sql: Sql) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.prepare(sql),
            Self::Postgres(postgres) => postgres.prepare(sql).await,
        }
    }
}

/// What a committed batch did.
#[derive(Debug, Default)]
struct Done {
    touched: u64,
    /// Changes that only the database knew.
    found: Vec<Change>,
}
