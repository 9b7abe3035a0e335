//! Work that goes on after its request was answered. The server calls [`Management::work`] whenever there may be some.
//!
//! A job is written down as it goes, in the same commit as what it does. So when a process ends, another one goes on with
//! the next piece, and no piece is done twice.

pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod verification;

use grantor_protocol::{env::Timestamp, tenant::TenantId};
use grantor_storage::{Batch, Error as StoreError, StoredJob};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use crate::Management;

/// How long a worker holds a job without a sign of life, in seconds.
const HELD_SECONDS: i64 = 60;

/// How long what is told of a finished job is kept, in seconds.
const KEPT_SECONDS: i64 = 86_400;

/// How often a job is begun again without having come any further.
const MAX_ATTEMPTS: u64 = 3;

/// What kinds of jobs there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobKind {
    /// Deletes the users of a connection that was deleted.
    ConnectionDeletion,
    /// Makes users from a file.
    UsersImport,
    /// Writes users into a file.
    UsersExport,
    /// Sends a mail that verifies an address.
    VerificationEmail,
}

impl JobKind {
    const ALL: [Self; 4] = [
        Self::ConnectionDeletion,
        Self::UsersImport,
        Self::UsersExport,
        Self::VerificationEmail,
    ];

    /// How it is stored and shown.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ConnectionDeletion => "connection_deletion",
            Self::UsersImport => "users_import",
            Self::UsersExport => "users_export",
            Self::VerificationEmail => "verification_email",
        }
    }

    /// The kind of a stored job.
    pub(crate) fn of(job: &StoredJob) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == job.kind)
    }
}

/// What is stored of a job that has just been asked for: what is told of it, and what whoever does it needs.
pub(crate) fn body(shown: &Map<String, Value>, work: &impl Serialize) -> Value {
    json!({"shown": shown, "work": work, "attempts": 0})
}

/// What is told of a job.
pub(crate) fn shown(body: &Value) -> Map<String, Value> {
    let shown = body.get("shown").and_then(Value::as_object);
    shown.cloned().unwrap_or_default()
}

/// What whoever does the job needs.
pub(crate) fn work<T: DeserializeOwned>(body: &Value) -> Option<T> {
    T::deserialize(body.get("work")?).ok()
}

/// A job that this worker holds.
pub(crate) struct Held<'a> {
    pub(crate) management: &'a Management,
    pub(crate) tenant: &'a TenantId,
    pub(crate) job: StoredJob,
}

impl Management {
    /// Does one job of any tenant that is due. Answers whether there was one.
    ///
    /// # Errors
    /// When the store fails; the job is due again after a minute, and goes on where it stopped.
    pub async fn work(&self) -> Result<bool, StoreError> {
        let now = self.env.now();
        let claimed = self.store.claim_job(now, now.plus_seconds(HELD_SECONDS));
        let Some((tenant, job)) = claimed.await? else {
            return Ok(false);
        };
        let held = Held {
            management: self,
            tenant: &tenant,
            job,
        };
        match JobKind::of(&held.job) {
            Some(JobKind::ConnectionDeletion) => held.delete_connection().await?,
            Some(kind) => held.begin(kind).await?,
            None => {
                // A newer program's. It is left to that.
                tracing::warn!(
                    kind = held.job.kind,
                    "a job of an unknown kind is left alone"
                );
            }
        }
        Ok(true)
    }
}

impl Held<'_> {
    /// Does the job, unless it was begun too often without coming any further.
    async fn begin(mut self, kind: JobKind) -> Result<(), StoreError> {
        let attempts = self.job.body.get("attempts").and_then(Value::as_u64);
        let attempts = attempts.unwrap_or(0) + 1;
        if MAX_ATTEMPTS < attempts {
            return self.fail("The job was interrupted too often.").await;
        }
        self.tell("status", json!("processing"));
        self.set("attempts", json!(attempts));
        let batch = self.management.store.batch();
        self.advance(batch).await?;
        match kind {
            JobKind::UsersImport => self.import().await,
            JobKind::UsersExport => self.export().await,
            JobKind::VerificationEmail => self.send_verification().await,
            JobKind::ConnectionDeletion => Ok(()),
        }
    }

    /// The users of the connection go, however many they are.
    async fn delete_connection(mut self) -> Result<(), StoreError> {
        let name = work::<String>(&self.job.body).unwrap_or_default();
        let store = &self.management.store;
        loop {
            let now = self.management.env.now();
            let gone = store.delete_users_of_connection(self.tenant, &name, now);
            if gone.await? == 0 {
                break;
            }
            self.advance(store.batch()).await?;
        }
        self.close(store.batch(), self.management.env.now()).await
    }

    /// Notes how far the job is.
    fn set_work(&mut self, work: &impl Serialize) {
        self.set("work", json!(work));
        // It came further, so what comes next gets its chances.
        self.set("attempts", json!(0));
    }

    /// Changes what is told of the job.
    fn tell(&mut self, name: &str, value: Value) {
        if let Some(shown) = self
            .job
            .body
            .get_mut("shown")
            .and_then(Value::as_object_mut)
        {
            shown.insert(name.to_owned(), value);
        }
    }

    fn set(&mut self, name: &str, value: Value) {
        if let Some(body) = self.job.body.as_object_mut() {
            body.insert(name.to_owned(), value);
        }
    }

    /// Commits `batch` and how far the job is, and goes on holding it.
    async fn advance(&mut self, mut batch: Batch) -> Result<(), StoreError> {
        let until = self.management.env.now().plus_seconds(HELD_SECONDS);
        let place = (self.job.id.as_str(), self.job.revision);
        batch.advance_job(self.tenant, place, &self.job.body, until);
        self.management.store.commit(batch).await?;
        self.job.revision += 1;
        Ok(())
    }

    /// Commits `batch` and that the job is done.
    async fn complete(mut self, batch: Batch) -> Result<(), StoreError> {
        self.tell("status", json!("completed"));
        let until = self.management.env.now().plus_seconds(KEPT_SECONDS);
        self.close(batch, until).await
    }

    /// Ends the job without success.
    async fn fail(mut self, reason: &str) -> Result<(), StoreError> {
        self.tell("status", json!("failed"));
        self.tell("status_details", json!(reason));
        let until = self.management.env.now().plus_seconds(KEPT_SECONDS);
        let batch = self.management.store.batch();
        self.close(batch, until).await
    }

    /// Commits `batch` and that the job is not open any more; it is forgotten after `until`.
    async fn close(&mut self, mut batch: Batch, until: Timestamp) -> Result<(), StoreError> {
        let place = (self.job.id.as_str(), self.job.revision);
        batch.close_job(self.tenant, place, &self.job.body, until);
        self.management.store.commit(batch).await
    }
}
