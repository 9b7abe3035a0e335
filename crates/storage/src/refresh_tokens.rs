//! Families of refresh tokens, one row each.
//!
//! A token is not kept: it authenticates itself. It names its family and its generation, with a MAC under a key of this
//! instance; so whoever learns a family's name, which the Management API shows, cannot make a token of it.
//!
//! Every use moves the row, at the generation that was read: of all who rotate one token the batch of one stands, and none
//! stands after the family was revoked. A revocation touches the rows before anything else, so that on an engine where
//! writers run side by side a use either was there before, and what it made is found, or fails.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use grantor_protocol::{
    env::Timestamp,
    grants::refresh_token::{MAX_FAMILIES, RefreshToken, Standing},
    secret::Secret,
    tenant::TenantId,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    batch::{Batch, Expectation},
    error::{Error, Result},
    params,
    read::MAX_LIMIT,
    sessions::Device,
    statements::refresh_tokens,
    store::Store,
    value::Row,
};

/// The guard that fails when a family was used by somebody else since it was read, or is no more.
pub const REFRESH_TOKEN: &str = "refresh_token";

/// How tokens begin.
const PREFIX: &str = "v1.";

/// Bytes of a family's name, of a generation and of the MAC in a token.
const ID: usize = 16;
const GENERATION: usize = 4;
const TAG: usize = 24;

/// More families than a user can have at a client by races.
const OVERFLOW: i64 = 1000;

/// What a text that this server issued says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentedRefreshToken {
    /// The family.
    pub id: String,
    /// Which of its tokens this is.
    pub generation: u32,
}

/// From where a family is used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Devices {
    /// Where the first token was issued.
    pub initial: Device,
    /// Where the newest one was used.
    pub last: Device,
}

/// A family and what only administrators see of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRefreshToken {
    /// The family.
    pub token: RefreshToken,
    /// From where it is used.
    pub devices: Devices,
    /// What an administrator noted.
    pub metadata: Map<String, Value>,
}

