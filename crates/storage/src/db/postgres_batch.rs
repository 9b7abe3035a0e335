//! A batch on PostgreSQL: all steps are sent at once, and the whole is tried again when it lost against others.

use std::{pin::Pin, task::Poll, time::Duration};

use deadpool_postgres::{Client, Object, Pool};
use tokio_postgres::Statement;

use super::{
    Done, Work, dialect,
    postgres::{PATIENCE, no_connection},
    postgres_values::{as_sql, decode, failure, is_lost_race},
};
use crate::{
    batch::{Change, Expectation, Step},
    cache::Caches,
    error::{Error, Result},
    value::Sql,
};

/// How often a batch is tried that lost against concurrent ones.
const ATTEMPTS: u32 = 8;

/// Wakes the watchers of all nodes when the batch is committed.
const NOTIFY: Sql = Sql::new("NOTIFY", "SELECT pg_notify('grantor_changes', '')");

/// Commits the work, again if it lost against concurrent transactions.
pub(super) async fn commit(pool: &Pool, caches: &Caches, work: &Work) -> Result<u64> {
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
                // Before the commit was sent nothing can have been committed, so a connection that died is no loss.
                let broken = client.is_closed() && sql != COMMIT;
                let again = (broken || is_lost_race(&source)) && attempt < ATTEMPTS;
                if client.is_closed() || client.batch_execute("ROLLBACK").await.is_err() {
                    drop(Object::take(client));
                }
                if again {
                    tokio::time::sleep(Duration::from_millis(u64::from(attempt) * 5)).await;
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

/// Polls each future once, in order, which sends its message, and then waits for them in that order, in which the
/// server answers.
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
