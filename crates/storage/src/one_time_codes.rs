//! Codes that are sent to an address: few digits, so what stands against guessing is a count of tries.
//!
//! Of each subject (an address at a connection) the newest code counts. It is a single-use item like any other; beside the
//! item is kept under which digest its code is known, and how many tries were made. A try is taken *before* anybody looks
//! whether it is right, by one statement that fails when none is left; so a thousand guesses at once are as many as three.
//! A right one gives its try back. Whoever uses the code claims its item like any other.

use grantor_protocol::{env::Timestamp, tenant::TenantId};

use crate::{
    batch::Batch,
    error::{Error, Result},
    params, statements,
    store::Store,
};

/// The guard that fails when no try is left, or the code is another one.
const ONE_TIME_CODE: &str = "one_time_code";

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
    /// Keeps a code with a single-use item for `purpose`. It takes the place of the one before, which counts as used from
    /// now on.
    pub fn send_code(
        &mut self,
        tenant: &TenantId,
        purpose: &'static str,
        new: &NewCode<'_>,
        now: Timestamp,
    ) -> &mut Self {
        let values = params![tenant, purpose, new.subject, now];
        self.run(statements::ONE_TIME_CODE_RETIRE, values);
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

    /// Takes one of `most` tries at the code of `item`, and gives it back if `code` is the digest of that code. Whether it
    /// is; using it is another step.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn try_code(
        &self,
        tenant: &TenantId,
        subject: &[u8],
        (item, code): (&[u8], &[u8]),
        most: i64,
    ) -> Result<bool> {
        let taken = params![tenant, subject, item, most];
        let right = params![tenant, subject, item, code];
        for (sql, values) in [
            (statements::ONE_TIME_CODE_TRY, taken),
            (statements::ONE_TIME_CODE_MATCH, right),
        ] {
            let mut batch = self.batch();
            batch.expect(sql, values, 1, ONE_TIME_CODE);
            match self.commit(batch).await {
                Ok(()) => {}
                Err(Error::Guard {
                    label: ONE_TIME_CODE,
                }) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}
