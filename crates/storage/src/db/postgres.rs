//! PostgreSQL, or an engine that speaks its protocol: a pool of connections.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use deadpool_postgres::{
    Client, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, Timeouts,
};
use tokio_postgres::Config;

use super::{
    Work, dialect,
    migrations::{self, Wanted},
    postgres_batch::commit,
    postgres_connect::{self, Tls},
    postgres_values::{as_sql, decode, failure},
    postgres_watch::Watcher,
};
use crate::{
    cache::Caches,
    error::{Error, Result},
    value::{Composed, Row, Sql, Value},
};

/// Connections of one node.
const CONNECTIONS: usize = 16;

/// How long a connection is waited for.
const WAIT: Duration = Duration::from_secs(5);

/// How long a batch or a read may take; the server gives up earlier (`statement_timeout`).
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

const CONTROL: Sql = Sql::new("control", "");

/// The number of the lock under which migrations run; any constant nobody else uses.
const MIGRATION_LOCK: &str = "SELECT pg_advisory_xact_lock(7305804385341011)";

/// The engine for several nodes.
pub(crate) struct Postgres {
    pool: Pool,
    config: Config,
    tls: Tls,
    caches: Arc<Caches>,
    watcher: OnceLock<Watcher>,
}

impl Postgres {
    /// Makes the pool and one connection, so that a wrong address is told at the start.
    pub(super) async fn open(url: &str, caches: &Arc<Caches>) -> Result<Self> {
        let (config, tls) = postgres_connect::configure(url)?;
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = match &tls {
            Tls::No => Manager::from_config(config.clone(), tokio_postgres::NoTls, recycling),
            Tls::Verified(tls) => Manager::from_config(config.clone(), tls.clone(), recycling),
        };
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(WAIT),
                create: Some(WAIT),
                recycle: Some(WAIT),
            })
            .build()
            .map_err(|source| Error::unavailable("making the pool", source))?;
        let store = Self {
            pool,
            config,
            tls,
            caches: caches.clone(),
            watcher: OnceLock::new(),
        };
        drop(store.client().await?);
        Ok(store)
    }

    /// Starts to listen for the changes of other nodes.
    pub(super) fn watch(&self) -> Result<()> {
        let (config, tls) = (self.config.clone(), self.tls.clone());
        let watcher = Watcher::start(config, tls, self.caches.clone())?;
        // A second one would be dropped, and with it its thread.
        self.watcher.set(watcher).ok();
        Ok(())
    }

    /// Migrates in one transaction under a lock that other nodes wait for.
    pub(super) async fn migrate(&self, wanted: Wanted) -> Result<i64> {
        let mut client = self.client().await?;
        let failed = |source| failure("migrating", CONTROL, source);
        let transaction = client.transaction().await.map_err(failed)?;
        let prelude = format!(
            "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; {MIGRATION_LOCK}; \
             CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)"
        );
        transaction.batch_execute(&prelude).await.map_err(failed)?;
        let sql = "SELECT coalesce(max(version), 0) FROM schema_version";
        let row = transaction.query_one(sql, &[]).await.map_err(failed)?;
        let found = row.try_get(0).map_err(failed)?;
        let (scripts, version) = migrations::plan(found, wanted)?;
        for script in scripts {
            let script = dialect::POSTGRES.translate(script);
            transaction.batch_execute(&script).await.map_err(failed)?;
        }
        if version != found {
            let note = format!(
                "DELETE FROM schema_version; INSERT INTO schema_version VALUES ({version})"
            );
            transaction.batch_execute(&note).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)?;
        Ok(found)
    }

    /// Commits the work, again if it lost against concurrent transactions.
    pub(super) async fn commit(&self, work: Work) -> Result<u64> {
        let (pool, caches) = (self.pool.clone(), self.caches.clone());
        // In a task of its own: a request that is given up must not leave a transaction half way.
        let task = tokio::spawn(async move { commit(&pool, &caches, &work).await });
        task.await
            .map_err(|source| Error::unavailable("writing", source))?
    }

    /// Reads all rows, once more if the connection turns out to be dead.
    pub(super) async fn read(&self, sql: Sql, params: &[Value]) -> Result<Vec<Row>> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let client = self.client().await?;
            let answer = tokio::time::timeout(PATIENCE, read(&client, sql, params)).await;
            match answer {
                Ok(Ok(rows)) => return Ok(rows),
                Ok(Err(source)) if attempt < CONNECTIONS && client.is_closed() => {
                    tracing::debug!(error = %source, "reading again on another connection");
                }
                Ok(Err(source)) => return Err(failure("reading", sql, source)),
                Err(source) => {
                    drop(Object::take(client));
                    return Err(Error::unavailable("reading", source));
                }
            }
        }
    }

    /// Like [`Self::read`], without keeping the statement; the server gives up what takes too long.
    pub(super) async fn read_composed(&self, composed: &Composed) -> Result<Vec<Row>> {
        let client = self.client().await?;
        let sql = composed.sql();
        let text = dialect::dollars(composed.text());
        let reading = async {
            let statement = client.prepare(&text).await?;
            let params: Vec<_> = composed.params().iter().map(as_sql).collect();
            let rows = client.query(&statement, &params).await?;
            let rows = rows.iter().map(|row| decode(row, sql));
            rows.collect::<std::result::Result<Vec<_>, _>>()
        };
        match tokio::time::timeout(PATIENCE, reading).await {
            Ok(answer) => answer.map_err(|source| failure("searching", sql, source)),
            Err(source) => {
                drop(Object::take(client));
                Err(Error::unavailable("searching", source))
            }
        }
    }

    /// Has the server check a statement.
    pub(super) async fn prepare(&self, sql: Sql) -> Result<()> {
        let client = self.client().await?;
        let prepared = client.prepare_cached(&dialect::dollars(sql.text())).await;
        prepared
            .map(drop)
            .map_err(|source| failure("preparing", sql, source))
    }

    async fn client(&self) -> Result<Client> {
        self.pool.get().await.map_err(no_connection)
    }
}

/// No connection could be had in time.
pub(super) fn no_connection(error: PoolError) -> Error {
    Error::unavailable("connecting", error)
}

async fn read(
    client: &Client,
    sql: Sql,
    params: &[Value],
) -> std::result::Result<Vec<Row>, tokio_postgres::Error> {
    let statement = client.prepare_cached(&dialect::dollars(sql.text())).await?;
    let params: Vec<_> = params.iter().map(as_sql).collect();
    let rows = client.query(&statement, &params).await?;
    rows.iter().map(|row| decode(row, sql)).collect()
}
