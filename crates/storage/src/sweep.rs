//! What grows is swept: expired items, old entries of the logs, changes that everybody has heard.

use grantor_protocol::env::Timestamp;

use crate::{error::Result, params, statements, store::Store, value::Sql};

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days that entries of the logs are kept.
    pub event_days: u32,
}

/// How much was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Expired single-use items.
    pub single_use: u64,
    /// Old entries of the logs.
    pub events: u64,
    /// Old changes.
    pub changes: u64,
    /// Revoked tokens that have expired.
    pub blacklisted_tokens: u64,
    /// Logins that nobody finished.
    pub logins: u64,
    /// Opaque access tokens that have expired.
    pub access_tokens: u64,
    /// Families of refresh tokens that have expired.
    pub refresh_tokens: u64,
    /// Browser sessions that have ended.
    pub sessions: u64,
    /// Jobs that are done, with what came of them.
    pub jobs: u64,
    /// Mails that the mailbox kept for long enough.
    pub mails: u64,
    /// Codes for a login that have expired.
    pub one_time_codes: u64,
}

/// Rows per commit: few, because other writes wait for it.
const CHUNK: i64 = 500;

/// Commits per table and sweep; what is left is for the next one.
const CHUNKS: u32 = 200;

/// How long changes are kept: much longer than any watcher may lag.
const CHANGES_SECONDS: i64 = 3600;

/// How long an expired item is kept: clocks of nodes differ.
const GRACE_SECONDS: i64 = 300;

impl Store {
    /// Deletes what has expired, in small pieces between which other writes take their turn.
    pub async fn sweep(&self, now: Timestamp, retention: &Retention) -> Result<Swept> {
        let expired = now.plus_seconds(-GRACE_SECONDS);
        let old = now.plus_seconds(-i64::from(retention.event_days) * 86_400);
        let heard = now.plus_seconds(-CHANGES_SECONDS);
        // The clients' rows are found by their session, so they go before it.
        self.sweep_one(statements::SESSION_CLIENT_SWEEP, expired)
            .await?;
        // The same with the parts of a job.
        self.sweep_one(statements::JOB_PART_SWEEP, expired).await?;
        Ok(Swept {
            single_use: self
                .sweep_one(statements::SINGLE_USE_SWEEP, expired)
                .await?,
            events: self.sweep_one(statements::EVENT_SWEEP, old).await?,
            changes: self.sweep_one(statements::CHANGE_SWEEP, heard).await?,
            blacklisted_tokens: self.sweep_one(statements::BLACKLIST_SWEEP, expired).await?,
            logins: self.sweep_one(statements::LOGIN_SWEEP, expired).await?,
            access_tokens: self
                .sweep_one(statements::ACCESS_TOKEN_SWEEP, expired)
                .await?,
            refresh_tokens: self
                .sweep_one(statements::refresh_tokens::REFRESH_TOKEN_SWEEP, expired)
                .await?,
            sessions: self.sweep_one(statements::SESSION_SWEEP, expired).await?,
            jobs: self.sweep_one(statements::JOB_SWEEP, expired).await?,
            mails: self.sweep_one(statements::MAIL_SWEEP, expired).await?,
            one_time_codes: self
                .sweep_one(statements::ONE_TIME_CODE_SWEEP, expired)
                .await?,
        })
    }

    async fn sweep_one(&self, sql: Sql, before: Timestamp) -> Result<u64> {
        let mut swept = 0;
        for _ in 0..CHUNKS {
            let piece = self.delete_piece(sql, params![before, CHUNK]).await?;
            swept += piece;
            if piece < CHUNK as u64 {
                break;
            }
        }
        Ok(swept)
    }
}
