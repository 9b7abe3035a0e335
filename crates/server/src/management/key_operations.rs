//! The key operations that the Management API asks for.

use grantor_jose::{VerificationKey, certificate::Certificate};
use grantor_management::{
    CertificateFacts, ClientCertificate, IdToken, KeyKind, KeyOperations, KeyProblem, Pending,
    PublicKey, Revocation, SigningKey as ShownKey,
};
use grantor_protocol::{
    env::Timestamp,
    keys::Refused,
    model::{KeyState, StoredKey},
    tenant::{Issuer, TenantId},
};

use crate::{
    keys::{Error, Keys, RSA},
    pipeline::id_token_hint,
};

/// Key operations over the server's keys.
#[derive(Clone, Debug)]
pub(super) struct ServerKeys {
    keys: Keys,
}

impl ServerKeys {
    pub(super) const fn new(keys: Keys) -> Self {
        Self { keys }
    }
}

impl KeyOperations for ServerKeys {
    fn list<'a>(&'a self, tenant: &'a TenantId) -> Pending<'a, Result<Vec<ShownKey>, KeyProblem>> {
        Box::pin(async move {
            let keys = self
                .keys
                .list(tenant)
                .await
                .map_err(|error| problem(&error))?;
            let mut shown: Vec<ShownKey> =
                keys.iter().filter(|key| key.kty == RSA).map(show).collect();
            // The current key first, then the next, then the earlier ones, newest first.
            shown.reverse();
            shown.sort_by_key(|key| (!key.current, !key.next, key.revoked_at.is_some()));
            Ok(shown)
        })
    }

    fn rotate<'a>(&'a self, tenant: &'a TenantId) -> Pending<'a, Result<ShownKey, KeyProblem>> {
        Box::pin(async move {
            self.keys
                .rotate(tenant, RSA)
                .await
                .map(|key| show(&key))
                .map_err(|error| problem(&error))
        })
    }

    fn revoke<'a>(
        &'a self,
        tenant: &'a TenantId,
        kid: &'a str,
    ) -> Pending<'a, Result<Revocation, KeyProblem>> {
        Box::pin(async move {
            match self.keys.revoke(tenant, kid).await {
                Ok(key) => Ok(Revocation::Revoked(Box::new(show(&key)))),
                Err(Error::Refused(Refused::InUse)) => Ok(Revocation::NotRevocable),
                Err(Error::Refused(Refused::Unknown)) => Ok(Revocation::Unknown),
                Err(error) => Err(problem(&error)),
            }
        })
    }

    fn client_certificate<'a>(
        &'a self,
        subject: &'a str,
    ) -> Pending<'a, Result<Option<ClientCertificate>, KeyProblem>> {
        Box::pin(async move {
            self.keys
                .client_certificate(subject)
                .map(Some)
                .map_err(|error| problem(&error))
        })
    }

    fn id_token<'a>(
        &'a self,
        tenant: &'a TenantId,
        issuer: &'a Issuer,
        token: &'a str,
    ) -> Pending<'a, Result<Option<IdToken>, KeyProblem>> {
        Box::pin(async move {
            let claims = id_token_hint::signed_claims(&self.keys, (tenant, issuer), token).await;
            let claims = claims.map_err(|error| problem(&error))?;
            Ok(claims.and_then(|claims| {
                let text = |name: &str| claims.get(name)?.as_str().map(str::to_owned);
                Some(IdToken {
                    subject: text("sub")?,
                    audience: text("aud")?,
                    expires_at: Timestamp::from_seconds(claims.get("exp")?.as_i64()?),
                })
            }))
        })
    }

    fn describe_public_key(&self, pem: &str) -> Result<PublicKey, String> {
        let key = VerificationKey::from_pem(pem).map_err(|error| error.to_string())?;
        let jwk = key.jwk().ok_or("not a public key")?;
        let certificate = Certificate::from_pem(pem)
            .ok()
            .map(|certificate| CertificateFacts {
                expires_at: Timestamp::from_seconds(certificate.not_after()),
                subject_dn: certificate.subject().to_owned(),
                thumbprint_sha256: certificate.sha256_thumbprint(),
            });
        Ok(PublicKey {
            kind: match jwk.kty.as_str() {
                "EC" => KeyKind::EllipticCurve,
                "OKP" => KeyKind::Edwards,
                _ => KeyKind::Rsa,
            },
            thumbprint: jwk.thumbprint().map_err(|error| error.to_string())?,
            certificate,
        })
    }
}

fn problem(error: &Error) -> KeyProblem {
    if let Error::Refused(refused) = error {
        return KeyProblem(refused.to_string());
    }
    tracing::error!(
        error = error as &dyn std::error::Error,
        "a key operation failed"
    );
    KeyProblem("The key operation failed".to_owned())
}

fn show(key: &StoredKey) -> ShownKey {
    let certificate = Certificate::from_pem(&key.certificate).ok();
    let since = Timestamp::from_millis(key.since);
    ShownKey {
        kid: key.kid.clone(),
        pkcs7: certificate
            .as_ref()
            .map(|certificate| certificate.pkcs7("\r\n")),
        fingerprint: certificate
            .as_ref()
            .map(Certificate::sha1_fingerprint)
            .unwrap_or_default(),
        thumbprint: certificate
            .as_ref()
            .map(Certificate::sha1_hex)
            .unwrap_or_default(),
        certificate: key.certificate.clone(),
        current: key.state == KeyState::Current,
        next: key.state == KeyState::Next,
        previous: key.state == KeyState::Previous,
        current_since: (key.state == KeyState::Current).then_some(since),
        current_until: key.current_until.map(Timestamp::from_millis),
        revoked_at: (key.state == KeyState::Revoked).then_some(since),
    }
}
