//! The life of the server: opening, serving, keeping house, stopping.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use grantor_protocol::{
    document::Document,
    env::Env,
    model::ResourceServer,
    tenant::{Issuer, TenantId},
};
use grantor_storage::{Engine, MasterKeySource, Options, Store};
use rustls::server::ResolvesServerCert;
use tokio::{
    net::TcpListener,
    sync::{broadcast::error::RecvError, watch},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    app::App,
    config::Config,
    endpoints, files,
    hosts::Arrival,
    keys::Keys,
    listen::Listener,
    outbound::mail::send_queued,
    pipeline::record::Recorder,
    telemetry::{self, Traces},
    tls::{self, DevelopmentAuthority, OwnCertificate},
};

/// How often expired items are swept and old keys looked at.
const HOUSEKEEPING_TIME: Duration = Duration::from_secs(60);

/// How many jobs are done at once: two, so that a long one does not hold up the short ones.
const WORKERS: usize = 2;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store does not open.
    #[error("the store cannot be opened")]
    Store(#[from] grantor_storage::Error),
    /// Spans cannot be exported.
    #[error("spans cannot be exported")]
    Telemetry(#[from] telemetry::Error),
    /// There are no threads for hashing passwords.
    #[error("the threads that hash passwords cannot be started")]
    Threads(#[source] std::io::Error),
    /// TLS cannot be offered.
    #[error("TLS cannot be offered")]
    Tls(#[from] tls::Error),
    /// The address cannot be bound.
    #[error("cannot listen on {address}; is another process using it?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The first objects of the default tenant cannot be made.
    #[error("the first objects of the default tenant could not be made: {0}")]
    Seed(String),
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    /// The server's parts.
    pub app: Arc<App>,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it is reached: `https://localhost:8443`.
    pub base_url: String,
    /// The development authority's certificate, if that is what clients must trust.
    pub authority: Option<PathBuf>,
    /// Whether the data directory was empty.
    pub is_first_start: bool,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    writer: JoinHandle<()>,
    traces: Traces,
}

/// Opens the store that `config` names.
///
/// # Errors
/// What the store reports.
pub async fn open_store(
    config: &Config,
    env: &Env,
    migrate: bool,
) -> Result<Store, grantor_storage::Error> {
    let engine = engine(config);
    let master_key = match (&config.master_key, &config.master_key_file) {
        (Some(key), _) => MasterKeySource::Value(key.clone()),
        (None, Some(path)) => MasterKeySource::File(path.clone()),
        (None, None) => MasterKeySource::Generated(config.data_dir.join("master.key")),
    };
    let random = Arc::clone(&env.random);
    Store::open(Options {
        engine,
        master_key,
        random,
        now: env.now(),
        migrate,
    })
    .await
}

/// The engine that `config` names.
pub fn engine(config: &Config) -> Engine {
    match &config.database_url {
        Some(url) => Engine::Postgres {
            url: url.expose().to_owned(),
        },
        None => Engine::Sqlite {
            directory: config.data_dir.clone(),
        },
    }
}

impl Server {
    /// Opens the store, makes what a first start needs, and begins to serve.
    ///
    /// # Errors
    /// An [`Error`] that says what stands in the way.
    pub async fn start(config: &Config, env: Env) -> Result<Self, Error> {
        let traces = Traces::start(config)?;
        let store = open_store(config, &env, true).await?;
        let (recorder, writer) = Recorder::start(store.clone());
        let app = App::new(config, store, env, recorder).map_err(Error::Threads)?;
        begin_keys(app.keys.clone());
        let seeded = crate::management::seed_tenant(
            &app.management,
            &config.data_dir,
            &TenantId::default_tenant(),
        )
        .await
        .map_err(Error::Seed)?;
        let certificates = certificates(config, &app)?;
        let (socket, address) = listen(config).await?;
        let (stop, stopped) = watch::channel(false);
        let mut tasks = Vec::new();
        let authority = certificates
            .authority
            .as_ref()
            .map(|authority| authority.certificate.clone());
        let listener = Listener {
            socket,
            tls: certificates.acceptor()?,
            arrival: Arrival {
                plain: config.http,
                trusted_proxies: config.trusted_proxies.clone().into(),
            },
            router: traces.around(endpoints::router(&app), &app),
        };
        tasks.push(tokio::spawn(listener.serve(stopped.clone())));
        if let Some(address) = config.metrics_listen {
            let listener = Listener {
                socket: bind(address).await?,
                tls: None,
                arrival: Arrival {
                    plain: true,
                    trusted_proxies: Arc::from([]),
                },
                router: endpoints::metrics_router(&app),
            };
            tasks.push(tokio::spawn(listener.serve(stopped.clone())));
        }
        tasks.push(tokio::spawn(prepare_keys(
            Arc::clone(&app),
            stopped.clone(),
        )));
        for _ in 0..WORKERS {
            let worker = crate::worker::work(Arc::clone(&app), stopped.clone());
            tasks.push(tokio::spawn(worker));
        }
        tasks.push(tokio::spawn(send_queued(Arc::clone(&app), stopped.clone())));
        tasks.push(tokio::spawn(keep_house(
            Arc::clone(&app),
            config.clone(),
            certificates.own,
            stopped,
        )));
        Ok(Self {
            app,
            address,
            base_url: base_url(config, address),
            authority,
            is_first_start: seeded,
            stop,
            tasks,
            writer,
            traces,
        })
    }

    /// Stops accepting, lets requests in flight finish, and writes what is queued.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            let _ = task.await;
        }
        // The last recorder goes with the app; then the writer has seen every event.
        drop(self.app);
        if tokio::time::timeout(Duration::from_secs(5), self.writer)
            .await
            .is_err()
        {
            tracing::error!("events were still waiting to be written");
        }
        self.traces.stop().await;
    }
}

/// The first key is made while the rest of the start goes on.
fn begin_keys(keys: Keys) {
    tokio::spawn(async move {
        if let Err(error) = keys.published(&TenantId::default_tenant()).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the first signing key could not be made"
            );
        }
    });
}

