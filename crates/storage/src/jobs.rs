//! Jobs: work that goes on after its request was answered. A job is open until it is done; whoever works on it holds it
//! for a while, so that nodes do not do the same work, and when a node dies another one goes on where it stopped.
//!
//! What goes into a job and comes out of it is kept in parts, so that none is large.

use grantor_protocol::{env::Timestamp, tenant::TenantId};
use serde_json::Value as Json;

use crate::{
    batch::{Batch, Expectation},
    error::{Error, Result},
    params, statements,
    store::Store,
    value::Row,
};

/// The guard that fails when somebody else holds the job, or it is done.
pub const JOB: &str = "job";

/// How many due jobs are looked at for one that nobody holds.
const CANDIDATES: i64 = 8;

/// A job.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredJob {
    /// `job_…`.
    pub id: String,
    /// What is to be done.
    pub kind: String,
    /// What is told of it, and what whoever works on it needs to know.
    pub body: Json,
    /// Which of its versions this is; whoever changes it makes a new one.
    pub revision: i64,
    /// Whether it is not done yet.
    pub is_open: bool,
    /// Since when it exists.
    pub created_at: Timestamp,
}

/// One part of what goes into a job or comes out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobPart {
    /// Its place in the order.
    pub number: i64,
    /// Its content.
    pub content: Vec<u8>,
}

impl Batch {
    /// Adds a job that is due at once. The change is told to subscribers as one of the kind [`JOB`].
    pub fn open_job(
        &mut self,
        tenant: &TenantId,
        id: &str,
        kind: &str,
        body: &Json,
        now: Timestamp,
    ) -> &mut Self {
        let values = params![tenant, id, kind, body.to_string(), now];
        self.step(statements::JOB_INSERT, values, Expectation::Unique("job"));
        self.note(tenant, JOB, id, now)
    }

    /// Writes down how far a job is, and holds it until `until`. Fails with the guard [`JOB`] if somebody else holds it.
    pub fn advance_job(
        &mut self,
        tenant: &TenantId,
        (id, revision): (&str, i64),
        body: &Json,
        until: Timestamp,
    ) -> &mut Self {
        let values = params![tenant, id, revision, body.to_string(), 1_i64, until];
        self.expect(statements::JOB_UPDATE, values, 1, JOB)
    }

    /// Ends a job; what is told of it is kept until `until`. Fails with the guard [`JOB`] if somebody else holds it.
    pub fn close_job(
        &mut self,
        tenant: &TenantId,
        (id, revision): (&str, i64),
        body: &Json,
        until: Timestamp,
    ) -> &mut Self {
        let values = params![tenant, id, revision, body.to_string(), 0_i64, until];
        self.expect(statements::JOB_UPDATE, values, 1, JOB)
    }

    /// Keeps a part; `name` tells what it is a part of. One that is there already stays.
    pub fn put_job_part(
        &mut self,
        tenant: &TenantId,
        id: &str,
        name: &str,
        part: &JobPart,
    ) -> &mut Self {
        let values = params![tenant, id, name, part.number, part.content.as_slice()];
        self.run(statements::JOB_PART_INSERT, values)
    }
}

impl Store {
    /// A job, done or not.
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn find_job(&self, tenant: &TenantId, id: &str) -> Result<Option<StoredJob>> {
        let rows = self.read(statements::JOB_FIND, params![tenant, id]).await?;
        rows.first().map(|row| read_job(row, 0)).transpose()
    }

    /// The open jobs of a kind, at most 100, in no order.
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn open_jobs(&self, tenant: &TenantId, kind: &str) -> Result<Vec<StoredJob>> {
        let values = params![tenant, kind];
        let rows = self.read(statements::JOB_LIST_OPEN, values).await?;
        rows.iter().map(|row| read_job(row, 0)).collect()
    }

    /// A job of any tenant that is due and that nobody holds, held from now on until `until`.
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn claim_job(
        &self,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<(TenantId, StoredJob)>> {
        let values = params![now, CANDIDATES];
        for row in self.read(statements::JOB_LIST_DUE, values).await? {
            let tenant = row.text(0)?;
            let tenant = TenantId::parse(tenant).ok_or_else(|| Error::Inconsistent {
                table: "jobs",
                column: "tenant".to_owned(),
                id: tenant.to_owned(),
                source: "it is not a tenant's name".into(),
            })?;
            let mut job = read_job(&row, 1)?;
            let mut batch = self.batch();
            batch.advance_job(&tenant, (&job.id, job.revision), &job.body, until);
            match self.commit(batch).await {
                Ok(()) => {
                    job.revision += 1;
                    return Ok(Some((tenant, job)));
                }
                Err(Error::Guard { label: JOB }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The parts called `name` after number `after`, at most `limit` of them, in order.
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn job_parts(
        &self,
        tenant: &TenantId,
        id: &str,
        name: &str,
        (after, limit): (i64, i64),
    ) -> Result<Vec<JobPart>> {
        let values = params![tenant, id, name, after, limit];
        let rows = self.read_long(statements::JOB_PART_LIST, values).await?;
        let part = |row: &Row| {
            Ok(JobPart {
                number: row.integer(0)?,
                content: row.bytes(1)?.to_vec(),
            })
        };
        rows.iter().map(part).collect()
    }
}

/// From `id, kind, body, revision, is_open, created_at`, which begin at column `first`.
fn read_job(row: &Row, first: usize) -> Result<StoredJob> {
    let id = row.text(first)?.to_owned();
    let body =
        serde_json::from_str(row.text(first + 2)?).map_err(|source| Error::Inconsistent {
            table: "jobs",
            column: "body".to_owned(),
            id: id.clone(),
            source: source.into(),
        })?;
    Ok(StoredJob {
        id,
        kind: row.text(first + 1)?.to_owned(),
        body,
        revision: row.integer(first + 3)?,
        is_open: row.integer(first + 4)? == 1,
        created_at: Timestamp::from_millis(row.integer(first + 5)?),
    })
}
