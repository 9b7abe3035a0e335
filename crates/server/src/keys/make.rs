//! Making a signing key and its certificate.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use grantor_jose::{KeyType, SigningKey, certificate};
use grantor_management::ClientCertificate;
use grantor_protocol::{
    env::{Env, IdForm, Timestamp},
    model::{KeyState, StoredKey},
    secret::Secret,
    tenant::TenantId,
};

use super::{EC, Error, OKP};

/// Life of the self-signed certificate, in seconds: ten years. Nobody checks it; the key set carries it for old libraries.
const CERTIFICATE_LIFE_SECONDS: i64 = 315_360_000;

/// Makes a key of `family` in the state "next". RSA takes tenths of a second, so it is made off the worker threads.
pub(super) async fn key(env: &Env, tenant: &TenantId, family: &str) -> Result<StoredKey, Error> {
    let (env, subject, family) = (env.clone(), tenant.to_string(), family.to_owned());
    let made = tokio::task::spawn_blocking(move || make(&env, &subject, &family)).await;
    made.map_err(|_| Error::Undecodable("being made".to_owned()))?
}

fn make(env: &Env, subject: &str, family: &str) -> Result<StoredKey, Error> {
    let generated = SigningKey::generate(key_type(family))?;
    let key = SigningKey::from_pkcs8(key_type(family), &generated.pkcs8)?;
    let now = env.now();
    let mut serial = [0; 16];
    env.random.fill(&mut serial);
    let (not_before, not_after) = (
        now.seconds() - 3600,
        now.seconds() + CERTIFICATE_LIFE_SECONDS,
    );
    let certificate = certificate::self_signed(
        &key,
        &generated.pkcs8,
        subject,
        not_before,
        not_after,
        serial,
    )?;
    Ok(StoredKey {
        kid: env.id(IdForm::UrlSafe(21)),
        kty: family.to_owned(),
        private_key: Secret::new(STANDARD.encode(&*generated.pkcs8)),
        certificate: certificate.pem("\r\n"),
        state: KeyState::Next,
        since: now.millis(),
        published_at: now.millis(),
        current_until: None,
        rest: serde_json::Map::new(),
    })
}

/// The type of the keys of `family`.
pub(super) fn key_type(family: &str) -> KeyType {
    match family {
        EC => KeyType::P256,
        OKP => KeyType::Ed25519,
        _ => KeyType::Rsa2048,
    }
}

/// A key pair with a certificate for a client's add-ons; P-256, because RSA would cost each new client a tenth of a
/// second.
pub(super) fn client_certificate(
    subject: &str,
    now: Timestamp,
    serial: [u8; 16],
) -> Result<ClientCertificate, Error> {
    let generated = SigningKey::generate(KeyType::P256)?;
    let key = SigningKey::from_pkcs8(KeyType::P256, &generated.pkcs8)?;
    let (from, until) = (now.seconds(), now.seconds() + CERTIFICATE_LIFE_SECONDS);
    let made = certificate::self_signed(&key, &generated.pkcs8, subject, from, until, serial)?;
    Ok(ClientCertificate {
        cert: made.pem("\r\n"),
        pkcs7: Some(made.pkcs7("\r\n")),
        key: certificate::pem("PRIVATE KEY", &generated.pkcs8, "\r\n"),
    })
}
