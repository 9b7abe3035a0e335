//! Hears of the changes of other nodes: a connection that listens, and a poll as a net below it.

use std::{sync::Arc, thread::JoinHandle, time::Duration};

use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, NoTls, Statement, ToStatement};

use super::{dialect, postgres_connect::Tls, postgres_values::decode};
use crate::{
    batch::Change,
    cache::Caches,
    error::{Error, Result},
    statements,
    value::{Sql, is_last_page},
    watch::Cursor,
};

/// How often the changes are read although nobody notified.
const TICK: Duration = Duration::from_millis(250);

/// How long an answer is waited for. With the tick before it this stays below the second within which a revoked thing
/// must be refused.
const PATIENCE: Duration = Duration::from_millis(600);

/// How long to wait before connecting again.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a connection attempt may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How many changes are read at once.
const PAGE: i64 = 1000;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The watching thread; it ends when this is dropped.
pub(super) struct Watcher {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Starts a thread with a runtime of its own, so that a busy server does not delay it.
    pub(super) fn start(config: Config, tls: Tls, caches: Arc<Caches>) -> Result<Self> {
        let failed = |source| Error::unavailable("starting the watcher", source);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let (stop, stopped) = oneshot::channel();
        let watch = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = watch(&config, &tls, &caches) => {}
                    _ = stopped => {}
                }
            });
            // A name that is being resolved must not hold up the end.
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new()
            .name("grantor-watch".to_owned())
            .spawn(watch)
            .map_err(failed)?;
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

async fn watch(config: &Config, tls: &Tls, caches: &Caches) {
    loop {
        let Err(error) = listen(config, tls, caches).await;
        if caches.is_fresh() {
            tracing::warn!(error, "changes of other nodes cannot be heard");
        }
        caches.suspend();
        tokio::time::sleep(PAUSE).await;
    }
}

/// Connects and listens until something fails.
async fn listen(
    config: &Config,
    tls: &Tls,
    caches: &Caches,
) -> std::result::Result<std::convert::Infallible, Failure> {
    let (client, mut wakes) = tokio::time::timeout(CONNECT, connect(config, tls)).await??;
    let listening = client.batch_execute("LISTEN grantor_changes");
    tokio::time::timeout(PATIENCE, listening).await??;
    let latest = query(
        &client,
        statements::CHANGE_LATEST.text(),
        statements::CHANGE_LATEST,
        &[],
    )
    .await?;
    let latest = latest.first().map_or(Ok(0), |row| row.integer(0))?;
    let mut cursor = Cursor::new(latest);
    let text = dialect::dollars(statements::CHANGE_LIST.text());
    let list = tokio::time::timeout(PATIENCE, client.prepare(&text)).await??;
    read_changes(&client, &list, &mut cursor, caches).await?;
    caches.resume();
    loop {
        tokio::select! {
            wake = wakes.recv() => wake.ok_or("the connection was closed")?,
            () = tokio::time::sleep(TICK) => cursor.tick(),
        }
        // Notifications that came meanwhile are answered by the same read.
        while wakes.try_recv().is_ok() {}
        read_changes(&client, &list, &mut cursor, caches).await?;
    }
}

async fn read_changes(
    client: &Client,
    list: &Statement,
    cursor: &mut Cursor,
    caches: &Caches,
) -> std::result::Result<(), Failure> {
    let mut first = cursor.first();
    loop {
        let rows = query(client, list, statements::CHANGE_LIST, &[first, PAGE]).await?;
        for row in &rows {
            let seq = row.integer(0)?;
            first = seq + 1;
            if cursor.note(seq) {
                caches.changed(&Change::from_list_row(row));
            }
        }
        if is_last_page(&rows, PAGE) {
            return Ok(());
        }
    }
}

async fn query(
    client: &Client,
    statement: &(impl ToStatement + ?Sized + Sync),
    sql: Sql,
    params: &[i64],
) -> std::result::Result<Vec<crate::Row>, Failure> {
    let params: Vec<_> = params
        .iter()
        .map(|value| value as &(dyn tokio_postgres::types::ToSql + Sync))
        .collect();
    let rows = tokio::time::timeout(PATIENCE, client.query(statement, &params)).await??;
    rows.iter().map(|row| Ok(decode(row, sql)?)).collect()
}

async fn connect(
    config: &Config,
    tls: &Tls,
) -> std::result::Result<(Client, mpsc::UnboundedReceiver<()>), Failure> {
    match tls {
        Tls::No => {
            let (client, connection) = config.connect(NoTls).await?;
            Ok((client, drive(connection)))
        }
        Tls::Verified(tls) => {
            let (client, connection) = config.connect(tls.clone()).await?;
            Ok((client, drive(connection)))
        }
    }
}

/// Drives a connection on this thread and hands on its notifications; the channel closes with the connection.
fn drive<S, T>(mut connection: Connection<S, T>) -> mpsc::UnboundedReceiver<()>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (notify, wakes) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let message = std::future::poll_fn(|context| connection.poll_message(context)).await;
            match message {
                Some(Ok(AsyncMessage::Notification(_))) => {
                    if notify.send(()).is_err() {
                        return;
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            }
        }
    });
    wakes
}
