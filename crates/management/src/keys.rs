//! What the Management API asks of others: keys and names of hosts. Implemented by the server.

use std::{future::Future, pin::Pin};

use grantor_protocol::{
    env::Timestamp,
    tenant::{Issuer, TenantId},
};

/// A result that is being made.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why a key operation failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct KeyProblem(pub String);

/// The tenant's signing keys and what can be said about keys of others.
pub trait KeyOperations: Send + Sync {
    /// The signing keys: current, next, previous and the last revoked ones.
    fn list<'a>(&'a self, tenant: &'a TenantId)
    -> Pending<'a, Result<Vec<SigningKey>, KeyProblem>>;

    /// Makes the next key current and a new one next; answers with the new current key.
    fn rotate<'a>(&'a self, tenant: &'a TenantId) -> Pending<'a, Result<SigningKey, KeyProblem>>;

    /// Revokes the previous key `kid`.
    fn revoke<'a>(
        &'a self,
        tenant: &'a TenantId,
        kid: &'a str,
    ) -> Pending<'a, Result<Revocation, KeyProblem>>;

    /// A key pair with a self-signed certificate for a client's `signing_keys`; `None` if the server makes none.
    fn client_certificate<'a>(
        &'a self,
        subject: &'a str,
    ) -> Pending<'a, Result<Option<ClientCertificate>, KeyProblem>>;

    /// What an ID token says that `issuer` of the tenant signed; `None` if it is none.
    fn id_token<'a>(
        &'a self,
        tenant: &'a TenantId,
        issuer: &'a Issuer,
        token: &'a str,
    ) -> Pending<'a, Result<Option<IdToken>, KeyProblem>>;

    /// Reads a public key or certificate in PEM.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence for the caller.
    fn describe_public_key(&self, pem: &str) -> Result<PublicKey, String>;
}

/// What an ID token says, as far as linking accounts asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdToken {
    /// The user, `sub`.
    pub subject: String,
    /// The client that it was issued to, `aud`.
    pub audience: String,
    /// Until when it is good, `exp`.
    pub expires_at: Timestamp,
}

/// A signing key as it may be shown; private parts never leave the server.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// Its id.
    pub kid: String,
    /// The certificate, PEM.
    pub certificate: String,
    /// The certificate as PKCS#7, PEM.
    pub pkcs7: Option<String>,
    /// It signs.
    pub current: bool,
    /// It will sign after the next rotation.
    pub next: bool,
    /// It signed before the last rotation and still verifies.
    pub previous: bool,
    /// Since when it signs.
    pub current_since: Option<Timestamp>,
    /// Until when it signed.
    pub current_until: Option<Timestamp>,
    /// SHA-1 of the certificate, upper-case hexadecimal with colons.
    pub fingerprint: String,
    /// SHA-1 of the certificate, upper-case hexadecimal.
    pub thumbprint: String,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// What became of a revocation.
#[derive(Clone, Debug)]
pub enum Revocation {
    /// The key neither signs nor verifies any more.
    Revoked(Box<SigningKey>),
    /// Only a key that signs no more and is not needed can be revoked.
    NotRevocable,
    /// There is no such key.
    Unknown,
}

/// A key pair of a client's add-ons.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// The certificate, PEM.
    pub cert: String,
    /// The certificate as PKCS#7, PEM.
    pub pkcs7: Option<String>,
    /// The private key, PEM.
    pub key: String,
}

/// What a public key says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Its RFC 7638 thumbprint.
    pub thumbprint: String,
    /// RSA, EC or Ed25519.
    pub kind: KeyKind,
    /// The certificate, if it came in one.
    pub certificate: Option<CertificateFacts>,
}

/// What a certificate adds to its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// When it expires.
    pub expires_at: Timestamp,
    /// Its subject, an attribute a line in the certificate's order: `C=es\nO=Example\nCN=client`.
    pub subject_dn: String,
    /// SHA-256 of its DER, base64url.
    pub thumbprint_sha256: String,
}

/// The family of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA of 2048 bits or more.
    Rsa,
    /// P-256.
    EllipticCurve,
    /// Ed25519.
    Edwards,
}

/// Looks at the domain name system for custom domains.
pub trait DomainLookup: Send + Sync {
    /// Whether `name` points to the host `record` (CNAME or the same addresses), or carries the text `record` (TXT).
    fn points_to<'a>(&'a self, name: &'a str, record: &'a str) -> Pending<'a, bool>;
}
