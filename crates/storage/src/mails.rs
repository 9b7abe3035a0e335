//! Mails that wait to be sent. One is queued by the batch whose effect it tells of, so it is there exactly if that is; a
//! sender holds it for a while, so that nodes do not send the same one, and when a node dies another one sends it.
//!
//! What a mail says is sealed, because it holds links and codes that open accounts. The key comes from the instance key,
//! so that a new master key leaves it alone.

use grantor_protocol::{env::Timestamp, tenant::TenantId};
use zeroize::Zeroizing;

use crate::{
    batch::{Batch, Expectation},
    error::{Error, Result},
    params,
    seal::Place,
    statements,
    store::Store,
    value::Row,
};

/// The kind of the changes that tell of new mails, and the guard that fails when another sender holds one.
pub const MAIL: &str = "mail";

/// How long a captured mail is kept, in seconds: a week.
const CAPTURED_SECONDS: i64 = 7 * 86_400;

/// A mail that is ready to be queued.
#[derive(Clone)]
pub struct SealedMail {
    tenant: TenantId,
    id: String,
    content: Vec<u8>,
    now: Timestamp,
}

impl std::fmt::Debug for SealedMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedMail")
            .field("tenant", &self.tenant)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A mail of the queue or of the mailbox.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredMail {
    /// Its identifier.
    pub id: String,
    /// What it says, opened.
    pub content: Zeroizing<Vec<u8>>,
    /// How often a sender took it.
    pub attempts: i64,
    /// Which of its versions this is; whoever changes it makes a new one.
    pub revision: i64,
    /// Since when it exists.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for StoredMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredMail")
            .field("id", &self.id)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

impl Batch {
    /// Queues a mail that is due at once. The change is told to subscribers as one of the kind [`MAIL`].
    pub fn queue_mail(&mut self, mail: &SealedMail) -> &mut Self {
        let (tenant, now) = (&mail.tenant, mail.now);
        let values = params![tenant, &mail.id, mail.content.as_slice(), now];
        self.step(statements::MAIL_INSERT, values, Expectation::Unique(MAIL));
        self.note(tenant, MAIL, &mail.id, now)
    }

    /// Takes back a mail that the same batch queued: the work is done, and nobody gets it.
    pub fn withhold_mail(&mut self, mail: &SealedMail) -> &mut Self {
        self.remove_mail(&mail.tenant, (&mail.id, 1))
    }

    /// Moves a mail that the same batch queued into the mailbox at once; see [`Self::capture_mail`].
    pub fn capture_queued_mail(&mut self, mail: &SealedMail, most: i64) -> &mut Self {
        self.capture_mail(&mail.tenant, (&mail.id, 1), most, mail.now)
    }

    /// Takes a mail that was sent or given up from the queue. Fails with the guard [`MAIL`] if another sender holds it.
    pub fn remove_mail(&mut self, tenant: &TenantId, (id, revision): (&str, i64)) -> &mut Self {
        let values = params![tenant, id, revision];
        self.expect(statements::MAIL_REMOVE, values, 1, MAIL)
    }

    /// Lets a mail wait until `until`. Fails with the guard [`MAIL`] if another sender holds it.
    pub fn delay_mail(
        &mut self,
        tenant: &TenantId,
        (id, revision): (&str, i64),
        until: Timestamp,
    ) -> &mut Self {
        let values = params![tenant, id, revision, until];
        self.expect(statements::MAIL_DELAY, values, 1, MAIL)
    }

    /// Moves a mail into the mailbox, which keeps the newest `most` of the tenant for a week. Fails with the guard
    /// [`MAIL`] if another sender holds it.
    pub fn capture_mail(
        &mut self,
        tenant: &TenantId,
        (id, revision): (&str, i64),
        most: i64,
        now: Timestamp,
    ) -> &mut Self {
        let until = now.plus_seconds(CAPTURED_SECONDS);
        let values = params![tenant, id, revision, until];
        self.expect(statements::MAIL_CAPTURE, values, 1, MAIL);
        self.run(statements::MAIL_TRIM, params![tenant, most])
    }
}

impl Store {
    /// Seals what a mail says, JSON or whatever the sender understands, for [`Batch::queue_mail`].
    ///
    /// # Errors
    /// `Malformed` if it cannot be sealed.
    pub fn seal_mail(
        &self,
        tenant: &TenantId,
        id: &str,
        content: &[u8],
        now: Timestamp,
    ) -> Result<SealedMail> {
        let (key, random) = (&self.inner.instance_key.mails, &*self.inner.random);
        Ok(SealedMail {
            tenant: tenant.clone(),
            id: id.to_owned(),
            content: key.seal(random, place(tenant, id), "", content)?,
            now,
        })
    }

    /// The tenants after `after` that have mails which are due, at most `limit` of them, in order.
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn tenants_with_due_mails(
        &self,
        after: &str,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<TenantId>> {
        let values = params![now, after, limit];
        let rows = self.read_long(statements::MAIL_TENANTS, values).await?;
        let tenant = |row: &Row| {
            let name = row.text(0)?;
            TenantId::parse(name).ok_or_else(|| Error::Inconsistent {
                table: "mails",
                column: "tenant".to_owned(),
                id: name.to_owned(),
                source: "it is not a tenant's name".into(),
            })
        };
        rows.iter().map(tenant).collect()
    }

    /// Mails of the tenant that are due and that nobody holds, the oldest first, at most `limit` of them; held from now
    /// on until `until`.
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn claim_mails(
        &self,
        tenant: &TenantId,
        limit: i64,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<StoredMail>> {
        let values = params![tenant, now, limit];
        let mut claimed = Vec::new();
        for row in self.read(statements::MAIL_DUE, values).await? {
            let mut mail = self.open_mail(tenant, &row)?;
            let mut batch = self.batch();
            let values = params![tenant, &mail.id, mail.revision, until];
            batch.expect(statements::MAIL_CLAIM, values, 1, MAIL);
            match self.commit(batch).await {
                Ok(()) => {
                    mail.revision += 1;
                    mail.attempts += 1;
                    claimed.push(mail);
                }
                Err(Error::Guard { label: MAIL }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(claimed)
    }

    /// The mails in the mailbox, the newest first, at most `limit` of them.
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn captured_mails(&self, tenant: &TenantId, limit: i64) -> Result<Vec<StoredMail>> {
        let values = params![tenant, limit];
        let rows = self.read_long(statements::MAIL_LIST, values).await?;
        rows.iter().map(|row| self.open_mail(tenant, row)).collect()
    }

    /// A mail in the mailbox.
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn find_captured_mail(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<StoredMail>> {
        let values = params![tenant, id];
        let rows = self.read(statements::MAIL_FIND, values).await?;
        let mail = rows.first().map(|row| self.open_mail(tenant, row));
        mail.transpose()
    }

    /// From `id, content, attempts, revision, created_at`.
    fn open_mail(&self, tenant: &TenantId, row: &Row) -> Result<StoredMail> {
        let id = row.text(0)?;
        let key = &self.inner.instance_key.mails;
        let content = key.open(place(tenant, id), "", row.bytes(1)?);
        Ok(StoredMail {
            id: id.to_owned(),
            content: content.ok_or_else(|| Error::Inconsistent {
                table: "mails",
                column: "content".to_owned(),
                id: id.to_owned(),
                source: "it was not sealed here".into(),
            })?,
            attempts: row.integer(2)?,
            revision: row.integer(3)?,
            created_at: Timestamp::from_millis(row.integer(4)?),
        })
    }
}

fn place<'a>(tenant: &'a TenantId, id: &'a str) -> Place<'a> {
    Place {
        tenant: tenant.as_str(),
        kind: MAIL,
        id,
    }
}
