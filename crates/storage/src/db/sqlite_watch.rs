//! Hears of the writes of other processes: the command line writes the same file while the server runs.

use std::{
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use rusqlite::Connection;

use super::sqlite::{File, failure, read};
use crate::{
    batch::Change,
    cache::Caches,
    error::{Error, Result},
    statements,
    value::{Value, is_last_page},
    watch::Cursor,
};

/// How often the file is looked at.
const TICK: Duration = Duration::from_millis(25);

/// How many changes are read at once.
const PAGE: i64 = 1000;

/// The watching thread; it ends when this is dropped.
pub(super) struct Watcher {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Notes where the list of changes ends, lets the caches serve and goes on watching.
    pub(super) fn start(
        connection: Connection,
        file: Arc<File>,
        caches: Arc<Caches>,
    ) -> Result<Self> {
        let mut eye = Eye {
            connection,
            file,
            caches,
            cursor: Cursor::new(0),
            version: -1,
        };
        eye.start_over()?;
        let (stop, stopped) = sync_channel(0);
        let watch = move || {
            while matches!(stopped.recv_timeout(TICK), Err(RecvTimeoutError::Timeout)) {
                eye.look();
            }
        };
        let thread = std::thread::Builder::new()
            .name("grantor-watch".to_owned())
            .spawn(watch)
            .map_err(|source| Error::unavailable("starting the watcher", source))?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

struct Eye {
    connection: Connection,
    file: Arc<File>,
    caches: Arc<Caches>,
    cursor: Cursor,
    version: i64,
}

impl Eye {
    /// Looks once. While that fails, or the file is not there, nothing is served from the caches.
    fn look(&mut self) {
        let result = match (self.file.check(), self.caches.is_fresh()) {
            (Err(error), _) => Err(error),
            (Ok(()), true) => self.read_changes(),
            (Ok(()), false) => self.start_over(),
        };
        if let Err(error) = result {
            if self.caches.is_fresh() {
                tracing::warn!(error = %error, "changes of others cannot be read");
            }
            self.caches.suspend();
        }
    }

    fn start_over(&mut self) -> Result<()> {
        let rows = self.query(statements::CHANGE_LATEST, &[])?;
        let latest = rows.first().map_or(Ok(0), |row| row.integer(0))?;
        // Numbers have no gaps here, since one transaction writes at a time.
        self.cursor = Cursor::new(latest);
        self.version = -1;
        self.read_changes()?;
        self.caches.resume();
        Ok(())
    }

    fn read_changes(&mut self) -> Result<()> {
        self.cursor.tick();
        let version = self
            .connection
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut pragma| pragma.query_row([], |row| row.get(0)))
            .map_err(|source| failure("reading changes", statements::CHANGE_LIST, source))?;
        if version == self.version {
            return Ok(());
        }
        let mut first = self.cursor.first();
        loop {
            let page = [Value::Integer(first), Value::Integer(PAGE)];
            let rows = self.query(statements::CHANGE_LIST, &page)?;
            for row in &rows {
                let seq = row.integer(0)?;
                first = seq + 1;
                if self.cursor.note(seq) {
                    self.caches.changed(&Change::from_list_row(row));
                }
            }
            if is_last_page(&rows, PAGE) {
                break;
            }
        }
        self.version = version;
        Ok(())
    }

    fn query(&self, sql: crate::Sql, params: &[Value]) -> Result<Vec<crate::Row>> {
        read(&self.connection, sql, params)
            .map_err(|source| failure("reading changes", sql, source))
    }
}
