//! The authorization request as it is kept while a login is pending. How it is read is in `read`.

use serde::{Deserialize, Serialize};

use super::{ClaimsRequest, CodeChallenge, Prompt, ResponseType, ReturnAddress, Target};
use crate::{
    env::Timestamp,
    id_token::AuthTime,
    legacy::{FrontIdTokens, Pipeline},
};

/// What a client asked for. Every parameter has been checked as far as that can be done without the user.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct AuthorizationRequest {
    /// When it came.
    pub received_at: Timestamp,
    /// Who asked.
    pub client_id: String,
    /// What is to come back.
    pub response_type: ResponseType,
    /// Where it is to come back.
    pub return_address: ReturnAddress,
    /// Whether the client named the redirect URI, or left it to the first of its callbacks.
    pub redirect_uri: RedirectUriParameter,
    /// The requested scopes, each once, in the order sent.
    pub scope: Vec<String>,
    /// What the access token is for.
    pub target: Target,
    /// OIDC Core §3.1.2.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// RFC 7636.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<CodeChallenge>,
    /// Which pages are wanted.
    #[serde(default)]
    pub prompt: Prompt,
    /// Seconds that the login may be old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_seconds: Option<u64>,
    /// Who will log in, for the login page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
    /// An ID token of who is to log in, not verified yet: that is the server's part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_hint: Option<String>,
    /// The languages of the pages, most wanted first (BCP 47).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ui_locales: Vec<String>,
    /// Which page comes first.
    #[serde(default)]
    pub screen_hint: ScreenHint,
    /// The connection to log in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// Scopes for the provider behind the connection.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub connection_scope: Vec<String>,
    /// How the user is to be authenticated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acr_values: Vec<String>,
    /// Claims asked for one by one.
    #[serde(default)]
    pub claims: ClaimsRequest,
    /// The organization to log in through, by id or name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The invitation that is being accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<String>,
    /// Which pipeline answers.
    #[serde(default, skip_serializing_if = "Pipeline::is_conformant")]
    pub pipeline: Pipeline,
}

/// Whether the client sent `redirect_uri`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RedirectUriParameter {
    /// It did.
    Sent,
    /// It did not.
    LeftOut,
}

/// `screen_hint`; values other than these are ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScreenHint {
    /// The login page.
    #[default]
    Login,
    /// The sign-up page.
    SignUp,
}

impl AuthorizationRequest {
    /// Whether an ID token comes back through the browser.
    pub fn returns_id_token(&self) -> bool {
        let beside = match self.pipeline.switches().front_id_tokens {
            FrontIdTokens::AsTheResponseTypeSays => false,
            FrontIdTokens::WithOpenid => self.response_type.has_access_token() && self.is_openid(),
        };
        beside || self.response_type.has_id_token()
    }

    /// How long a login may be pending, in seconds.
    pub const LIFETIME_SECONDS: i64 = 3600;

    /// Whether no page may be shown.
    pub const fn is_silent(&self) -> bool {
        self.prompt.has(Prompt::NONE)
    }

    /// Whether `openid` was asked for.
    pub fn is_openid(&self) -> bool {
        self.scope.iter().any(|scope| scope == "openid")
    }

    /// Whether the ID token is to say when the user logged in.
    pub fn auth_time(&self) -> AuthTime {
        let asked = self.max_age_seconds.is_some()
            || self.prompt.has(Prompt::LOGIN)
            || self.claims.wants_auth_time();
        if asked {
            AuthTime::AskedFor
        } else {
            AuthTime::NotAskedFor
        }
    }

    /// Whether the login took too long.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.received_at.plus_seconds(Self::LIFETIME_SECONDS)
    }
}
