//! The one thread that writes: whatever waits is committed together, so that concurrent writes share one sync.

use std::sync::mpsc::Receiver;

use rusqlite::{Connection, params_from_iter};
use tokio::sync::oneshot;

use super::{
    Done, Work,
    sqlite::{File, failure, is_outage, read},
};
use crate::{
    batch::{Change, Expectation, Step},
    cache::Caches,
    error::{Error, Result},
    value::Sql,
};

/// How many batches share a sync at most.
const GROUP: usize = 256;

const COMMIT: Sql = Sql::new("commit", "");

/// A batch and who waits for it.
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) reply: oneshot::Sender<Result<u64>>,
}

/// Writes until the queue is closed.
pub(super) fn run(connection: &Connection, jobs: &Receiver<Job>, file: &File, caches: &Caches) {
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        group.extend(jobs.try_iter().take(GROUP - 1));
        let mut results = match file.check() {
            Ok(()) => write(connection, &group),
            Err(error) => vec![Err(error)],
        };
        // An outage fails the whole group; each is told in its own words.
        let outage = match results.first() {
            Some(Err(error)) if results.len() != group.len() => report(error),
            _ => String::new(),
        };
        results.resize_with(group.len(), || {
            Err(Error::unavailable("writing", outage.clone()))
        });
        for (job, result) in group.into_iter().zip(results) {
            let result = result.map(|done| {
                caches.changed(job.work.changes.iter().chain(&done.found));
                done.touched
            });
            // Nobody waits any more if the request was given up; what was written stays written.
            job.reply.send(result).ok();
        }
    }
}

fn report(error: &Error) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), ToString::to_string)
}

/// Writes a group as one transaction. Answers one result per job, or a single outage for all of them.
fn write(connection: &Connection, group: &[Job]) -> Vec<Result<Done>> {
    let whole = |source| vec![Err(failure("writing", COMMIT, source))];
    if let Err(source) = control(connection, "BEGIN IMMEDIATE") {
        return whole(source);
    }
    let mut results = Vec::with_capacity(group.len());
    for job in group {
        match attempt(connection, &job.work.steps) {
            Ok(result) => results.push(result),
            Err(source) => {
                // After an outage the transaction may be gone already; either way nothing of it stays.
                control(connection, "ROLLBACK").ok();
                return whole(source);
            }
        }
    }
    if let Err(source) = control(connection, "COMMIT") {
        control(connection, "ROLLBACK").ok();
        return whole(source);
    }
    results
}

/// Runs one batch in a savepoint: the outer error is an outage, the inner one concerns this batch alone.
fn attempt(connection: &Connection, steps: &[Step]) -> rusqlite::Result<Result<Done>> {
    control(connection, "SAVEPOINT batch")?;
    let mut done = Done::default();
    for step in steps {
        let result = match run_step(connection, step, &mut done) {
            Ok(touched) => step.expectation.check(touched),
            Err(source) if is_outage(&source) || connection.is_autocommit() => return Err(source),
            Err(source) => Err(failure("writing", step.sql, source)),
        };
        if let Err(error) = result {
            control(connection, "ROLLBACK TO batch")?;
            control(connection, "RELEASE batch")?;
            return Ok(Err(error));
        }
    }
    control(connection, "RELEASE batch")?;
    Ok(Ok(done))
}

fn run_step(connection: &Connection, step: &Step, done: &mut Done) -> rusqlite::Result<u64> {
    let touched = if step.expectation == Expectation::Changes {
        let rows = read(connection, step.sql, &step.params)?;
        done.found.extend(rows.iter().filter_map(Change::from_row));
        rows.len() as u64
    } else {
        let mut statement = connection.prepare_cached(step.sql.text())?;
        statement.execute(params_from_iter(&step.params))? as u64
    };
    done.touched += touched;
    Ok(touched)
}

fn control(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
