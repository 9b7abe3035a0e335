//! Logins that are pending: what was asked, and what was done so far.
//!
//! A login is found by the keyed digest of a secret that its browser holds. It moves by revision: of two tabs that post at
//! once one wins, and the other is shown what is owed then.

use grantor_protocol::{
    authorize::{AuthorizationRequest, Progress},
    env::Timestamp,
    tenant::TenantId,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    batch::{Batch, Expectation},
    error::{Error, Result},
    params, statements,
    store::Store,
};

/// The guard that fails when a login has moved on, or is over.
pub const LOGIN: &str = "login";

/// A pending login.
#[derive(Clone, Debug)]
pub struct StoredLogin {
    /// What was asked.
    pub request: AuthorizationRequest,
    /// What was done.
    pub progress: Progress,
    /// The state of it that a write moves on.
    pub revision: i64,
}

impl StoredLogin {
    /// A login as [`Batch::begin_login`] stores it.
    pub fn begun(request: AuthorizationRequest) -> Self {
        Self {
            request,
            progress: Progress::default(),
            revision: 1,
        }
    }
}

impl Batch {
    /// Begins a login, at revision 1.
    pub fn begin_login(
        &mut self,
        tenant: &TenantId,
        digest: &[u8],
        request: &AuthorizationRequest,
    ) -> &mut Self {
        let expires_at = request
            .received_at
            .plus_seconds(AuthorizationRequest::LIFETIME_SECONDS);
        let written = write(request).and_then(|text| Ok((text, write(&Progress::default())?)));
        match written {
            Err(error) => self.defect(error),
            Ok((request, progress)) => self.step(
                statements::LOGIN_INSERT,
                params![tenant, digest, request, progress, expires_at],
                Expectation::Unique("digest"),
            ),
        }
    }

    /// Moves a login on that still has `revision`; else the batch fails with the guard [`LOGIN`].
    pub fn advance_login(
        &mut self,
        tenant: &TenantId,
        digest: &[u8],
        revision: i64,
        progress: &Progress,
    ) -> &mut Self {
        match write(progress) {
            Err(error) => self.defect(error),
            Ok(progress) => {
                let values = params![tenant, digest, revision, progress];
                self.expect(statements::LOGIN_ADVANCE, values, 1, LOGIN)
            }
        }
    }

    /// Ends a login that still has `revision`; else the batch fails with the guard [`LOGIN`]. So a login comes to one code
    /// at most, however many tabs finish it.
    pub fn end_login(&mut self, tenant: &TenantId, digest: &[u8], revision: i64) -> &mut Self {
        let values = params![tenant, digest, revision];
        self.expect(statements::LOGIN_END, values, 1, LOGIN)
    }
}

impl Store {
    /// A login that is pending at `now`.
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn find_login(
        &self,
        tenant: &TenantId,
        digest: &[u8],
        now: Timestamp,
    ) -> Result<Option<StoredLogin>> {
        let values = params![tenant, digest, now];
        let rows = self.read(statements::LOGIN_FIND, values).await?;
        let login = rows.first().map(|row| {
            Ok(StoredLogin {
                request: parse("request", row.text(0)?)?,
                progress: parse("progress", row.text(1)?)?,
                revision: row.integer(2)?,
            })
        });
        login.transpose()
    }
}

fn write(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Malformed {
        what: format!("a login that cannot be written: {error}"),
    })
}

fn parse<T: DeserializeOwned>(column: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|source| Error::Inconsistent {
        table: "logins",
        column: column.to_owned(),
        id: "a pending login".to_owned(),
        source: source.into(),
    })
}
