//! The resources of the Management API, as declarations, and the one engine that interprets them.
//!
//! A resource is a table of fields with a line each (`resources/`), plus the few rules and operations that no table can
//! say. The engine does scopes, validation, paging, choice of fields, updates, the log and the OpenAPI description.
//!
//! Knows no HTTP types, no signatures and no clock: a [`Request`] goes in, a [`Response`] comes out, keys and time come
//! through [`KeyOperations`] and `Env`.

mod body;
mod call;
mod convenience;
mod engine;
mod exports;
mod failure;
mod jobs;
mod keys;
mod mails;
mod multipart;
mod openapi;
mod passwords;
mod pending;
mod query;
mod resource;
mod resources;
mod routes;
mod schema;
mod search;
mod seed;
mod tickets;
mod time;

use std::sync::Arc;

use grantor_protocol::{
    env::Env,
    event::Event,
    tenant::{Issuer, TenantId},
};
use grantor_storage::Store;

pub use crate::{
    body::MAX_BODY_BYTES,
    call::{Authority, Caller, Request, Response},
    failure::Failure,
    keys::{
        CertificateFacts, ClientCertificate, DomainLookup, IdToken, KeyKind, KeyOperations,
        KeyProblem, Pending, PublicKey, Revocation, SigningKey,
    },
    mails::{LinkRules, MailOperations, VerificationMail},
    openapi::openapi,
    passwords::{PasswordOperations, TooBusy},
    seed::{ManagementClient, Seeded},
};

/// The Management API.
#[derive(Clone)]
pub struct Management {
    /// Where everything is kept.
    pub store: Store,
    /// Time and randomness.
    pub env: Env,
    /// The signing keys.
    pub keys: Arc<dyn KeyOperations>,
    /// Password hashing.
    pub passwords: Arc<dyn PasswordOperations>,
    /// Mails to users.
    pub mails: Arc<dyn MailOperations>,
    /// The issuer of tenants that have no host of their own.
    pub default_issuer: Issuer,
    /// The domain name system.
    pub domains: Arc<dyn DomainLookup>,
}

impl Management {
    /// Appends `event` to the tenant's log. What it tells has happened, so a failure is logged and not answered.
    pub(crate) async fn record(&self, tenant: &TenantId, event: Event) {
        let appended = self.store.append_events(&[(tenant.clone(), event)]).await;
        if let Err(error) = appended {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, %tenant, "an event of the Management API was not recorded");
        }
    }
}

impl std::fmt::Debug for Management {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Management")
    }
}