/// Which families are revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked<'a> {
    /// One.
    Id(&'a str),
    /// What came from one proof.
    Family(&'a str),
    /// Those that speak for a user, perhaps at one client, perhaps for one API alone.
    OfUser {
        /// The user.
        user_id: &'a str,
        /// The client.
        client_id: Option<&'a str>,
        /// The API, as its consent is kept.
        audience: Option<&'a str>,
    },
    /// Those of a client, perhaps for one API alone.
    OfClient {
        /// The client.
        client_id: &'a str,
        /// The API, as its consent is kept.
        audience: Option<&'a str>,
    },
    /// Those that end with a browser session.
    OfSession(&'a str),
}

impl Batch {
    /// Keeps a family that begins; beyond [`MAX_FAMILIES`] of the user at the client the oldest are revoked.
    pub fn issue_refresh_token(
        &mut self,
        tenant: &TenantId,
        token: &RefreshToken,
        device: &Device,
    ) -> &mut Self {
        let device = device.clipped();
        let devices = Devices {
            initial: device.clone(),
            last: device,
        };
        let devices = match written(&devices) {
            Ok(devices) => devices,
            Err(error) => return self.defect(error),
        };
        let basis = match written(&token.basis) {
            Ok(basis) => basis,
            Err(error) => return self.defect(error),
        };
        let standing = &token.standing;
        let values = params![
            tenant,
            &token.id,
            &token.family,
            &token.user_id,
            &token.client_id,
            &token.audience,
            token.session_id.as_deref(),
            i64::from(standing.generation),
            standing.rotated_at,
            token.created_at,
            standing.last_exchanged_at,
            standing.expires_at,
            standing.idle_expires_at,
            dies_at(standing),
            basis,
            devices,
            "{}"
        ];
        let expectation = Expectation::Unique("id");
        self.step(refresh_tokens::REFRESH_TOKEN_INSERT, values, expectation);
        let (user_id, client_id) = (&token.user_id, &token.client_id);
        let values = params![
            tenant,
            user_id,
            client_id,
            OVERFLOW,
            MAX_FAMILIES,
            token.created_at
        ];
        self.run(refresh_tokens::REFRESH_TOKEN_DOOM_OVERFLOW, values);
        self.delete_doomed(tenant)
    }

    /// Notes a use of the family that was read as `stored`, from `device`. Fails with the guard [`REFRESH_TOKEN`] if it
    /// was rotated since, or is no more.
    pub fn use_refresh_token(
        &mut self,
        tenant: &TenantId,
        stored: &StoredRefreshToken,
        after: &Standing,
        device: &Device,
    ) -> &mut Self {
        let devices = Devices {
            initial: stored.devices.initial.clone(),
            last: device.clipped(),
        };
        let devices = match written(&devices) {
            Ok(devices) => devices,
            Err(error) => return self.defect(error),
        };
        let values = params![
            tenant,
            &stored.token.id,
            i64::from(stored.token.standing.generation),
            i64::from(after.generation),
            after.rotated_at,
            after.last_exchanged_at,
            after.expires_at,
            after.idle_expires_at,
            dies_at(after),
            devices
        ];
        self.expect(refresh_tokens::REFRESH_TOKEN_USE, values, 1, REFRESH_TOKEN)
    }

    /// Revokes families, with the opaque access tokens that came from them.
    pub fn revoke_refresh_tokens(&mut self, tenant: &TenantId, which: Revoked<'_>) -> &mut Self {
        let any = |part: Option<&str>| part.unwrap_or_default().to_owned();
        let (sql, values) = match which {
            Revoked::Id(id) => (refresh_tokens::REFRESH_TOKEN_DOOM, params![tenant, id]),
            Revoked::Family(family) => (
                refresh_tokens::REFRESH_TOKEN_DOOM_FAMILY,
                params![tenant, family],
            ),
            Revoked::OfUser {
                user_id,
                client_id,
                audience,
            } => (
                refresh_tokens::REFRESH_TOKEN_DOOM_OF_USER,
                params![tenant, user_id, any(client_id), any(audience)],
            ),
            Revoked::OfClient {
                client_id,
                audience,
            } => (
                refresh_tokens::REFRESH_TOKEN_DOOM_OF_CLIENT,
                params![tenant, client_id, any(audience)],
            ),
            Revoked::OfSession(session_id) => (
                refresh_tokens::REFRESH_TOKEN_DOOM_OF_SESSION,
                params![tenant, session_id],
            ),
        };
        self.run(sql, values);
        self.delete_doomed(tenant)
    }

    /// Notes what an administrator wrote about a family. Fails with the guard [`REFRESH_TOKEN`] if there is none.
    pub fn set_refresh_token_metadata(
        &mut self,
        tenant: &TenantId,
        id: &str,
        metadata: &Map<String, Value>,
    ) -> &mut Self {
        let metadata = match written(metadata) {
            Ok(metadata) => metadata,
            Err(error) => return self.defect(error),
        };
        let values = params![tenant, id, metadata];
        self.expect(refresh_tokens::REFRESH_TOKEN_NOTE, values, 1, REFRESH_TOKEN)
    }

    /// Families are doomed by one statement, which holds their rows, and go with what came from them by the next ones. No
    /// committed row is doomed.
    fn delete_doomed(&mut self, tenant: &TenantId) -> &mut Self {
        self.run(
            refresh_tokens::ACCESS_TOKEN_DELETE_OF_DOOMED,
            params![tenant],
        );
        self.run(refresh_tokens::REFRESH_TOKEN_DELETE_DOOMED, params![tenant])
    }
}

fn written(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Malformed {
        what: format!("a refresh token that cannot be written: {error}"),
    })
}

/// When the row may be swept.
fn dies_at(standing: &Standing) -> i64 {
    standing.dies_at().map_or(i64::MAX, Timestamp::millis)
}

impl Store {
    /// A name for a new family: 128 random bits.
    pub fn new_refresh_token_id(&self) -> String {
        let mut id = [0; ID];
        self.inner.random.fill(&mut id);
        BASE64.encode(id)
    }

    /// The token of a family and a generation.
    pub fn refresh_token(&self, tenant: &TenantId, id: &str, generation: u32) -> Secret {
        let mut token = BASE64.decode(id).unwrap_or_default();
        token.extend(generation.to_be_bytes());
        let tag = self.refresh_token_tag(tenant, &token);
        token.extend(tag.as_ref().iter().take(TAG));
        Secret::new(format!("{PREFIX}{}", BASE64.encode(token)))
    }

    /// What a presented text says, if this server issued it for the tenant.
    pub fn read_refresh_token(
        &self,
        tenant: &TenantId,
        presented: &Secret,
    ) -> Option<PresentedRefreshToken> {
        let text = presented.expose().strip_prefix(PREFIX)?;
        let token = BASE64.decode(text).ok()?;
        let (named, _) = token.split_at_checked(ID + GENERATION)?;
        let (id, generation) = named.split_at_checked(ID)?;
        let found = PresentedRefreshToken {
            id: BASE64.encode(id),
            generation: u32::from_be_bytes(generation.try_into().ok()?),
        };
        // The only text of it, compared in constant time.
        let issued = self.refresh_token(tenant, &found.id, found.generation);
        issued.matches(presented).then_some(found)
    }

    fn refresh_token_tag(&self, tenant: &TenantId, named: &[u8]) -> hmac::Tag {
        // What is named has a fixed length, so that nothing of it can become part of the tenant.
        let mut context = hmac::Context::with_key(&self.inner.instance_key.refresh_tokens);
        context.update(named);
        context.update(tenant.as_str().as_bytes());
        context.sign()
    }

    /// The family of a name, dead of age or not.
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn find_refresh_token(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<StoredRefreshToken>> {
        let rows = self
            .read(refresh_tokens::REFRESH_TOKEN_FIND, params![tenant, id])
            .await?;
        rows.first().map(read_refresh_token).transpose()
    }

    /// The family of a name that ended when its user was deleted or blocked.
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn find_ended_refresh_token(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<StoredRefreshToken>> {
        let sql = refresh_tokens::REFRESH_TOKEN_FIND_ENDED;
        let rows = self.read(sql, params![tenant, id]).await?;
        rows.first().map(read_refresh_token).transpose()
    }

    /// The families that speak for a user and are alive at `now`, oldest first, perhaps at one client alone, after the one
    /// that `after` names by its beginning and name; at most `limit` and at most [`MAX_LIMIT`].
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn refresh_tokens_of_user(
        &self,
        tenant: &TenantId,
        (user_id, client_id): (&str, Option<&str>),
        after: Option<(Timestamp, &str)>,
        limit: i64,
        now: Timestamp,
    ) -> Result<Vec<StoredRefreshToken>> {
        let (created_at, id) = after.map_or((i64::MIN, ""), |(at, id)| (at.millis(), id));
        let values = params![
            tenant,
            user_id,
            client_id.unwrap_or_default(),
            created_at,
            id,
            limit.clamp(0, MAX_LIMIT),
            now
        ];
        let rows = self
            .read(refresh_tokens::REFRESH_TOKEN_LIST_OF_USER, values)
            .await?;
        rows.iter().map(read_refresh_token).collect()
    }

    /// How many families speak for a user and are alive at `now`, perhaps at one client alone.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn count_refresh_tokens_of_user(
        &self,
        tenant: &TenantId,
        user_id: &str,
        client_id: Option<&str>,
        now: Timestamp,
    ) -> Result<i64> {
        let values = params![tenant, user_id, client_id.unwrap_or_default(), now];
        let sql = refresh_tokens::REFRESH_TOKEN_COUNT_OF_USER;
        let rows = self.read(sql, values).await?;
        rows.first().map_or(Ok(0), |row| row.integer(0))
    }
}

impl Store {
    /// The families that are alive at `now`, perhaps at one client alone, user by user; from `start` at most `limit` and at
    /// most [`MAX_LIMIT`], and how many there are.
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn refresh_tokens(
        &self,
        tenant: &TenantId,
        client_id: Option<&str>,
        (start, limit): (i64, i64),
        now: Timestamp,
    ) -> Result<(Vec<StoredRefreshToken>, i64)> {
        let mut values = params![tenant, now, limit.clamp(0, MAX_LIMIT), start.max(0)];
        let mut counted = params![tenant, now];
        let (list, count) = match client_id {
            None => (
                refresh_tokens::REFRESH_TOKEN_LIST,
                refresh_tokens::REFRESH_TOKEN_COUNT,
            ),
            Some(client_id) => {
                values.extend(params![client_id]);
                counted.extend(params![client_id]);
                (
                    refresh_tokens::REFRESH_TOKEN_LIST_OF_CLIENT,
                    refresh_tokens::REFRESH_TOKEN_COUNT_OF_CLIENT,
                )
            }
        };
        let rows = self.read_long(list, values).await?;
        let found = rows.iter().map(read_refresh_token).collect::<Result<_>>()?;
        let rows = self.read_long(count, counted).await?;
        let total = rows.first().map_or(Ok(0), |row| row.integer(0))?;
        Ok((found, total))
    }
}

fn read_refresh_token(row: &Row) -> Result<StoredRefreshToken> {
    let instant =
        |column| Ok::<_, Error>(row.optional_integer(column)?.map(Timestamp::from_millis));
    let text = |column| Ok::<_, Error>(row.text(column)?.to_owned());
    let id = text(0)?;
    let malformed = |column: &str, source: crate::error::Source| Error::Inconsistent {
        table: "refresh_tokens",
        column: column.to_owned(),
        id: id.clone(),
        source,
    };
    let generation = u32::try_from(row.integer(6)?);
    let standing = Standing {
        generation: generation.map_err(|source| malformed("generation", source.into()))?,
        rotated_at: instant(7)?,
        last_exchanged_at: Timestamp::from_millis(row.integer(9)?),
        expires_at: instant(10)?,
        idle_expires_at: instant(11)?,
    };
    let basis = serde_json::from_str(row.text(12)?);
    let devices = serde_json::from_str(row.text(13)?);
    let metadata = serde_json::from_str(row.text(14)?);
    Ok(StoredRefreshToken {
        devices: devices.map_err(|source| malformed("device", source.into()))?,
        metadata: metadata.map_err(|source| malformed("metadata", source.into()))?,
        token: RefreshToken {
            family: text(1)?,
            user_id: text(2)?,
            client_id: text(3)?,
            audience: text(4)?,
            session_id: row.optional_text(5)?.map(str::to_owned),
            created_at: Timestamp::from_millis(row.integer(8)?),
            standing,
            basis: basis.map_err(|source| malformed("payload", source.into()))?,
            id,
        },
    })
}
