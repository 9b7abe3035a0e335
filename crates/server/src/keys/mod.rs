//! The signing keys of the tenants: parsed once, made when first needed, changed by compare-and-write.
//!
//! Which key signs and what a rotation changes is `protocol::keys`.

mod make;
mod ring;

use std::sync::Arc;

use grantor_jose::JwkSet;
use grantor_management::ClientCertificate;
use grantor_protocol::{
    env::{Env, Timestamp},
    keys::Refused,
    model::{KeyRing, SigningAlg, StoredKey},
    tenant::TenantId,
};
use grantor_storage::Store;

use self::ring::ParsedRing;

/// Most tenants whose parsed keys are held in memory.
const MAX_RINGS: u64 = 1_000;
/// How often a change is tried again when another node was faster.
const MAX_TRIES: usize = 20;

/// Why a key operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The rules refuse it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store failed.
    #[error("the key ring could not be read or written")]
    Store(#[from] grantor_storage::Error),
    /// A key could not be made or parsed.
    #[error("a signing key could not be made or read")]
    Key(#[from] grantor_jose::Error),
    /// A stored key does not decode.
    #[error("the stored signing key {0} does not decode")]
    Undecodable(String),
    /// An HS256 API without a secret.
    #[error("the HS256 API {0} has no signing secret")]
    NoSecret(String),
    /// Other nodes were faster, again and again.
    #[error("the key ring was changed by others {MAX_TRIES} times in a row; try again")]
    Contended,
}

/// The key families and what each can sign.
pub const FAMILIES: [&str; 3] = [RSA, EC, OKP];
/// RSA-2048: RS256, RS512, PS256.
pub const RSA: &str = "RSA";
/// P-256: ES256.
pub const EC: &str = "EC";
/// Ed25519: EdDSA.
pub const OKP: &str = "OKP";

/// The family that signs with `algorithm`; HS256 has none.
pub const fn family_of(algorithm: SigningAlg) -> Option<&'static str> {
    match algorithm {
        SigningAlg::RS256 | SigningAlg::RS512 | SigningAlg::PS256 => Some(RSA),
        SigningAlg::ES256 => Some(EC),
        SigningAlg::EdDSA => Some(OKP),
        SigningAlg::HS256 => None,
    }
}

/// The keys of all tenants.
#[derive(Clone, Debug)]
pub struct Keys {
    store: Store,
    env: Env,
    rings: moka::sync::Cache<TenantId, Arc<ParsedRing>>,
    making: moka::sync::Cache<TenantId, Arc<tokio::sync::Mutex<()>>>,
}

impl Keys {
    /// The keys in `store`.
    pub fn new(store: Store, env: Env) -> Self {
        Self {
            store,
            env,
            rings: moka::sync::Cache::new(MAX_RINGS),
            making: moka::sync::Cache::new(MAX_RINGS),
        }
    }

    /// Signs `claims` for `tenant`.
    ///
    /// # Errors
    /// An [`Error`] of the store or of a key.
    pub async fn sign(
        &self,
        tenant: &TenantId,
        algorithm: SigningAlg,
        typ: &str,
        claims: &[u8],
        now: Timestamp,
    ) -> Result<String, Error> {
        let family = family_of(algorithm).unwrap_or(RSA);
        let mut ring = self.ring(tenant).await?;
        if !ring.has(family) || !ring.shows(algorithm) {
            ring = self.prepare(tenant, algorithm).await?;
        }
        Ok(ring
            .signer(family, algorithm, typ, now)?
            .sign_json(claims)?)
    }

    /// Sees to it that `tenant` can sign with `algorithm` and that its key set shows how to verify that.
    ///
    /// # Errors
    /// An [`Error`] of the store or of a key.
    pub async fn prepare(
        &self,
        tenant: &TenantId,
        algorithm: SigningAlg,
    ) -> Result<Arc<ParsedRing>, Error> {
        let Some(family) = family_of(algorithm) else {
            return self.ring(tenant).await;
        };
        let mut ring = self.ring(tenant).await?;
        if !ring.has(family) {
            ring = self.begin(tenant, family).await?;
        }
        if ring.shows(algorithm) {
            return Ok(ring);
        }
        self.change(tenant, |ring, _| {
            if !ring.algorithms.contains(&algorithm) {
                ring.algorithms.push(algorithm);
            }
            Ok(())
        })
        .await?;
        self.ring(tenant).await
    }

