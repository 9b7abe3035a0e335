//! PostgreSQL, or an engine that speaks its protocol: a pool, and batches that are sent without waiting between steps.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    task::Poll,
    time::Duration,
};

use bytes::BytesMut;
use deadpool_postgres::{
    Client, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, Timeouts,
};
use tokio_postgres::{
    Config, Statement,
    error::SqlState,
    types::{IsNull, ToSql, Type},
};

use super::{
    Done, Work, dialect,
    migrations::{self, Wanted},
    postgres_connect::{self, Tls},
    postgres_watch::Watcher,
};
use crate::{
    batch::{Change, Expectation, Step},
    cache::Caches,
    error::{Error, Result},
    value::{Row, Sql, Value},
};

/// Connections of one node.
const CONNECTIONS: usize = 16;

/// How long a connection is waited for.
const WAIT: Duration = Duration::from_secs(5);

/// How long a batch or a read may take; the server gives up earlier (`statement_timeout`).
const PATIENCE: Duration = Duration::from_secs(15);

/// How often a batch is tried that lost against concurrent ones.
const ATTEMPTS: u32 = 8;

/// Wakes the watchers of all nodes when the batch is committed.
const NOTIFY: Sql = Sql::new("NOTIFY", "SELECT pg_notify('grantor_changes', '')");

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

fn no_connection(error: PoolError) -> Error {
    Error::unavailable("connecting", error)
}

async fn commit(pool: &Pool, caches: &Caches, work: &Work) -> Result<u64> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let client = pool.get().await.map_err(no_connection)?;
        let outcome = tokio::time::timeout(PATIENCE, transact(&client, work)).await;
        let error = match outcome {
            Ok(Ok(done)) => {
                caches.changed(work.changes.iter().chain(&done.found));
                return Ok(done.touched);
            }
            Ok(Err(Failure::Ours(error))) => {
                // A guard that did not hold: the transaction ends before the connection is used again.
                if client.batch_execute("ROLLBACK").await.is_err() {
                    drop(Object::take(client));
                }
                return Err(error);
            }
            Ok(Err(Failure::Theirs(sql, source))) => {
                let unused = client.is_closed() && source.code().is_none();
                let again = is_lost_race(&source) && attempt < ATTEMPTS;
                if client.is_closed() || client.batch_execute("ROLLBACK").await.is_err() {
                    drop(Object::take(client));
                }
                if again {
                    tokio::time::sleep(Duration::from_millis(u64::from(attempt) * 5)).await;
                    continue;
                }
                // A dead connection from the pool that never took the first statement.
                if unused && sql == BEGIN && attempt < ATTEMPTS {
                    continue;
                }
                failure("writing", sql, source)
            }
            Err(source) => {
                drop(Object::take(client));
                Error::unavailable("writing", source)
            }
        };
        // It may have been committed although the answer was lost.
        caches.changed(&work.changes);
        return Err(error);
    }
}

enum Failure {
    Ours(Error),
    Theirs(Sql, tokio_postgres::Error),
}

const BEGIN: Sql = Sql::new("begin", "");
const COMMIT: Sql = Sql::new("commit", "");

async fn transact(client: &Client, work: &Work) -> std::result::Result<Done, Failure> {
    let mut prepared = Vec::with_capacity(work.steps.len() + 1);
    let wake = Step {
        sql: NOTIFY,
        params: Vec::new(),
        expectation: Expectation::Nothing,
    };
    let wakes = work
        .steps
        .iter()
        .any(|step| step.expectation == Expectation::Changes);
    let last = (wakes || !work.changes.is_empty()).then_some(&wake);
    for step in work.steps.iter().chain(last) {
        let text = dialect::dollars(step.sql.text());
        let statement = client.prepare_cached(&text).await;
        // Nothing was begun: a connection that is dead here lost nothing.
        prepared.push((
            step,
            statement.map_err(|source| Failure::Theirs(BEGIN, source))?,
        ));
    }
    // All steps are sent at once. One that follows a failed one is refused by the server, and one that follows a guard
    // that does not hold is rolled back with it.
    let mut sent: Vec<Pin<Box<dyn Future<Output = Answer> + Send + '_>>> =
        vec![Box::pin(begin(client))];
    for (step, statement) in &prepared {
        sent.push(Box::pin(execute(client, step, statement)));
    }
    let mut done = Done::default();
    let answers = in_order(sent).await;
    let outrun = answers
        .iter()
        .any(|answer| answer.as_ref().is_err_and(is_lost_race));
    let expectations = prepared
        .iter()
        .map(|(step, _)| (step.sql, step.expectation));
    let begun = std::iter::once((BEGIN, Expectation::Nothing));
    for (answer, (sql, expectation)) in answers.into_iter().zip(begun.chain(expectations)) {
        let (touched, changes) = answer.map_err(|source| Failure::Theirs(sql, source))?;
        // The first step that did not do what it should decides, as if the later ones had not been sent; but what a
        // transaction saw that lost a race does not count.
        if !outrun {
            expectation.check(touched).map_err(Failure::Ours)?;
        }
        done.found.extend(changes);
        done.touched += touched;
    }
    let committed = client.batch_execute("COMMIT").await;
    committed.map_err(|source| Failure::Theirs(COMMIT, source))?;
    Ok(done)
}

type Answer = std::result::Result<(u64, Vec<Change>), tokio_postgres::Error>;

async fn begin(client: &Client) -> Answer {
    client.batch_execute("BEGIN").await?;
    Ok((0, Vec::new()))
}

async fn execute(client: &Client, step: &Step, statement: &Statement) -> Answer {
    let params: Vec<_> = step.params.iter().map(as_sql).collect();
    if step.expectation == Expectation::Changes {
        let rows = client.query(statement, &params).await?;
        let rows = rows.iter().map(|row| decode(row, step.sql));
        let rows: Vec<_> = rows.collect::<std::result::Result<_, _>>()?;
        let changes: Vec<_> = rows.iter().filter_map(Change::from_row).collect();
        return Ok((changes.len() as u64, changes));
    }
    Ok((client.execute(statement, &params).await?, Vec::new()))
}

/// Polls each future once, in order, which sends its message, and then waits for them in that order, in which the server
/// answers.
async fn in_order<T>(mut futures: Vec<Pin<Box<dyn Future<Output = T> + Send + '_>>>) -> Vec<T> {
    let mut answers: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    let (mut sent, mut first) = (false, 0);
    std::future::poll_fn(|context| {
        let waiting = futures.iter_mut().zip(&mut answers).skip(first);
        let mut complete = true;
        for (future, answer) in waiting {
            if answer.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(value) => *answer = Some(value),
                    Poll::Pending => complete = false,
                }
            }
            if complete {
                first += 1;
            } else if sent {
                break;
            }
        }
        sent = true;
        if complete {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    answers.into_iter().flatten().collect()
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

fn as_sql(value: &Value) -> &(dyn ToSql + Sync) {
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

fn is_lost_race(error: &tokio_postgres::Error) -> bool {
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
