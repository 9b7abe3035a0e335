//! Databases with many tenants or many clients, filled through the store in large batches.
//!
//! The objects are copies of what the command line made, so that they are as large as real ones.

use std::path::Path;

use anyhow::Context;
use grantor_protocol::{
    document::Document,
    env::Env,
    model::{Client, ClientGrant, KeyRing, ResourceServer},
    tenant::TenantId,
};
use grantor_server::env;
use grantor_storage::{Engine, MasterKeySource, Options, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Fixture, Grantor, token_form};

/// Most objects in one commit.
pub(crate) const BATCH: usize = 2_000;

/// A data directory with many things in it.
#[derive(Debug)]
pub(crate) struct Filled {
    pub(crate) directory: TempDir,
    /// Host and form of a request for a token, one for each client, in an order unlike that of the database.
    pub(crate) tokens: Vec<(String, String)>,
    /// Ids of clients, in the same order.
    pub(crate) clients: Vec<String>,
}

impl Filled {
    fn new(directory: TempDir, made: &[(String, String, String)]) -> Self {
        // A prime that divides no count used here makes this a permutation that parts neighbours.
        const STEP: usize = 7_919;
        let scattered = || (0..made.len()).filter_map(|index| made.get(index * STEP % made.len()));
        Self {
            directory,
            tokens: scattered()
                .map(|(_, host, form)| (host.clone(), form.clone()))
                .collect(),
            clients: scattered().map(|(id, ..)| id.clone()).collect(),
        }
    }
}

pub(crate) struct Filler {
    pub(crate) store: Store,
    pub(crate) env: Env,
    pub(crate) batch: grantor_storage::Batch,
    pub(crate) waiting: usize,
}

/// A data directory of the default tenant with an API that signs with ES256, its key, one client and its grant.
pub(crate) async fn begin(binary: &Path) -> anyhow::Result<(TempDir, Fixture)> {
    let directory = tempfile::tempdir()?;
    let server = Grantor::start(binary, directory.path(), &[]).await?;
    server.first_token().await?;
    let fixture = server.fixture("ES256").await?;
    let requests = [server.token_request("", &token_form(&fixture.client_id, &fixture))];
    server.each_once(&requests.into(), 1).await?;
    server.stop().await?;
    Ok((directory, fixture))
}

/// A database with `count` clients in the default tenant.
pub(crate) async fn clients(binary: &Path, count: usize) -> anyhow::Result<Filled> {
    let (directory, fixture) = begin(binary).await?;
    let mut filler = Filler::open(directory.path()).await?;
    let tenant = TenantId::default_tenant();
    let client = filler.find::<Client>(&fixture.client_id).await?;
    let mut made = Vec::new();
    for number in 0..count {
        let client_id = client_id(number);
        filler.add_client(&tenant, &client, &client_id, &fixture.audience);
        filler.commit_if(BATCH).await?;
        let form = token_form(&client_id, &fixture);
        made.push((client_id, String::new(), form));
    }
    filler.commit_if(1).await?;
    Ok(Filled::new(directory, &made))
}

/// A database with `count` tenants, each with its host, an API, a client and its grant; the first `keyless` make their
/// key with the first token.
pub(crate) async fn tenants(
    binary: &Path,
    count: usize,
    keyless: usize,
) -> anyhow::Result<(Filled, Filled)> {
    let (directory, fixture) = begin(binary).await?;
    let mut filler = Filler::open(directory.path()).await?;
    let client = filler.find::<Client>(&fixture.client_id).await?;
    let api = filler.api(&fixture.audience).await?;
    // The same key for all: its bytes do not matter, that each tenant has its own ring does.
    let mut ring = filler.find::<KeyRing>(KeyRing::ID).await?;
    keep_ec(&mut ring);
    make_tenants(&filler, count).await?;
    let mut made = Vec::new();
    for number in 0..count {
        let (tenant, client_id) = (tenant_id(number)?, client_id(number));
        filler.add::<ResourceServer>(&tenant, &api);
        if keyless <= number {
            filler.add::<KeyRing>(&tenant, &ring);
        }
        filler.add_client(&tenant, &client, &client_id, &fixture.audience);
        filler.commit_if(BATCH).await?;
        let form = token_form(&client_id, &fixture);
        made.push((client_id, host(number), form));
    }
    filler.commit_if(1).await?;
    let (without, with) = made.split_at(keyless);
    let elsewhere = Filled::new(tempfile::tempdir()?, without);
    Ok((elsewhere, Filled::new(directory, with)))
}

