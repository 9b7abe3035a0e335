//! Which way a tenant's mails go.

use std::{net::SocketAddr, path::PathBuf};

use grantor_protocol::{model::EmailProvider, secret::Secret, tenant::TenantId};
use grantor_storage::{Error, Store};

use super::smtp::Smtp;
use crate::outbound::http::Gateway;

/// What the operator configured about mails.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The mail server for tenants that have none.
    pub server: Option<Server>,
    /// The sender of mails for which neither template nor provider names one.
    pub from: Option<String>,
    /// PEM file with authorities that mail servers' certificates may come from, beside the system's.
    pub authorities: Option<PathBuf>,
    /// Whether mails for which there is no mail server are kept and shown to whoever asks, for development.
    pub mailbox: bool,
}

/// A mail server.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its name or address.
    pub host: String,
    /// Its port; 465 means TLS from the first byte, every other one STARTTLS.
    pub port: u16,
    /// Name and password.
    pub login: Option<(String, Secret)>,
}

/// Which way a mail goes.
#[derive(Debug)]
pub(super) enum Route {
    /// To a mail server.
    Server {
        server: Server,
        /// Where it is, if it may only be reached under an address that was checked.
        address: Option<SocketAddr>,
        /// The provider's sender.
        from: Option<String>,
    },
    /// Into the mailbox.
    Mailbox,
    /// Nowhere for now, and why.
    Later(String),
    /// Nowhere, and why.
    Nowhere(String),
}

/// Where mails leave the server.
#[derive(Clone, Debug)]
pub struct Outbox {
    store: Store,
    gateway: Gateway,
    pub(super) smtp: Smtp,
    pub(super) settings: Settings,
}

impl Outbox {
    /// Over `store`, with what the operator configured.
    pub fn new(store: Store, gateway: Gateway, settings: Settings) -> Self {
        Self {
            store,
            gateway,
            smtp: Smtp::new(settings.authorities.clone()),
            settings,
        }
    }

    /// Whether mails for which there is no mail server are kept and shown.
    pub fn has_mailbox(&self) -> bool {
        self.settings.mailbox
    }

    /// Which way the mails of `tenant` go: its own provider, if it is enabled; else the operator's mail server; else the
    /// mailbox.
    pub(super) async fn route(&self, tenant: &TenantId) -> Result<Route, Error> {
        let provider = self
            .store
            .typed::<EmailProvider>(tenant, EmailProvider::ID)
            .await?;
        if let Some(provider) = provider.filter(|provider| provider.value.enabled) {
            return Ok(self.route_of(&provider.value).await);
        }
        Ok(match &self.settings.server {
            Some(server) => Route::Server {
                server: server.clone(),
                address: None,
                from: None,
            },
            None if self.settings.mailbox => Route::Mailbox,
            None => Route::Nowhere("No e-mail provider is configured.".to_owned()),
        })
    }

    async fn route_of(&self, provider: &EmailProvider) -> Route {
        let credentials = &provider.credentials;
        let (Some(host), Some(port)) = (&credentials.smtp_host, credentials.smtp_port) else {
            let name = &provider.name;
            return Route::Nowhere(format!(
                "This server sends by SMTP alone; the e-mail provider {name} cannot be used."
            ));
        };
        // Whoever may name a mail server could otherwise have the server talk to what only the server can reach.
        match self.gateway.address_of(host, port).await {
            Err(problem) => Route::Later(problem.to_string()),
            Ok(address) => Route::Server {
                server: Server {
                    host: host.clone(),
                    port,
                    login: login(
                        credentials.smtp_user.as_deref(),
                        credentials.smtp_pass.as_ref(),
                    ),
                },
                address: Some(address),
                from: provider.default_from_address.clone(),
            },
        }
    }
}

/// Name and password, if there is a name.
pub(crate) fn login(user: Option<&str>, password: Option<&Secret>) -> Option<(String, Secret)> {
    let user = user.filter(|user| !user.is_empty())?;
    let password = password.map_or_else(|| Secret::new(String::new()), Secret::clone);
    Some((user.to_owned(), password))
}
