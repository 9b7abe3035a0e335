//! The store: opened once, cloned freely.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use grantor_protocol::{
    env::{Random, Timestamp},
    tenant::TenantId,
};
use tokio::sync::broadcast;

use crate::{
    batch::{Batch, Change, Expectation},
    cache::Caches,
    db::{
        Database, Work,
        migrations::{self, Wanted},
    },
    error::{Error, Result},
    events::LogIds,
    instance::{self, InstanceKey},
    master_key::MasterKeySource,
    seal::Sealer,
    statements,
    value::{Row, Sql, Value},
};

/// Which engine keeps the data.
#[derive(Clone)]
pub enum Engine {
    /// The embedded one, in a directory of its own that is made if it does not exist.
    Sqlite {
        /// The directory.
        directory: PathBuf,
    },
    /// PostgreSQL.
    Postgres {
        /// `postgres://user:password@host:port/database?sslmode=…&sslrootcert=…`.
        url: String,
    },
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite { directory } => write!(f, "Sqlite({})", directory.display()),
            // The address holds a password.
            Self::Postgres { .. } => f.write_str("Postgres(..)"),
        }
    }
}

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// Which engine.
    pub engine: Engine,
    /// Where the master key comes from.
    pub master_key: MasterKeySource,
    /// The source of randomness.
    pub random: Arc<dyn Random>,
    /// The present instant.
    pub now: Timestamp,
    /// Whether a schema that is behind is brought up to date.
    pub migrate: bool,
}

/// The data of all tenants.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) database: Database,
    pub(crate) caches: Arc<Caches>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) sealer: RwLock<Arc<Sealer>>,
    pub(crate) instance_key: InstanceKey,
    pub(crate) key_path: Option<PathBuf>,
    pub(crate) resealing: tokio::sync::Mutex<()>,
    pub(crate) log_ids: LogIds,
}

impl Store {
    /// The schema version that this program works with.
    pub const SCHEMA_VERSION: i64 = migrations::KNOWN;

    /// Opens the store; makes database, master key and the default tenant if they do not exist.
    pub async fn open(options: Options) -> Result<Self> {
        let caches = Arc::new(Caches::new());
        let database = Database::open(&options.engine, &caches).await?;
        let wanted = if options.migrate {
            Wanted::Newest
        } else {
            Wanted::Unchanged
        };
        database.migrate(wanted).await?;
        let random = &*options.random;
        let (sealer, instance_key) = instance::open(&database, &options.master_key, random).await?;
        database.watch()?;
        let inner = Inner {
            database,
            caches,
            sealer: RwLock::new(Arc::new(sealer)),
            instance_key,
            key_path: options.master_key.path().map(PathBuf::from),
            resealing: tokio::sync::Mutex::default(),
            log_ids: LogIds::new(random),
            random: options.random,
        };
        let store = Self {
            inner: Arc::new(inner),
        };
        store.ensure_default_tenant(options.now).await?;
        Ok(store)
    }

    /// A new, empty batch.
    pub fn batch(&self) -> Batch {
        Batch {
            sealer: self.sealer(),
            random: self.inner.random.clone(),
            steps: Vec::new(),
            changes: Vec::new(),
            defect: None,
            seals: false,
        }
    }

    /// Commits all of the batch or nothing. When this returns `Ok`, it is on disk and no cache of this process serves
    /// anything older.
    ///
    /// # Errors
    /// `Guard` and `Conflict` name the condition that did not hold; `Unavailable` if the database cannot write now.
    pub async fn commit(&self, batch: Batch) -> Result<()> {
        self.commit_counted(batch).await.map(drop)
    }

    /// Like [`Self::commit`]; answers with how many rows were touched.
    pub(crate) async fn commit_counted(&self, mut batch: Batch) -> Result<u64> {
        if let Some(defect) = batch.defect.take() {
            return Err(defect);
        }
        if batch.steps.is_empty() {
            return Ok(0);
        }
        if batch.steps.iter().any(|step| has_zero(&step.params)) {
            let what = "a text that contains the character zero".to_owned();
            return Err(Error::Malformed { what });
        }
        if batch.seals {
            // Whoever holds an old key must not write what the present one cannot open.
            let verifier = batch.sealer.verifier().to_vec();
            let params = vec![Value::from(instance::VERIFIER), Value::Bytes(verifier)];
            batch.step(
                statements::INSTANCE_GUARD,
                params,
                Expectation::SameMasterKey,
            );
        }
        let work = Work {
            steps: batch.steps,
            changes: batch.changes,
        };
        self.inner.database.commit(work).await
    }

    /// Reads all rows of an answer; the statement bounds how many there are.
    ///
    /// No stored text contains the character zero, which PostgreSQL would refuse: asking for one finds nothing.
    pub async fn read(&self, sql: Sql, params: Vec<Value>) -> Result<Vec<Row>> {
        if has_zero(&params) {
            return Ok(Vec::new());
        }
        self.inner.database.read(sql, params).await
    }

    /// Like [`Self::read`], for what may take longer than a few microseconds.
    pub async fn read_long(&self, sql: Sql, params: Vec<Value>) -> Result<Vec<Row>> {
        if has_zero(&params) {
            return Ok(Vec::new());
        }
        self.inner.database.read_long(sql, params).await
    }

    /// Has the engine check a statement without running it.
    pub async fn prepare(&self, sql: Sql) -> Result<()> {
        self.inner.database.prepare(sql).await
    }

    /// What is written from now on, here or on another node; a change may be told twice, never not at all: a
    /// subscriber that lags too far behind is told so.
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.inner.caches.subscribe()
    }

    /// Whether the writes of others are heard, so that the caches serve.
    pub fn hears_changes(&self) -> bool {
        self.inner.caches.is_fresh()
    }

    /// Brings the schema to `version`, forth or back. Answers with the version before.
    ///
    /// No store may be open on a version that it does not know, so this is for the command line.
    pub async fn migrate(engine: &Engine, version: i64) -> Result<i64> {
        let database = Database::open(engine, &Arc::new(Caches::new())).await?;
        database.migrate(Wanted::Exactly(version)).await
    }

    /// The schema version that a database has; 0 if it is empty.
    pub async fn schema_version(engine: &Engine) -> Result<i64> {
        let database = Database::open(engine, &Arc::new(Caches::new())).await?;
        match database.migrate(Wanted::Unchanged).await {
            Ok(found) | Err(Error::Schema { found, .. }) => Ok(found),
            Err(error) => Err(error),
        }
    }

    /// Like [`Self::migrate`], on the open store.
    pub async fn migrate_to(&self, version: i64) -> Result<i64> {
        self.inner.database.migrate(Wanted::Exactly(version)).await
    }

    pub(crate) fn sealer(&self) -> Arc<Sealer> {
        let sealer = self.inner.sealer.read();
        sealer.unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn ensure_default_tenant(&self, now: Timestamp) -> Result<()> {
        let tenant = TenantId::default_tenant();
        if self.find_tenant(&tenant).await?.is_some() {
            return Ok(());
        }
        let mut batch = self.batch();
        batch.run(statements::TENANT_INSERT, crate::params![&tenant, now]);
        self.commit(batch).await
    }
}

fn has_zero(params: &[Value]) -> bool {
    let zero = |value: &Value| matches!(value, Value::Text(text) if text.contains('\0'));
    params.iter().any(zero)
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}