/// Leaves of a ring the keys that ES256 needs.
fn keep_ec(ring: &mut Value) {
    if let Some(Value::Array(keys)) = ring.get_mut("keys") {
        keys.retain(|key| key.get("kty").and_then(Value::as_str) == Some("EC"));
    }
}

/// Tenants are made one by one; those under way at once share their commits.
async fn make_tenants(filler: &Filler, count: usize) -> anyhow::Result<()> {
    for first in (0..count).step_by(512) {
        let mut made = tokio::task::JoinSet::new();
        for number in first..count.min(first + 512) {
            let (store, now) = (filler.store.clone(), filler.env.now());
            let (id, hosts) = (tenant_id(number)?, [host(number)]);
            made.spawn(async move { store.create_tenant(&id, &hosts, now).await });
        }
        while let Some(done) = made.join_next().await {
            done??;
        }
    }
    Ok(())
}

fn client_id(number: usize) -> String {
    format!("client{number:026}")
}

fn tenant_id(number: usize) -> anyhow::Result<TenantId> {
    TenantId::parse(&format!("tenant-{number}")).context("a tenant's name")
}

fn host(number: usize) -> String {
    format!("tenant-{number}.bench.test")
}

impl Filler {
    pub(crate) async fn open(directory: &Path) -> anyhow::Result<Self> {
        let env = env::system();
        let store = Store::open(Options {
            engine: Engine::Sqlite {
                directory: directory.to_owned(),
            },
            master_key: MasterKeySource::Generated(directory.join("master.key")),
            random: std::sync::Arc::clone(&env.random),
            now: env.now(),
            migrate: false,
        })
        .await?;
        let batch = store.batch();
        Ok(Self {
            store,
            env,
            batch,
            waiting: 0,
        })
    }

    pub(crate) async fn find<T: Document>(&self, id: &str) -> anyhow::Result<Value> {
        let tenant = TenantId::default_tenant();
        let found = self.store.find(&tenant, &T::KIND, id).await?;
        Ok(found.with_context(|| format!("no {id} is stored"))?.body)
    }

    async fn api(&self, audience: &str) -> anyhow::Result<Value> {
        let tenant = TenantId::default_tenant();
        let found = self
            .store
            .find_by(&tenant, &ResourceServer::KIND, "identifier", &[audience])
            .await?;
        Ok(found.context("the API is not stored")?.body)
    }

    fn add_client(&mut self, tenant: &TenantId, like: &Value, client_id: &str, audience: &str) {
        let mut client = like.clone();
        if let Some(members) = client.as_object_mut() {
            members.insert("client_id".to_owned(), client_id.into());
            members.insert("name".to_owned(), format!("Client {client_id}").into());
        }
        let grant = json!({
            "id": format!("cgr_{client_id}"), "client_id": client_id, "audience": audience,
            "scope": ["read:bench", "write:bench"], "subject_type": "client",
        });
        self.add::<Client>(tenant, &client);
        self.add::<ClientGrant>(tenant, &grant);
    }

    pub(crate) fn add<T: Document>(&mut self, tenant: &TenantId, body: &Value) {
        self.batch.insert(tenant, &T::KIND, body, self.env.now());
        self.waiting += 1;
    }

    pub(crate) async fn commit_if(&mut self, least: usize) -> anyhow::Result<()> {
        if self.waiting >= least {
            let batch = std::mem::replace(&mut self.batch, self.store.batch());
            self.store.commit(batch).await?;
            self.waiting = 0;
        }
        Ok(())
    }
}
