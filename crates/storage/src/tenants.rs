//! Tenants and the hosts by which they are found.

use std::sync::Arc;

use grantor_protocol::{env::Timestamp, tenant::TenantId};

use crate::{
    batch::{Batch, Expectation},
    error::{Error, Result},
    params,
    read::MAX_LIMIT,
    statements::{self, deprecated_uses, permissions},
    store::Store,
    value::{Row, Sql, Value, is_last_page},
};

/// The kind under which changes of hosts are told.
pub const HOST: &str = "host";

/// The kind under which changes of tenants are told.
pub const TENANT: &str = "tenant";

/// How many rows are deleted at once.
const CHUNK: i64 = 1000;

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its name.
    pub id: TenantId,
    /// Since when it exists.
    pub created_at: Timestamp,
}

impl Store {
    /// Makes a tenant and gives it hosts. `Conflict` names `tenant` or `host` if one is taken.
    pub async fn create_tenant(
        &self,
        tenant: &TenantId,
        hosts: &[String],
        now: Timestamp,
    ) -> Result<()> {
        let mut batch = self.batch();
        let expectation = Expectation::Unique("tenant");
        batch.step(statements::TENANT_INSERT, params![tenant, now], expectation);
        for host in hosts {
            give_host(&mut batch, tenant, host, now);
        }
        self.commit(batch).await
    }

    /// Gives a tenant a host that no tenant has.
    pub async fn add_host(&self, tenant: &TenantId, host: &str, now: Timestamp) -> Result<()> {
        let mut batch = self.batch();
        give_host(&mut batch, tenant, host, now);
        self.commit(batch).await
    }

    /// Takes a host from a tenant; `Guard { label: "host" }` if it does not have it.
    pub async fn remove_host(&self, tenant: &TenantId, host: &str, now: Timestamp) -> Result<()> {
        let mut batch = self.batch();
        let host = host.to_ascii_lowercase();
        batch.expect(statements::HOST_DELETE, params![tenant, &host], 1, "host");
        batch.note(tenant, HOST, &host, now);
        self.commit(batch).await
    }

    /// The hosts of a tenant, in order; at most [`MAX_LIMIT`].
    pub async fn hosts(&self, tenant: &TenantId) -> Result<Vec<String>> {
        let rows = self
            .read(statements::HOST_LIST, params![tenant, MAX_LIMIT])
            .await?;
        rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
    }

    /// A tenant.
    pub async fn find_tenant(&self, tenant: &TenantId) -> Result<Option<Tenant>> {
        let rows = self.read(statements::TENANT_FIND, params![tenant]).await?;
        rows.first().map(read_tenant).transpose()
    }

    /// All tenants, in order of their names.
    pub async fn list_tenants(&self) -> Result<Vec<Tenant>> {
        let mut tenants: Vec<Tenant> = Vec::new();
        loop {
            let after = tenants.last().map_or("", |tenant| tenant.id.as_str());
            let rows = self
                .read_long(statements::TENANT_LIST, params![after, MAX_LIMIT])
                .await?;
            for row in &rows {
                tenants.push(read_tenant(row)?);
            }
            if is_last_page(&rows, MAX_LIMIT) {
                return Ok(tenants);
            }
        }
    }

    /// The tenant that a host belongs to; remembered like a document.
    pub async fn find_tenant_by_host(&self, host: &str) -> Result<Option<Arc<TenantId>>> {
        let caches = &self.inner.caches;
        let key = caches.key(&(HOST, host));
        if let Some(tenant) = caches.find(key) {
            return Ok(Some(tenant));
        }
        let load = caches.begin();
        let host = host.to_ascii_lowercase();
        let rows = self.read(statements::HOST_FIND, params![&host]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let tenant = Arc::new(read_tenant_id(row)?);
        let place = (tenant.as_str(), HOST, host.as_str());
        caches.keep(load, key, place, (&tenant, 0));
        Ok(Some(tenant))
    }

    /// Removes a tenant and everything of it. It loses its hosts first, so that nobody reaches it any more; the rest
    /// goes in small pieces, and the tenant itself last, so that an interrupted removal can be repeated.
    pub async fn remove_tenant(&self, tenant: &TenantId, now: Timestamp) -> Result<()> {
        let mut batch = self.batch();
        for host in self.hosts(tenant).await? {
            batch.note(tenant, HOST, &host, now);
        }
        batch.run(statements::HOST_DELETE_TENANT, params![tenant]);
        self.commit(batch).await?;
        for delete in PIECES {
            while 0 < self.delete_piece(*delete, params![tenant, CHUNK]).await? {}
        }
        let mut batch = self.batch();
        batch.run(statements::TENANT_DELETE, params![tenant]);
        batch.note(tenant, TENANT, tenant.as_str(), now);
        self.commit(batch).await
    }

    /// Runs a deletion that is bounded by its statement, and answers with how many rows it took.
    pub(crate) async fn delete_piece(&self, sql: Sql, params: Vec<Value>) -> Result<u64> {
        let mut batch = self.batch();
        batch.run(sql, params);
        self.commit_counted(batch).await
    }
}

/// What belongs to a tenant, beside its hosts.
const PIECES: &[Sql] = &[
    statements::DOCUMENT_DELETE_SOME,
    statements::KEY_DELETE_SOME,
    statements::LINK_DELETE_SOME,
    statements::SINGLE_USE_DELETE_SOME,
    statements::ONE_TIME_CODE_DELETE_SOME,
    statements::EVENT_DELETE_SOME,
    statements::BLACKLIST_DELETE_SOME,
    statements::PASSWORD_HISTORY_DELETE_SOME,
    statements::PASSWORD_DELETE_SOME,
    statements::IDENTIFIER_DELETE_SOME,
    statements::IDENTITY_DELETE_SOME,
    statements::ATTRIBUTE_DELETE_SOME,
    statements::USER_DELETE_SOME,
    statements::LOGIN_DELETE_SOME,
    statements::ACCESS_TOKEN_DELETE_SOME,
    statements::refresh_tokens::REFRESH_TOKEN_DELETE_SOME,
    statements::SESSION_CLIENT_DELETE_SOME,
    statements::SESSION_DELETE_SOME,
    statements::JOB_PART_DELETE_SOME,
    statements::JOB_DELETE_SOME,
    statements::MAIL_DELETE_SOME,
    permissions::ROLE_PERMISSION_DELETE_SOME,
    permissions::USER_ROLE_DELETE_SOME,
    permissions::USER_PERMISSION_DELETE_SOME,
    deprecated_uses::DEPRECATED_USE_DELETE_SOME,
];

fn give_host(batch: &mut Batch, tenant: &TenantId, host: &str, now: Timestamp) {
    let host = host.to_ascii_lowercase();
    let expectation = Expectation::Unique("host");
    batch.step(statements::HOST_INSERT, params![&host, tenant], expectation);
    batch.note(tenant, HOST, &host, now);
}

fn read_tenant(row: &Row) -> Result<Tenant> {
    Ok(Tenant {
        id: read_tenant_id(row)?,
        created_at: Timestamp::from_millis(row.integer(1)?),
    })
}

fn read_tenant_id(row: &Row) -> Result<TenantId> {
    let name = row.text(0)?;
    TenantId::parse(name).ok_or_else(|| Error::Inconsistent {
        table: "tenants",
        column: "tenant".to_owned(),
        id: name.to_owned(),
        source: "it is not a tenant's name".into(),
    })
}
