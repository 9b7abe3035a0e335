//! The embedded engine: one file, one writer thread, reads inline on a few connections.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use rusqlite::{
    Connection, ErrorCode, OpenFlags, config::DbConfig, params_from_iter, types::ValueRef,
};
use tokio::sync::oneshot;

use super::{
    Work, dialect,
    migrations::{self, Wanted},
    sqlite_watch,
    sqlite_writer::{self, Job},
};
use crate::{
    cache::Caches,
    error::{Error, Result},
    value::{Composed, Row, Sql, Value},
};

/// How many batches may wait for the writer; more are refused at once.
const WAITING: usize = 4096;

/// How many idle read connections are kept.
const READERS: usize = 8;

/// How long a write waits for another process that writes the same file.
const BUSY: Duration = Duration::from_secs(5);

/// How long a search may take.
const SEARCH: Duration = Duration::from_secs(10);

/// Prepared statements kept by each connection.
const STATEMENTS: usize = 256;

/// The file of the database, as it was when it was opened.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    inode: u64,
    gone: AtomicBool,
}

impl File {
    /// Looks whether the file is still in its place. SQLite would go on writing into a removed one.
    pub(super) fn check(&self) -> Result<()> {
        let here = fs::metadata(&self.path).is_ok_and(|found| found.ino() == self.inode);
        self.gone.store(!here, Ordering::SeqCst);
        if here {
            return Ok(());
        }
        Err(self.missing())
    }

    fn missing(&self) -> Error {
        let text = format!("{} was removed or replaced", self.path.display());
        Error::unavailable("looking for its file", text)
    }
}

/// The embedded engine.
pub(crate) struct Sqlite {
    file: Arc<File>,
    caches: Arc<Caches>,
    readers: Mutex<Vec<Connection>>,
    queue: Option<SyncSender<Job>>,
    writer: Option<JoinHandle<()>>,
    watcher: OnceLock<sqlite_watch::Watcher>,
}

impl Sqlite {
    /// Opens `directory`/grantor.db, which is made if it does not exist.
    pub(super) fn open(directory: &Path, caches: &Arc<Caches>) -> Result<Self> {
        let not_writable = |path: &Path, source: std::io::Error| Error::NotWritable {
            path: path.to_owned(),
            source: source.into(),
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|source| not_writable(directory, source))?;
        let path = directory.join("grantor.db");
        // The writer touches the pages of many tables and indexes at once; readers need few.
        let writer = connect(&path, Access::Create)
            .and_then(|writer| {
                writer.execute_batch("PRAGMA cache_size = -8000")?;
                Ok(writer)
            })
            .map_err(|error| opening(&path, error))?;
        let inode = fs::metadata(&path)
            .map_err(|source| not_writable(&path, source))?
            .ino();
        let file = Arc::new(File {
            path,
            inode,
            gone: AtomicBool::new(false),
        });
        let (queue, jobs) = sync_channel(WAITING);
        let (place, notes) = (file.clone(), caches.clone());
        let writer = std::thread::Builder::new()
            .name("grantor-writer".to_owned())
            .spawn(move || sqlite_writer::run(&writer, &jobs, &place, &notes))
            .map_err(|source| Error::unavailable("starting the writer", source))?;
        Ok(Self {
            file,
            caches: caches.clone(),
            readers: Mutex::default(),
            queue: Some(queue),
            writer: Some(writer),
            watcher: OnceLock::new(),
        })
    }

    /// Starts to look for the writes of other processes.
    pub(super) fn watch(&self) -> Result<()> {
        let connection = self.connect()?;
        let watcher =
            sqlite_watch::Watcher::start(connection, self.file.clone(), self.caches.clone())?;
        // A second one would be dropped, and with it its thread.
        self.watcher.set(watcher).ok();
        Ok(())
    }

    /// Migrates on a connection of its own, under the file's write lock.
    pub(super) fn migrate(&self, wanted: Wanted) -> Result<i64> {
        let mut connection = self.connect()?;
        let failed = |source| failure("migrating", MIGRATION, source);
        let transaction = connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .map_err(failed)?;
        transaction
            .execute_batch("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")
            .map_err(failed)?;
        let sql = "SELECT coalesce(max(version), 0) FROM schema_version";
        let found = transaction
            .query_row(sql, [], |row| row.get(0))
            .map_err(failed)?;
        let (scripts, version) = migrations::plan(found, wanted)?;
        for script in scripts {
            transaction
                .execute_batch(&dialect::SQLITE.translate(script))
                .map_err(failed)?;
        }
        if version != found {
            transaction
                .execute_batch("DELETE FROM schema_version")
                .and_then(|()| {
                    transaction.execute("INSERT INTO schema_version VALUES (?1)", [version])
                })
                .map_err(failed)?;
        }
        transaction.commit().map_err(failed)?;
        Ok(found)
    }

    /// Hands the work to the writer and waits until it is on disk.
    pub(super) async fn commit(&self, work: Work) -> Result<u64> {
        let stopped = || Error::unavailable("writing", "the writer has stopped");
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        match queue.try_send(Job { work, reply }) {
            Ok(()) => answer.await.map_err(|_| stopped())?,
            Err(TrySendError::Full(_)) => {
                Err(Error::unavailable("writing", "too many writes are waiting"))
            }
            Err(TrySendError::Disconnected(_)) => Err(stopped()),
        }
    }

    /// Reads inline: an indexed read takes a few microseconds, less than handing it over would.
    pub(super) fn read(&self, sql: Sql, params: &[Value]) -> Result<Vec<Row>> {
        self.with_reader(sql, |connection| read(connection, sql, params))
    }

