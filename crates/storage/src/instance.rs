//! The instance's own secrets: the mark of the master key, and the key of keyed digests.

use aws_lc_rs::{hkdf, hmac};
use grantor_protocol::env::Random;
use zeroize::Zeroizing;

use crate::{
    batch::{Expectation, Step},
    db::{Database, Work},
    error::{Error, Result},
    master_key::{self, MasterKeySource},
    seal::{MasterKey, Place, Sealer},
    statements,
    store::Store,
    value::{Row, Value},
};

/// The row that marks the master key.
pub(crate) const VERIFIER: &str = "verifier";

/// The row of the instance key, which is sealed. It outlives the master key.
pub(crate) const INSTANCE_KEY: &str = "instance_key";

/// Where the instance key is sealed.
pub(crate) const INSTANCE_PLACE: Place<'_> = Place {
    tenant: "",
    kind: "instance",
    id: INSTANCE_KEY,
};

/// A random key made with the database; digests and derived keys come from it.
pub(crate) struct InstanceKey {
    digests: hmac::Key,
    /// By which refresh tokens authenticate themselves.
    pub(crate) refresh_tokens: hmac::Key,
    /// Seals what mails say.
    pub(crate) mails: Sealer,
}

impl InstanceKey {
    fn new(secret: &[u8]) -> Result<Self> {
        let failed = |_| Error::MasterKey {
            problem: "the instance key cannot be derived".to_owned(),
        };
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"grantor");
        let extracted = salt.extract(secret);
        let derive = |purpose: &[u8]| {
            let mut key = Zeroizing::new([0; 32]);
            extracted
                .expand(&[purpose], hkdf::HKDF_SHA256)
                .and_then(|okm| okm.fill(key.as_mut_slice()))
                .map_err(failed)?;
            Ok::<MasterKey, Error>(key)
        };
        let mac = |purpose: &[u8]| {
            let key = derive(purpose)?;
            Ok::<_, Error>(hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()))
        };
        Ok(Self {
            digests: mac(b"keyed digests")?,
            refresh_tokens: mac(b"refresh tokens")?,
            mails: Sealer::of(&derive(b"mails")?)?,
        })
    }
}

impl Store {
    /// HMAC-SHA256 of `data` under a key of this instance, by which tokens and high-entropy secrets are looked up.
    pub fn keyed_digest(&self, data: &[u8]) -> [u8; 32] {
        let tag = hmac::sign(&self.inner.instance_key.digests, data);
        let mut digest = [0; 32];
        digest
            .iter_mut()
            .zip(tag.as_ref())
            .for_each(|(to, from)| *to = *from);
        digest
    }
}

/// The instance's rows.
pub(crate) struct Rows(Vec<Row>);

impl Rows {
    /// Reads them.
    pub(crate) async fn load(database: &Database) -> Result<Self> {
        let rows = database.read(statements::INSTANCE_FIND, Vec::new()).await;
        rows.map(Self)
    }

    /// One of them, with the counter of its writes.
    pub(crate) fn find(&self, name: &str) -> Result<Option<(&[u8], i64)>> {
        let row = self
            .0
            .iter()
            .find(|row| row.text(0).is_ok_and(|found| found == name));
        row.map(|row| Ok((row.bytes(1)?, row.integer(2)?)))
            .transpose()
    }
}

/// Recognizes the master key, or makes the instance's secrets if the database is new.
pub(crate) async fn open(
    database: &Database,
    source: &MasterKeySource,
    random: &dyn Random,
) -> Result<(Sealer, InstanceKey)> {
    let mut rows = Rows::load(database).await?;
    if rows.find(VERIFIER)?.is_none() {
        let key = match source.find()? {
            Some(key) => key,
            None => make_key_file(source, random)?,
        };
        create(database, &key, random).await?;
        // Another node may have been faster; what is stored counts.
        rows = Rows::load(database).await?;
    }
    let (verifier, _) = rows.find(VERIFIER)?.ok_or(Error::MasterKeyMismatch)?;
    let sealer = recognize(source, verifier)?;
    let (stored, _) = rows.find(INSTANCE_KEY)?.ok_or(Error::MasterKeyMismatch)?;
    let secret = sealer
        .open(INSTANCE_PLACE, "", stored)
        .ok_or(Error::MasterKeyMismatch)?;
    let instance_key = InstanceKey::new(&secret)?;
    Ok((sealer, instance_key))
}

fn make_key_file(source: &MasterKeySource, random: &dyn Random) -> Result<MasterKey> {
    let key = master_key::generate(random);
    if let Some(path) = source.path() {
        master_key::write(path, &key)?;
    }
    Ok(key)
}

async fn create(database: &Database, key: &MasterKey, random: &dyn Random) -> Result<()> {
    let sealer = Sealer::create(key, random)?;
    let secret = master_key::generate(random);
    let stored = sealer.seal(random, INSTANCE_PLACE, "", secret.as_slice())?;
    let insert = |name: &str, value: Vec<u8>| Step {
        sql: statements::INSTANCE_INSERT,
        params: vec![Value::from(name), Value::Bytes(value)],
        expectation: Expectation::Unique("instance"),
    };
    let steps = vec![
        insert(VERIFIER, sealer.verifier().to_vec()),
        insert(INSTANCE_KEY, stored),
    ];
    let work = Work {
        steps,
        changes: Vec::new(),
    };
    match database.commit(work).await {
        Err(Error::Conflict { .. }) => Ok(()),
        other => other.map(drop),
    }
}

/// Finds which key the database is sealed with: the present one, or the next one if a change of keys was interrupted
/// after its commit.
fn recognize(source: &MasterKeySource, verifier: &[u8]) -> Result<Sealer> {
    let present = source.find()?;
    if let Some(key) = &present
        && let Some(sealer) = Sealer::recognize(key, verifier)?
    {
        return Ok(sealer);
    }
    if let Some(path) = source.path()
        && let Some(next) = master_key::read(&master_key::next_path(path))?
        && let Some(sealer) = Sealer::recognize(&next, verifier)?
    {
        master_key::promote(path)?;
        return Ok(sealer);
    }
    match (present, source.path()) {
        (None, Some(path)) => Err(Error::MasterKey {
            problem: format!(
                "the database exists, but {} does not; put the key that it was made with there",
                path.display()
            ),
        }),
        _ => Err(Error::MasterKeyMismatch),
    }
}