    /// What the key set of `tenant` shows. A tenant that has no RSA key gets one.
    ///
    /// # Errors
    /// An [`Error`] of the store or of a key.
    pub async fn published(&self, tenant: &TenantId) -> Result<Arc<ParsedRing>, Error> {
        let ring = self.ring(tenant).await?;
        if ring.has(RSA) {
            Ok(ring)
        } else {
            self.begin(tenant, RSA).await
        }
    }

    /// The key set of `tenant`.
    ///
    /// # Errors
    /// An [`Error`] of the store or of a key.
    pub async fn key_set(&self, tenant: &TenantId) -> Result<JwkSet, Error> {
        Ok(self.published(tenant).await?.key_set())
    }

    /// All keys of `tenant`, revoked ones included.
    ///
    /// # Errors
    /// An [`Error`] of the store or of a key.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<StoredKey>, Error> {
        self.published(tenant).await?;
        Ok(self
            .load(tenant)
            .await?
            .map(|(ring, _)| ring.keys)
            .unwrap_or_default())
    }

    /// Rotates the keys of `family`: next becomes current. Returns the key that is now current.
    ///
    /// # Errors
    /// [`Refused::Full`], and an [`Error`] of the store or of a key.
    pub async fn rotate(&self, tenant: &TenantId, family: &str) -> Result<StoredKey, Error> {
        let ring = self.published(tenant).await?;
        if !ring.has(family) {
            self.begin(tenant, family).await?;
        }
        let next = self.make(tenant, family).await?;
        let ring = self
            .change(tenant, |ring, now| {
                // A tenant whose background work never ran has no next key: then two are made in a row.
                ring.rotate(next.clone(), now)
            })
            .await?;
        let current = ring
            .in_state(family, grantor_protocol::model::KeyState::Current)
            .cloned();
        self.ensure_next(tenant, family).await?;
        current.ok_or(Error::Refused(Refused::Unknown))
    }

    /// Revokes the key `kid`, which must have been rotated away.
    ///
    /// # Errors
    /// A [`Refused`], and an [`Error`] of the store.
    pub async fn revoke(&self, tenant: &TenantId, kid: &str) -> Result<StoredKey, Error> {
        let ring = self
            .change(tenant, |ring, now| ring.revoke(kid, now))
            .await?;
        ring.keys
            .into_iter()
            .find(|key| key.kid == kid)
            .ok_or(Error::Refused(Refused::Unknown))
    }

    /// Makes the next key of `family` if there is none.
    ///
    /// # Errors
    /// An [`Error`] of the store or of a key.
    pub async fn ensure_next(&self, tenant: &TenantId, family: &str) -> Result<(), Error> {
        use grantor_protocol::model::KeyState::Next;
        let Some((ring, _)) = self.load(tenant).await? else {
            return Ok(());
        };
        if ring.in_state(family, Next).is_some() {
            return Ok(());
        }
        let next = self.make(tenant, family).await?;
        self.change(tenant, |ring, _| {
            if ring.in_state(family, Next).is_none() {
                ring.keys.push(next.clone());
            }
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// Rotates the families of `tenant` whose current key is older than `days`.
    ///
    /// # Errors
    /// An [`Error`] of the store or of a key.
    pub async fn rotate_aged(&self, tenant: &TenantId, days: u32) -> Result<(), Error> {
        use grantor_protocol::model::KeyState::Current;
        let Some((ring, _)) = self.load(tenant).await? else {
            return Ok(());
        };
        let oldest = self
            .env
            .now()
            .plus_seconds(-i64::from(days) * 86_400)
            .millis();
        for family in FAMILIES {
            if ring
                .in_state(family, Current)
                .is_some_and(|key| key.since < oldest)
            {
                tracing::info!(%tenant, family, days, "rotating a signing key by its age");
                self.rotate(tenant, family).await?;
            }
        }
        Ok(())
    }

    /// The parsed ring, as fresh as the store's cache is.
    async fn ring(&self, tenant: &TenantId) -> Result<Arc<ParsedRing>, Error> {
        let Some(stored) = self.store.typed::<KeyRing>(tenant, KeyRing::ID).await? else {
            return Ok(Arc::default());
        };
        if let Some(parsed) = self.rings.get(tenant)
            && parsed.revision == Some(stored.revision)
        {
            return Ok(parsed);
        }
        let parsed = Arc::new(ParsedRing::parse(&stored.value, stored.revision)?);
        self.rings.insert(tenant.clone(), Arc::clone(&parsed));
        Ok(parsed)
    }

    /// Makes the first key of `family`; the next one is made in the background.
    async fn begin(&self, tenant: &TenantId, family: &str) -> Result<Arc<ParsedRing>, Error> {
        // One maker per tenant and process: a crowd of first requests must not make a key each.
        let turn = self.making.get_with(tenant.clone(), Arc::default);
        let making = turn.lock().await;
        let ring = self.ring(tenant).await?;
        if ring.has(family) {
            return Ok(ring);
        }
        let first = self.make(tenant, family).await?;
        self.change(tenant, |ring, now| {
            // Another node may have been faster; its key is as good.
            if ring.family(family).next().is_none() {
                ring.rotate(first.clone(), now)
            } else {
                Ok(())
            }
        })
        .await?;
        drop(making);
        let (keys, tenant_of_next, family_of_next) =
            (self.clone(), tenant.clone(), family.to_owned());
        tokio::spawn(async move {
            if let Err(error) = keys.ensure_next(&tenant_of_next, &family_of_next).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the next signing key could not be made"
                );
            }
        });
        self.ring(tenant).await
    }

    async fn load(&self, tenant: &TenantId) -> Result<Option<(KeyRing, i64)>, Error> {
        let Some(record) = self
            .store
            .find(
                tenant,
                &<KeyRing as grantor_protocol::document::Document>::KIND,
                KeyRing::ID,
            )
            .await?
        else {
            return Ok(None);
        };
        let ring = serde_json::from_value(record.body)
            .map_err(|_| Error::Undecodable(KeyRing::ID.to_owned()))?;
        Ok(Some((ring, record.revision)))
    }

    /// Reads, changes and writes the ring; again, if another node wrote in between.
    async fn change(
        &self,
        tenant: &TenantId,
        change: impl Fn(&mut KeyRing, Timestamp) -> Result<(), Refused>,
    ) -> Result<KeyRing, Error> {
        let kind = &<KeyRing as grantor_protocol::document::Document>::KIND;
        for _ in 0..MAX_TRIES {
            let now = self.env.now();
            let found = self.load(tenant).await?;
            let revision = found.as_ref().map(|(_, revision)| *revision);
            let mut ring = found.map_or_else(KeyRing::empty, |(ring, _)| ring);
            change(&mut ring, now)?;
            let body = serde_json::to_value(&ring)
                .map_err(|_| Error::Undecodable(KeyRing::ID.to_owned()))?;
            let mut batch = self.store.batch();
            match revision {
                Some(revision) => batch.replace(tenant, kind, &body, revision, now),
                None => batch.insert(tenant, kind, &body, now),
            };
            match self.store.commit(batch).await {
                Ok(()) => return Ok(ring),
                Err(
                    grantor_storage::Error::Guard { .. } | grantor_storage::Error::Conflict { .. },
                ) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Contended)
    }

    /// A key pair and a certificate for a client's add-ons.
    ///
    /// # Errors
    /// An [`Error`] of the key.
    pub fn client_certificate(&self, subject: &str) -> Result<ClientCertificate, Error> {
        let mut serial = [0; 16];
        self.env.random.fill(&mut serial);
        make::client_certificate(subject, self.env.now(), serial)
    }

    async fn make(&self, tenant: &TenantId, family: &str) -> Result<StoredKey, Error> {
        make::key(&self.env, tenant, family).await
    }
}

impl From<Error> for crate::http::failure::Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Store(error) => error.into(),
            error => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a signing key failed"
                );
                grantor_protocol::refusal::Refusal::new(grantor_protocol::rule::Rule::Internal)
                    .into()
            }
        }
    }
}