    /// Reads on a thread of its own and interrupts what takes too long.
    pub(super) async fn read_composed(self: &Arc<Self>, composed: Composed) -> Result<Vec<Row>> {
        let sqlite = self.clone();
        let (tell, told) = oneshot::channel();
        let mut reading = tokio::task::spawn_blocking(move || {
            let sql = composed.sql();
            sqlite.with_reader(sql, |connection| {
                // Nobody is told any more if the request was given up.
                tell.send(connection.get_interrupt_handle()).ok();
                // What is composed for one request is not worth a place among the prepared statements.
                let mut statement = connection.prepare(composed.text())?;
                rows(&mut statement, sql, composed.params())
            })
        });
        let failed = |source| Error::unavailable("searching", source);
        let in_time = tokio::time::timeout(SEARCH, &mut reading).await;
        if let Ok(answer) = in_time {
            return answer.map_err(failed)?;
        }
        if let Ok(handle) = told.await {
            handle.interrupt();
        }
        reading.await.map_err(failed)?
    }

    /// Compiles a statement.
    pub(super) fn prepare(&self, sql: Sql) -> Result<()> {
        self.with_reader(sql, |connection| {
            connection.prepare_cached(sql.text()).map(drop)
        })
    }

    fn with_reader<T>(
        &self,
        sql: Sql,
        action: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        if self.file.gone.load(Ordering::SeqCst) {
            return Err(self.file.missing());
        }
        let readers = || self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = readers().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect()?,
        };
        // A connection whose read failed is not used again.
        let answer = action(&connection).map_err(|source| failure("reading", sql, source))?;
        let mut readers = readers();
        if readers.len() < READERS {
            readers.push(connection);
        }
        Ok(answer)
    }

    fn connect(&self) -> Result<Connection> {
        let path = &self.file.path;
        connect(path, Access::Existing).map_err(|error| failure("opening", OPEN, error))
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        // The writer finishes what waits and closes the file, so that it can be opened elsewhere at once.
        self.watcher.take();
        self.queue.take();
        if let Some(writer) = self.writer.take() {
            writer.join().ok();
        }
    }
}

const MIGRATION: Sql = Sql::new("migration", "");
const OPEN: Sql = Sql::new("open", "");

#[derive(Clone, Copy, Debug)]
enum Access {
    Create,
    Existing,
}

fn connect(path: &Path, access: Access) -> rusqlite::Result<Connection> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if matches!(access, Access::Create) {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // A plan that depends on the text alone. Else whatever is bound for a table with partial indexes, or for a pattern,
    // has the statement compiled again each time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    enter_wal(&connection)?;
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; \
         PRAGMA wal_autocheckpoint = 2000; PRAGMA journal_size_limit = 33554432; \
         PRAGMA cache_size = -2000; PRAGMA case_sensitive_like = ON;",
    )?;
    Ok(connection)
}

/// The switch to WAL does not wait for a busy file by itself: of programs that start together on an empty directory, some
/// would be refused.
fn enter_wal(connection: &Connection) -> rusqlite::Result<()> {
    const STEP: Duration = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    loop {
        match connection.execute_batch("PRAGMA journal_mode = WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && waited < BUSY =>
            {
                std::thread::sleep(STEP);
                waited += STEP;
            }
            other => return other,
        }
    }
}

/// Reads all rows on `connection`.
pub(super) fn read(
    connection: &Connection,
    sql: Sql,
    params: &[Value],
) -> rusqlite::Result<Vec<Row>> {
    rows(&mut *connection.prepare_cached(sql.text())?, sql, params)
}

fn rows(
    statement: &mut rusqlite::Statement<'_>,
    sql: Sql,
    params: &[Value],
) -> rusqlite::Result<Vec<Row>> {
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(params))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let values = (0..columns).map(|index| row.get_ref(index).map(value));
        found.push(Row::new(sql, values.collect::<rusqlite::Result<_>>()?));
    }
    Ok(found)
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(rusqlite::types::ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

/// No column holds a floating number and every text was written as UTF-8.
fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null | ValueRef::Real(_) => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Text(value) => Value::Text(String::from_utf8_lossy(value).into_owned()),
        ValueRef::Blob(value) => Value::Bytes(value.to_vec()),
    }
}

/// Whether the database is to blame, and not the statement.
pub(super) fn is_outage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::ReadOnly
                | ErrorCode::OutOfMemory
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::PermissionDenied
                | ErrorCode::OperationInterrupted
        )
    )
}

/// What a failure of SQLite means.
pub(super) fn failure(doing: &'static str, sql: Sql, source: rusqlite::Error) -> Error {
    if is_outage(&source) {
        return Error::unavailable(doing, source);
    }
    Error::Rejected {
        statement: sql.name(),
        source: source.into(),
    }
}

fn opening(path: &Path, source: rusqlite::Error) -> Error {
    match source.sqlite_error_code() {
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            Error::NotWritable {
                path: path.to_owned(),
                source: source.into(),
            }
        }
        _ => failure("opening", OPEN, source),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::{db::migrations, statements};

    #[test]
    fn a_statement_that_is_run_again_is_not_compiled_again() {
        let directory = tempfile::tempdir().unwrap();
        let connection = connect(&directory.path().join("grantor.db"), Access::Create).unwrap();
        for migration in migrations::ALL {
            let script = dialect::SQLITE.translate(migration.up());
            connection.execute_batch(&script).unwrap();
        }
        for sql in statements::ALL.concat() {
            let mut statement = connection.prepare(sql.text()).unwrap();
            if !statement.readonly() {
                continue;
            }
            for round in 0..3 {
                let params = vec![Value::Integer(round); statement.parameter_count()];
                rows(&mut statement, sql, &params).unwrap();
            }
            let compiled_again = statement.get_status(StatementStatus::RePrepare);
            assert_eq!(compiled_again, 0, "{}", sql.name());
        }
    }
}
