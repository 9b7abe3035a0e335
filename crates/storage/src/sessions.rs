//! Browser sessions: who is logged in where, and at which clients.
//!
//! A session is found by the keyed digest of its cookie, which changes at each login; `session_id` is the `sid` that
//! clients see. How long it lasts is the protocol's part; `expires_at` here only tells when the row may be swept.

use grantor_protocol::{
    env::Timestamp,
    logout::{Ended, Initiator},
    session::{BrowserSession, Limits, Persistence},
    tenant::TenantId,
};
use serde::{Deserialize, Serialize};

use serde_json::{Map, Value as Json};

use crate::{
    batch::Batch,
    error::{Error, Result},
    params,
    read::MAX_LIMIT,
    statements,
    store::Store,
    value::Row,
};

/// The guard that fails when a session has ended, was renewed, or belongs to another user.
pub const SESSION: &str = "session";

/// The longest `User-Agent` that is kept, in characters.
const USER_AGENT: usize = 512;

/// Where a session was begun.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Device {
    /// The address.
    pub ip: String,
    /// `User-Agent`.
    pub user_agent: String,
}

impl Device {
    /// As much of it as is kept.
    pub(crate) fn clipped(&self) -> Self {
        let user_agent = self.user_agent.chars().filter(|letter| *letter != '\0');
        Self {
            ip: self.ip.clone(),
            user_agent: user_agent.take(USER_AGENT).collect(),
        }
    }
}

/// A session and where it was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// The session.
    pub session: BrowserSession,
    /// Since when there is one.
    pub created_at: Timestamp,
    /// Where.
    pub device: Device,
    /// What an administrator noted.
    pub metadata: Map<String, Json>,
}

impl Batch {
    /// Keeps a session that a login began or renewed, under the digest of its new cookie; the one before leads nowhere
    /// from then on. Fails with the guard [`SESSION`] if there is one of that name for another user.
    pub fn put_session(
        &mut self,
        tenant: &TenantId,
        digest: &[u8],
        session: &BrowserSession,
        device: &Device,
    ) -> &mut Self {
        let methods = match serde_json::to_string(&session.methods) {
            Ok(methods) => methods,
            Err(error) => {
                let what = format!("a session that cannot be written: {error}");
                return self.defect(Error::Malformed { what });
            }
        };
        let device = device.clipped();
        let values = params![
            tenant,
            &session.id,
            digest,
            &session.user_id,
            session.authenticated_at,
            methods,
            session.last_used_at,
            i64::from(session.persistence == Persistence::Persistent),
            session.limits.absolute_seconds,
            session.limits.idle_seconds,
            session.authenticated_at,
            session.expires_at(session.limits),
            &device.ip,
            &device.user_agent
        ];
        self.expect(statements::SESSION_PUT, values, 1, SESSION)
    }

    /// Notes that `session` was used, at its `last_used_at`. Fails with the guard [`SESSION`] if it has ended or was
    /// renewed since it was read, so that what hangs on it is not committed either.
    pub fn use_session(&mut self, tenant: &TenantId, session: &BrowserSession) -> &mut Self {
        let values = params![
            tenant,
            &session.id,
            session.last_used_at,
            session.expires_at(session.limits),
            session.authenticated_at
        ];
        self.expect(statements::SESSION_USE, values, 1, SESSION)
    }

    /// Notes that a client got something through a session; again is no failure.
    pub fn join_session(
        &mut self,
        tenant: &TenantId,
        session_id: &str,
        client_id: &str,
    ) -> &mut Self {
        let values = params![tenant, session_id, client_id];
        self.run(statements::SESSION_CLIENT_INSERT, values)
    }

    /// Notes what an administrator wrote about a session. Fails with the guard [`SESSION`] if there is none.
    pub fn set_session_metadata(
        &mut self,
        tenant: &TenantId,
        session_id: &str,
        metadata: &Map<String, Json>,
    ) -> &mut Self {
        let metadata = Json::from(metadata.clone()).to_string();
        let values = params![tenant, session_id, metadata];
        self.expect(statements::SESSION_NOTE, values, 1, SESSION)
    }

    /// Ends a session, if there is one.
    pub fn end_session(&mut self, tenant: &TenantId, session_id: &str) -> &mut Self {
        let place = || params![tenant, session_id];
        self.run(statements::SESSION_CLIENT_DELETE, place());
        self.run(statements::SESSION_DELETE, place())
    }

