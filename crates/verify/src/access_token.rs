//! An access token that was checked.

use std::{collections::BTreeSet, fmt, sync::Arc};

use serde_json::{Map, Value};

use crate::VerifyError;

/// Proof that an access token is genuine, for this API and in force. Made only by [`crate::check()`].
///
/// Both dialects of access tokens are read alike: the vendor's with `azp`, and RFC 9068 with `client_id`. A clone shares
/// the claims.
#[derive(Clone)]
pub struct AccessToken(Arc<Checked>);

struct Checked {
    subject: String,
    client_id: String,
    audiences: Vec<String>,
    scopes: BTreeSet<String>,
    permissions: BTreeSet<String>,
    expires_at: i64,
    claims: Map<String, Value>,
}

/// A scope that the token was not granted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the access token was not granted the scope {0}")]
pub struct InsufficientScope(pub String);

impl AccessToken {
    /// Whom it speaks for: a user, or `{client_id}@clients` for a machine.
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// The client it was issued to.
    pub fn client_id(&self) -> &str {
        &self.0.client_id
    }

    /// The APIs it is for, of which this one is one.
    pub fn audiences(&self) -> &[String] {
        &self.0.audiences
    }

    /// The granted scopes.
    pub fn scopes(&self) -> &BTreeSet<String> {
        &self.0.scopes
    }

    /// What the subject may do, if the API has its permissions written into tokens.
    pub fn permissions(&self) -> &BTreeSet<String> {
        &self.0.permissions
    }

    /// When it expires, in Unix seconds.
    pub fn expires_at(&self) -> i64 {
        self.0.expires_at
    }

    /// Its identifier.
    pub fn id(&self) -> Option<&str> {
        self.claim("jti").and_then(Value::as_str)
    }

    /// One claim.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.0.claims.get(name)
    }

    /// All claims.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.0.claims
    }

    /// Whether `scope` was granted.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.0.scopes.contains(scope)
    }

    /// Asks for a scope.
    ///
    /// # Errors
    ///
    /// [`InsufficientScope`] if it was not granted.
    pub fn require_scope(&self, scope: &str) -> Result<(), InsufficientScope> {
        if self.has_scope(scope) {
            return Ok(());
        }
        Err(InsufficientScope(scope.to_owned()))
    }

    /// Reads the claims of a token whose type, issuer, audience and times were checked.
    pub(crate) fn new(
        claims: Map<String, Value>,
        audiences: Vec<String>,
        expires_at: i64,
    ) -> Result<Self, VerifyError> {
        let text = |name: &str| match claims.get(name) {
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
            None => Ok(None),
            Some(_) => Err(VerifyError::Malformed),
        };
        let subject = text("sub")?.ok_or(VerifyError::Malformed)?;
        let client_id = match text("client_id")? {
            Some(client_id) => Some(client_id),
            None => text("azp")?,
        };
        let client_id = client_id.ok_or(VerifyError::WrongType)?;
        text("jti")?;
        let scopes = scopes(claims.get("scope"))?;
        let permissions = match claims.get("permissions") {
            None => BTreeSet::new(),
            Some(permissions) => texts(permissions)?.into_iter().collect(),
        };
        Ok(Self(Arc::new(Checked {
            subject,
            client_id,
            audiences,
            scopes,
            permissions,
            expires_at,
            claims,
        })))
    }
}

/// The scopes in `scope`, which may be absent or empty.
fn scopes(scope: Option<&Value>) -> Result<BTreeSet<String>, VerifyError> {
    match scope {
        None => Ok(BTreeSet::new()),
        Some(Value::String(scopes)) => Ok(scopes
            .split(' ')
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned)
            .collect()),
        Some(_) => Err(VerifyError::Malformed),
    }
}

/// An array of texts.
pub(crate) fn texts(value: &Value) -> Result<Vec<String>, VerifyError> {
    let values = value.as_array().ok_or(VerifyError::Malformed)?;
    let texts = values.iter().map(|value| value.as_str().map(str::to_owned));
    texts
        .collect::<Option<Vec<_>>>()
        .ok_or(VerifyError::Malformed)
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("subject", &self.0.subject)
            .field("client_id", &self.0.client_id)
            .field("scopes", &self.0.scopes)
            .finish_non_exhaustive()
    }
}
