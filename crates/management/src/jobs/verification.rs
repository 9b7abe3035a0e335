//! Sending a mail that verifies an address.

use grantor_protocol::{model::Client, users::UserId};
use grantor_storage::Error as StoreError;
use serde::{Deserialize, Serialize};

use super::{Held, work};
use crate::mails::Verification;

/// What the job needs to know.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Work {
    /// Whose address.
    pub(crate) user_id: String,
    /// Which identity: its provider.
    pub(crate) provider: String,
    /// Which identity: its identifier at the provider.
    pub(crate) identity: String,
    /// The application on whose behalf.
    pub(crate) client_id: Option<String>,
}

impl Held<'_> {
    /// Queues the mail.
    pub(super) async fn send_verification(self) -> Result<(), StoreError> {
        let Some(wanted) = work::<Work>(&self.job.body) else {
            return self.fail("The job cannot be read.").await;
        };
        let store = &self.management.store;
        let found = match UserId::parse(&wanted.user_id) {
            Some(id) => store.find_user(self.tenant, &id).await?,
            None => None,
        };
        let Some(user) = found.map(|stored| stored.user) else {
            return self.fail("The user does not exist any more.").await;
        };
        let identity = user
            .identities
            .iter()
            .find(|one| one.provider == wanted.provider && one.user_id == wanted.identity);
        let Some((identity, email)) =
            identity.and_then(|identity| Some((identity, user.email_of(identity)?)))
        else {
            return self
                .fail("The user does not have that address any more.")
                .await;
        };
        let client = match &wanted.client_id {
            Some(id) => store.typed::<Client>(self.tenant, id).await?,
            None => None,
        };
        let mut batch = store.batch();
        let verification = Verification {
            tenant: self.tenant,
            user: &user,
            identity,
            email,
            client: client.as_ref().map(|client| &*client.value),
            now: self.management.env.now(),
        };
        let queued = self.management.queue_verification(&mut batch, verification);
        queued.await?;
        self.complete(batch).await
    }
}
