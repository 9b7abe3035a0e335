//! What the handlers share.

use std::{net::IpAddr, sync::Arc};

use grantor_management::Management;
use grantor_protocol::{env::Env, tenant::TenantId};
use grantor_storage::Store;

use crate::{
    config::Config,
    http::rate_limit::RateLimit,
    keys::Keys,
    metrics::Metrics,
    outbound::{
        http::Gateway,
        mail::{Mail, Outbox},
    },
    passwords::Passwords,
    pipeline::record::Recorder,
    serve,
};

/// The server, composed.
#[derive(Debug)]
pub struct App {
    /// Clock and randomness.
    pub env: Env,
    /// The store.
    pub store: Store,
    /// The signing keys.
    pub keys: Keys,
    /// Hashes and checks passwords.
    pub passwords: Passwords,
    /// Writes mails.
    pub mail: Mail,
    /// Where mails leave the server.
    pub outbox: Outbox,
    /// The Management API.
    pub management: Management,
    /// The event queue.
    pub recorder: Recorder,
    /// Requests at the token endpoint.
    pub token_rate: RateLimit,
    /// Authorization requests and forms of login pages.
    pub sign_in_rate: RateLimit,
    /// Codes and links for a login that are asked for from one place: fifty at once, fifty an hour.
    pub start_rate: RateLimit<(TenantId, IpAddr)>,
    /// Mails that somebody has sent to an address from one place: ten at once, one a minute.
    pub mail_rate: RateLimit<(TenantId, String)>,
    /// Passwords that users who are logged in give again: ten at once, one a minute. Who found a browser logged in shall not
    /// find the password as well.
    pub proof_rate: RateLimit<(TenantId, String)>,
    /// Delegations of a user's ID token from one place: ten a minute.
    pub delegation_rate: RateLimit<(TenantId, String)>,
    /// Requests at the Management API.
    pub management_rate: RateLimit,
    /// The way to URLs that somebody else named.
    pub outbound: Gateway,
    /// What Prometheus scrapes.
    pub metrics: Metrics,
    /// Configured host names of the default tenant.
    pub hosts: Vec<String>,
}

impl App {
    /// Composes the server over `store`.
    ///
    /// # Errors
    /// If the operating system gives no thread for hashing passwords.
    pub fn new(
        config: &Config,
        store: Store,
        env: Env,
        recorder: Recorder,
    ) -> std::io::Result<Arc<Self>> {
        let keys = Keys::new(store.clone(), env.clone());
        let passwords = Passwords::start(config.passwords, Arc::clone(&env.random))?;
        let management = crate::management::compose(
            (&store, &env),
            &keys,
            &passwords,
            serve::issuer_of(&serve::base_url(config, config.listen)),
        );
        let outbound = Gateway::new(&config.allowed_networks);
        let outbox = Outbox::new(store.clone(), outbound.clone(), config.mail.clone());
        Ok(Arc::new(Self {
            token_rate: RateLimit::new(config.token_rate),
            sign_in_rate: RateLimit::new(config.sign_in_rate),
            start_rate: RateLimit::per_hour(50),
            mail_rate: RateLimit::with_burst(10, 1),
            proof_rate: RateLimit::with_burst(10, 1),
            delegation_rate: RateLimit::with_burst(10, 10),
            management_rate: RateLimit::new(config.management_rate),
            outbound,
            metrics: Metrics::default(),
            hosts: config.hosts.clone(),
            mail: Mail::new(store.clone(), env.clone()),
            outbox,
            env,
            store,
            keys,
            passwords,
            management,
            recorder,
        }))
    }
}