    /// Ends every session of a user but the one called `kept`.
    pub fn end_other_sessions(
        &mut self,
        tenant: &TenantId,
        user_id: &str,
        kept: &str,
    ) -> &mut Self {
        let place = || params![tenant, user_id, kept];
        self.run(statements::SESSION_CLIENT_DELETE_OTHERS, place());
        self.run(statements::SESSION_DELETE_OTHERS, place())
    }

    /// Ends every session of a user.
    pub fn end_sessions_of_user(&mut self, tenant: &TenantId, user_id: &str) -> &mut Self {
        let place = || params![tenant, user_id];
        self.run(statements::SESSION_CLIENT_DELETE_OF_USER, place());
        self.run(statements::SESSION_DELETE_OF_USER, place())
    }
}

impl Store {
    /// The session that a cookie leads to, ended by time or not.
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn find_session_by_digest(
        &self,
        tenant: &TenantId,
        digest: &[u8],
    ) -> Result<Option<StoredSession>> {
        let values = params![tenant, digest];
        let rows = self
            .read(statements::SESSION_FIND_BY_DIGEST, values)
            .await?;
        rows.first().map(read_session).transpose()
    }

    /// The session with a `sid`, ended by time or not.
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn find_session(
        &self,
        tenant: &TenantId,
        session_id: &str,
    ) -> Result<Option<StoredSession>> {
        let rows = self
            .read(statements::SESSION_FIND, params![tenant, session_id])
            .await?;
        rows.first().map(read_session).transpose()
    }

    /// The sessions of a user, oldest first, after the one that `after` names by its beginning and `sid`; at most `limit`
    /// and at most [`MAX_LIMIT`].
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn sessions_of_user(
        &self,
        tenant: &TenantId,
        user_id: &str,
        after: Option<(Timestamp, &str)>,
        limit: i64,
    ) -> Result<Vec<StoredSession>> {
        let (created_at, session_id) = after.map_or((i64::MIN, ""), |(at, id)| (at.millis(), id));
        let limit = limit.clamp(0, MAX_LIMIT);
        let values = params![tenant, user_id, created_at, session_id, limit];
        let rows = self.read(statements::SESSION_LIST_OF_USER, values).await?;
        rows.iter().map(read_session).collect()
    }

    /// What is to be told when `session` ends.
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn ending(
        &self,
        tenant: &TenantId,
        session: &BrowserSession,
        initiator: Initiator,
    ) -> Result<Ended> {
        Ok(Ended {
            session: session.clone(),
            client_ids: self.session_clients(tenant, &session.id).await?,
            initiator,
        })
    }

    /// What is to be told when every session of a user ends. Of more than [`MAX_LIMIT`], that of the oldest.
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn ending_of_user(
        &self,
        tenant: &TenantId,
        user_id: &str,
        initiator: Initiator,
    ) -> Result<Vec<Ended>> {
        let mut ended = Vec::new();
        for stored in self
            .sessions_of_user(tenant, user_id, None, MAX_LIMIT)
            .await?
        {
            ended.push(self.ending(tenant, &stored.session, initiator).await?);
        }
        Ok(ended)
    }

    /// The clients that got something through a session, at most [`MAX_LIMIT`].
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn session_clients(
        &self,
        tenant: &TenantId,
        session_id: &str,
    ) -> Result<Vec<String>> {
        let values = params![tenant, session_id, MAX_LIMIT];
        let rows = self.read(statements::SESSION_CLIENT_LIST, values).await?;
        rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
    }
}

fn read_session(row: &Row) -> Result<StoredSession> {
    let instant = |column| Ok::<_, Error>(Timestamp::from_millis(row.integer(column)?));
    let id = row.text(0)?.to_owned();
    let malformed = |column: &str, source: serde_json::Error| Error::Inconsistent {
        table: "browser_sessions",
        column: column.to_owned(),
        id: id.clone(),
        source: source.into(),
    };
    let methods = serde_json::from_str(row.text(3)?);
    let metadata = serde_json::from_str(row.text(11)?);
    let methods = methods.map_err(|source| malformed("methods", source))?;
    let metadata = metadata.map_err(|source| malformed("metadata", source))?;
    Ok(StoredSession {
        session: BrowserSession {
            id,
            user_id: row.text(1)?.to_owned(),
            authenticated_at: instant(2)?,
            methods,
            last_used_at: instant(4)?,
            persistence: if row.integer(5)? == 1 {
                Persistence::Persistent
            } else {
                Persistence::Ephemeral
            },
            limits: Limits {
                absolute_seconds: row.integer(6)?,
                idle_seconds: row.integer(7)?,
            },
        },
        created_at: instant(8)?,
        device: Device {
            ip: row.text(9)?.to_owned(),
            user_agent: row.text(10)?.to_owned(),
        },
        metadata,
    })
}
