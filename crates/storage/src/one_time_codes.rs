//! Codes that are sent to an address: few digits, so what stands against guessing is a count of tries.
//!
//! Of each subject (an address at a connection) the newest code counts. It is a single-use item like any other; beside the
//! item is kept under which digest its code is known, and how many tries were made. A try is taken *before* anybody looks
//! whether it is right, by one statement that fails when none is left; so a thousand guesses at once are as many as three.
//! A right one gives its try back.

use grantor_protocol::{env::Timestamp, tenant::TenantId};

use crate::{
    batch::Batch,
    error::{Error, Result},
    params, statements,
    store::Store,
};

/// The guard that fails when a code is another one than was sent last.
pub const ONE_TIME_CODE: &str = "one_time_code";

/// The guard that fails when no try is left.
const TRIES: &str = "one_time_code_tries";

/// A code that is sent; all digests are keyed.
#[derive(Clone, Copy, Debug)]
pub struct NewCode<'a> {
    /// To whom: the digest of an address and its connection.
    pub subject: &'a [u8],
    /// The digest that names the single-use item; random.
    pub item: &'a [u8],
    /// The digest of the code, together with the subject.
    pub code: &'a [u8],
    /// What is kept with it.
    pub payload: &'a str,
    /// Until when it can be used.
    pub expires_at: Timestamp,
}

/// The code that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCode {
    /// The digest that names the single-use item.
    pub item: Vec<u8>,
    /// What was stored with it.
    pub payload: String,
}

impl Batch {
    /// Keeps a code, which takes the place of the one before; with a single-use item for `purpose`.
    pub fn send_code(
        &mut self,
        tenant: &TenantId,
        purpose: &'static str,
        new: &NewCode<'_>,
    ) -> &mut Self {
        let values = params![
            tenant,
            new.subject,
            new.item,
            new.code,
            new.payload,
            new.expires_at
        ];
        self.run(statements::ONE_TIME_CODE_PUT, values);
        self.issue(tenant, purpose, new.item, "", new.expires_at)
    }

    /// Gives a try back if `code` is the digest of the code of `item`, which still counts; else the batch fails with the
    /// guard [`ONE_TIME_CODE`]. Whoever uses the code claims `item` in the same batch.
    pub fn match_code(
        &mut self,
        tenant: &TenantId,
        subject: &[u8],
        (item, code): (&[u8], &[u8]),
    ) -> &mut Self {
        let values = params![tenant, subject, item, code];
        self.expect(statements::ONE_TIME_CODE_MATCH, values, 1, ONE_TIME_CODE)
    }
}

impl Store {
    /// The code of `subject` that counts and has not expired.
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn find_code(
        &self,
        tenant: &TenantId,
        subject: &[u8],
        now: Timestamp,
    ) -> Result<Option<StoredCode>> {
        let values = params![tenant, subject, now];
        let rows = self.read(statements::ONE_TIME_CODE_FIND, values).await?;
        let code = rows.first().map(|row| {
            Ok(StoredCode {
                item: row.bytes(0)?.to_vec(),
                payload: row.text(1)?.to_owned(),
            })
        });
        code.transpose()
    }

    /// Takes one of `most` tries at the code of `item`; whether there was one.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn try_code(
        &self,
        tenant: &TenantId,
        (subject, item): (&[u8], &[u8]),
        most: i64,
    ) -> Result<bool> {
        let mut batch = self.batch();
        let values = params![tenant, subject, item, most];
        batch.expect(statements::ONE_TIME_CODE_TRY, values, 1, TRIES);
        match self.commit(batch).await {
            Ok(()) => Ok(true),
            Err(Error::Guard { label: TRIES }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
