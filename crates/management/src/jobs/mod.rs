//! Work that goes on after its request was answered. The server calls [`Management::work`] whenever there may be some.

use grantor_protocol::{env::Timestamp, tenant::TenantId};
use grantor_storage::{Batch, Error as StoreError, StoredJob};
use serde_json::Value;

use crate::Management;

/// How long a worker holds a job without a sign of life, in seconds.
const HELD_SECONDS: i64 = 60;

/// What kinds of jobs there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobKind {
    /// Deletes the users of a connection that was deleted.
    ConnectionDeletion,
}

impl JobKind {
    const ALL: [Self; 1] = [Self::ConnectionDeletion];

    /// How it is stored.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ConnectionDeletion => "connection_deletion",
        }
    }
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
        let kind = JobKind::ALL
            .into_iter()
            .find(|kind| kind.name() == job.kind);
        let mut held = Held {
            management: self,
            tenant: &tenant,
            job,
        };
        match kind {
            Some(JobKind::ConnectionDeletion) => held.delete_connection().await?,
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
    /// The users of the connection go, however many they are.
    async fn delete_connection(&mut self) -> Result<(), StoreError> {
        let name = text(&self.job.body, "connection")
            .unwrap_or_default()
            .to_owned();
        let store = self.management.store.clone();
        loop {
            let now = self.management.env.now();
            let gone = store
                .delete_users_of_connection(self.tenant, &name, now)
                .await?;
            if gone == 0 {
                break;
            }
            let batch = store.batch();
            self.advance(batch).await?;
        }
        let batch = store.batch();
        self.close(batch, self.management.env.now()).await
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

    /// Commits `batch` and that the job is done; it is forgotten after `until`.
    async fn close(&mut self, mut batch: Batch, until: Timestamp) -> Result<(), StoreError> {
        let place = (self.job.id.as_str(), self.job.revision);
        batch.close_job(self.tenant, place, &self.job.body, until);
        self.management.store.commit(batch).await
    }
}

/// The text `name` of a job's body.
pub(crate) fn text<'a>(body: &'a Value, name: &str) -> Option<&'a str> {
    body.get(name)?.as_str()
}
