//! A command's view of an instance: its store, its keys and its Management API, whether or not a server runs on it.

use std::{fmt::Write as _, sync::Arc};

use anyhow::{Context, bail};
use grantor_management::{Caller, Management, Request};
use grantor_protocol::{env::Env, tenant::Issuer};
use grantor_server::{
    config::Config, hosts::Site, keys::Keys, management, passwords::Passwords, serve, telemetry,
};
use grantor_storage::Store;
use serde_json::Value;

use crate::options::Options;

/// An open instance.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) config: Config,
    pub(crate) env: Env,
    pub(crate) store: Store,
    pub(crate) keys: Keys,
    pub(crate) management: Management,
    pub(crate) site: Site,
}

impl Session {
    /// Opens the instance that `options` name, and makes what a first start needs.
    pub(crate) async fn open(options: &Options) -> anyhow::Result<Self> {
        let config = options.load_config()?;
        // What the Management API keeps from its callers, such as a full disk, an operator should see. A second session
        // in one command finds it started.
        let _ = telemetry::start(Some("text"), "error");
        options.make_data_dir()?;
        let env = grantor_server::env::system();
        let store = serve::open_store(&config, &env, true).await?;
        let keys = Keys::new(store.clone(), env.clone());
        let passwords = Passwords::start(config.passwords, Arc::clone(&env.random))
            .context("the threads that hash passwords cannot be started")?;
        let management =
            management::compose((&store, &env), &keys, &passwords, default_issuer(&config));
        let tenant = options.tenant.clone();
        if store.find_tenant(&tenant).await?.is_none() {
            bail!("there is no tenant called {tenant}; `grantor tenant list` shows what there is");
        }
        let issuer = management.issuer(&tenant).await?;
        let session = Self {
            config,
            env,
            store,
            keys,
            management,
            site: Site { tenant, issuer },
        };
        session.seed().await?;
        Ok(session)
    }

    /// Makes what every tenant has, if it is not there yet.
    pub(crate) async fn seed(&self) -> anyhow::Result<()> {
        management::seed_tenant(&self.management, &self.config.data_dir, &self.site.tenant)
            .await
            .map_err(anyhow::Error::msg)
            .context("the first objects of the tenant could not be made")?;
        Ok(())
    }

    /// Does what the Management API would do for an administrator who may do everything.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        query: Option<&str>,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let bytes = body.map(Value::to_string).unwrap_or_default();
        let request = Request {
            query,
            content_type: Some("application/json"),
            body: bytes.as_bytes(),
            ..Request::new(method, path, &self.site.issuer)
        };
        let response = self
            .management
            .answer(&self.site.tenant, &Caller::operator(), request)
            .await;
        let body = response.body.unwrap_or(Value::Null);
        if response.status >= 400 {
            let message = body
                .get("message")
                .and_then(Value::as_str)
                .unwrap_or("refused without a message");
            bail!("{message}");
        }
        Ok(body)
    }

    /// All objects of a list, page by page.
    pub(crate) async fn list(&self, path: &str, query: &str) -> anyhow::Result<Vec<Value>> {
        self.list_up_to(usize::MAX, path, query).await
    }

    /// The first `most` objects of a list, page by page.
    pub(crate) async fn list_up_to(
        &self,
        most: usize,
        path: &str,
        query: &str,
    ) -> anyhow::Result<Vec<Value>> {
        const PAGE: usize = 100;
        let mut all = Vec::new();
        for page in 0..most.div_ceil(PAGE) {
            let query = format!("page={page}&per_page={PAGE}&{query}");
            let Value::Array(rows) = self.call("GET", path, Some(&query), None).await? else {
                break;
            };
            let last = rows.len() < PAGE;
            all.extend(rows);
            if last {
                break;
            }
        }
        Ok(all)
    }
}

/// The issuer of tenants without a host of their own: the configured host, or where the server said it listens.
fn default_issuer(config: &Config) -> Issuer {
    if let Some(host) = config.hosts.first() {
        return Issuer::new("https", host);
    }
    let url = serve::running_url(&config.data_dir);
    serve::issuer_of(url.as_deref().unwrap_or("https://localhost:8443"))
}

/// One word of a URL's path.
pub(crate) fn path_segment(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