/// When an API is made or changed, its keys are made and shown, so that caches know them before the first token.
async fn prepare_keys(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let mut changes = app.store.subscribe();
    loop {
        let change = tokio::select! {
            change = changes.recv() => change,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        let change = match change {
            Ok(change) => change,
            // So many changes that some were missed: the first token makes what is lacking.
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        if change.kind != ResourceServer::KIND.name {
            continue;
        }
        let prepared = match app
            .store
            .typed::<ResourceServer>(&change.tenant, &change.id)
            .await
        {
            Ok(Some(api)) => app
                .keys
                .prepare(&change.tenant, api.value.signing_alg)
                .await
                .map(drop),
            Ok(None) => Ok(()),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = prepared {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the keys of an API could not be prepared"
            );
        }
    }
}

/// Binds the address and tells commands where it is – before anybody can connect, because a script that sees the port
/// open asks for a token at once.
async fn listen(config: &Config) -> Result<(TcpListener, SocketAddr), Error> {
    announce(config, &base_url(config, config.listen));
    let socket = bind(config.listen).await?;
    let address = socket.local_addr().unwrap_or(config.listen);
    if address != config.listen {
        announce(config, &base_url(config, address));
    }
    Ok((socket, address))
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address)
        .await
        .map_err(|source| Error::Listen { address, source })
}

/// Where a server that listens on `address` is reached.
pub(crate) fn base_url(config: &Config, address: SocketAddr) -> String {
    let scheme = if config.http { "http" } else { "https" };
    match config.hosts.first() {
        Some(host) if !config.http => format!("https://{host}"),
        _ => format!("{scheme}://{address}"),
    }
}

/// The issuer of a server that is reached at `base_url`.
pub fn issuer_of(base_url: &str) -> Issuer {
    let (scheme, host) = base_url.split_once("://").unwrap_or(("https", base_url));
    Issuer::new(scheme, host)
}

/// The file in which a server says where it is reached, for commands on the same directory.
const RUNNING: &str = "server.json";

fn announce(config: &Config, base_url: &str) {
    let text = serde_json::json!({"url": base_url}).to_string();
    let path = config.data_dir.join(RUNNING);
    if let Err(error) = files::write_owner_only(&path, text.as_bytes()) {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "commands will not know where this server is reached"
        );
    }
}

/// Where the last server on `data_dir` said it is reached.
pub fn running_url(data_dir: &Path) -> Option<String> {
    let text = std::fs::read_to_string(data_dir.join(RUNNING)).ok()?;
    let value: serde_json::Value = serde_json::from_str(&text).ok()?;
    value.get("url")?.as_str().map(str::to_owned)
}

struct Certificates {
    own: Option<Arc<OwnCertificate>>,
    authority: Option<Arc<DevelopmentAuthority>>,
}

impl Certificates {
    fn acceptor(&self) -> Result<Option<TlsAcceptor>, tls::Error> {
        let own = self
            .own
            .clone()
            .map(|own| own as Arc<dyn ResolvesServerCert>);
        let authority = self
            .authority
            .clone()
            .map(|authority| authority as Arc<dyn ResolvesServerCert>);
        let resolver = own.or(authority).map(tls::server_config).transpose()?;
        Ok(resolver.map(|config| TlsAcceptor::from(Arc::new(config))))
    }
}

fn certificates(config: &Config, app: &App) -> Result<Certificates, tls::Error> {
    let mut certificates = Certificates {
        own: None,
        authority: None,
    };
    if config.http {
        return Ok(certificates);
    }
    if let Some((chain, key)) = &config.certificate {
        certificates.own = Some(Arc::new(OwnCertificate::load(chain.clone(), key.clone())?));
    } else {
        let authority = DevelopmentAuthority::open(&config.data_dir, app.env.now())?;
        certificates.authority = Some(Arc::new(authority));
    }
    Ok(certificates)
}

async fn keep_house(
    app: Arc<App>,
    config: Config,
    own: Option<Arc<OwnCertificate>>,
    mut stop: watch::Receiver<bool>,
) {
    let retention = grantor_storage::Retention {
        event_days: config.log_retention_days,
    };
    loop {
        tokio::select! {
            () = tokio::time::sleep(HOUSEKEEPING_TIME) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        if let Err(error) = app.store.sweep(app.env.now(), &retention).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "old entries could not be swept"
            );
        }
        match own.as_ref().map(|own| own.reload_if_changed()) {
            Some(Ok(true)) => tracing::info!("the TLS certificate was read again"),
            Some(Err(error)) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "the new TLS certificate is unusable"
            ),
            Some(Ok(false)) | None => {}
        }
        if let Some(days) = config.rotate_after_days
            && let Err(error) = rotate_aged(&app, days).await
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "signing keys could not be rotated by age"
            );
        }
    }
}

async fn rotate_aged(app: &App, days: u32) -> Result<(), crate::keys::Error> {
    for tenant in app.store.list_tenants().await? {
        app.keys.rotate_aged(&tenant.id, days).await?;
    }
    Ok(())
}
