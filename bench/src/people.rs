//! Databases with many users, filled through the store in large batches, and a shop that they log in to.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use grantor_protocol::{
    model::{Client, ResourceServer},
    secret::Secret,
    tenant::TenantId,
    users::{
        Connection, Identity, User, UserId,
        identifier::{Identifier, IdentifierKind},
    },
};
use grantor_server::passwords::{Limits, Passwords};
use grantor_storage::users::IdentityKey;
use serde_json::json;
use tempfile::TempDir;

use crate::{
    fill::{self, BATCH, Filler},
    server::Fixture,
};

/// Where codes are sent.
pub(crate) const CALLBACK: &str = "https://shop.bench/cb";

/// Everybody's password.
pub(crate) const PASSWORD: &str = "Apples-and-pears-7";

/// The API that people's tokens are for.
pub(crate) const API: &str = "https://shop.bench/api";

/// The application that people log in to.
pub(crate) const CLIENT: (&str, &str) = ("bench-shop", "bench-shop-secret");

const CONNECTION: &str = "People";

/// A data directory with many users in it.
#[derive(Debug)]
pub(crate) struct Filled {
    pub(crate) directory: TempDir,
    /// A machine application, and what it may ask for.
    pub(crate) machine: Fixture,
    /// Some of the users, far apart.
    pub(crate) emails: Arc<[String]>,
}

/// Threads that hash as the server does, one at a time.
pub(crate) fn passwords() -> anyhow::Result<Passwords> {
    let limits = Limits::for_cores(1);
    Ok(Passwords::start(
        limits,
        Arc::clone(&grantor_server::env::system().random),
    )?)
}

/// A database with `count` users, of whom `some` are told.
pub(crate) async fn fill(binary: &Path, count: usize, some: usize) -> anyhow::Result<Filled> {
    let (directory, machine) = fill::begin(binary).await?;
    let mut filler = Filler::open(directory.path()).await?;
    let tenant = TenantId::default_tenant();
    add_shop(&mut filler, &tenant);
    // The same hash for all: its bytes do not matter.
    let password = Secret::new(PASSWORD.to_owned());
    let hash = passwords()?.hash(&tenant, &password).await?;
    for number in 0..count {
        add_user(&mut filler, &tenant, number, &hash)?;
        filler.commit_if(BATCH).await?;
    }
    filler.commit_if(1).await?;
    let step = (count / some).max(1);
    Ok(Filled {
        directory,
        machine,
        emails: (0..count).step_by(step).map(email).collect(),
    })
}

fn email(number: usize) -> String {
    format!("person-{number}@shop.bench")
}

fn add_user(
    filler: &mut Filler,
    tenant: &TenantId,
    number: usize,
    hash: &str,
) -> anyhow::Result<()> {
    // Far apart in the index, like identifiers that are drawn.
    let bare = format!(
        "{:024x}",
        (number as u128 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    );
    let id = UserId::of(UserId::DATABASE, &bare).context("an identifier")?;
    let now = filler.env.now();
    let mut user = User::new(id.clone(), Identity::database(CONNECTION, &id), now);
    user.email = Some(email(number));
    user.email_verified = Some(true);
    user.fill_in_defaults();
    let address = Identifier {
        kind: IdentifierKind::Email,
        value: email(number),
    };
    filler.batch.insert_user(tenant, &user, &[address]);
    let key = IdentityKey::from(&user.user_id);
    filler.batch.set_password(tenant, &key, hash, 0, now);
    filler.waiting += 1;
    Ok(())
}

fn add_shop(filler: &mut Filler, tenant: &TenantId) {
    let (client_id, client_secret) = CLIENT;
    filler.add::<Client>(
        tenant,
        &json!({
            "client_id": client_id, "client_secret": client_secret, "name": "Shop", "app_type": "regular_web",
            "is_first_party": true, "grant_types": ["authorization_code"], "callbacks": [CALLBACK],
        }),
    );
    filler.add::<ResourceServer>(
        tenant,
        &json!({
            "id": "65a1f0c2d3e4b5a697887766", "identifier": API, "name": "Shop", "signing_alg": "RS256",
            "token_lifetime": 86_400, "scopes": [{"value": "read:shop"}],
            "skip_consent_for_verifiable_first_party_clients": true,
        }),
    );
    filler.add::<Connection>(
        tenant,
        &json!({
            "id": "con_bench00000000001", "name": CONNECTION, "strategy": "auth0", "options": {},
            "enabled_clients": [client_id],
        }),
    );
}
