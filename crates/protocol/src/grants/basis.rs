//! What a user's tokens stand on, however they are asked for: codes, refresh tokens and opaque access tokens lead to it.
//!
//! Proves nothing: a grant has accepted its own proof before it makes one. Decides nothing: what is granted on it is put
//! to `authorization::decide` each time, with the facts of the day.

use serde::{Deserialize, Serialize};

use crate::{
    authorization::{Facts, Permissions, Requester, Subject},
    authorize::{Approval, AuthorizationRequest, ClaimsRequest, Target},
    env::Timestamp,
    grants::GrantType,
    id_token::{AuthTime, Beside, IdToken},
    legacy::{Pipeline, UserClaims},
    model::{Client, ClientGrant, ResourceServer},
    refusal::Refusal,
    rule::Rule,
    session::{Authentication, AuthenticationMethod},
    tenant::Issuer,
    users::User,
};

/// Who logged in, when and how, at which client, and what was granted for which API.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Basis {
    /// To whom tokens are issued.
    pub client_id: String,
    /// Who logged in.
    pub user_id: String,
    /// In which browser session, if in one; the `sid` of ID tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// When the user logged in.
    pub authenticated_at: Timestamp,
    /// Whether ID tokens say so.
    pub auth_time: AuthTime,
    /// How the user logged in.
    pub methods: Vec<AuthenticationMethod>,
    /// What the access token is for.
    pub target: Target,
    /// What the client asked for.
    pub requested_scope: Vec<String>,
    /// What was granted, by the user too where that was needed.
    pub scope: Vec<String>,
    /// Claims asked for one by one.
    #[serde(default)]
    pub claims: ClaimsRequest,
    /// In which pipeline it was asked for.
    #[serde(default, skip_serializing_if = "Pipeline::is_conformant")]
    pub pipeline: Pipeline,
}

/// What is known of the API that a basis is for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Api<'a> {
    /// The API, if there is one of that identifier.
    pub resource_server: Option<&'a ResourceServer>,
    /// What joins it and the client for users, if anything does.
    pub client_grant: Option<&'a ClientGrant>,
    /// What the user may do there.
    pub permissions: &'a [String],
}

impl Basis {
    /// The basis of a login that owes nothing.
    pub fn of(request: &AuthorizationRequest, approval: &Approval) -> Self {
        let session = approval.session();
        Self {
            client_id: request.client_id.clone(),
            user_id: session.user_id.clone(),
            session_id: Some(session.id.clone()),
            authenticated_at: session.authenticated_at,
            auth_time: approval.auth_time(),
            methods: session.methods.clone(),
            target: request.target.clone(),
            requested_scope: request.scope.clone(),
            scope: approval.granted().scope.clone(),
            claims: request.claims.clone(),
            pipeline: request.pipeline,
        }
    }

    /// The basis of a login without a browser, at a client that was shown the proof itself. All that is asked for is wanted.
    pub fn proven(
        client: &Client,
        authentication: &Authentication,
        target: Target,
        scope: Vec<String>,
    ) -> Self {
        Self {
            client_id: client.client_id.clone(),
            user_id: authentication.user_id().to_owned(),
            session_id: None,
            authenticated_at: authentication.at(),
            auth_time: AuthTime::NotAskedFor,
            methods: authentication.methods().to_vec(),
            target,
            requested_scope: scope.clone(),
            scope,
            claims: ClaimsRequest::default(),
            pipeline: Pipeline::Conformant,
        }
    }

    /// The user for whom tokens are issued, if that is still possible.
    ///
    /// # Errors
    /// `gone` if there is no such user any more, [`Rule::UserBlocked`].
    pub fn user(&self, found: Option<User>, gone: Rule) -> Result<User, Refusal> {
        let refuse = |rule| Refusal::new(rule).with("user_id", &self.user_id);
        match found {
            None => Err(refuse(gone).with("because", "the user is gone")),
            Some(user) if user.is_blocked() => Err(refuse(Rule::UserBlocked)),
            Some(user) => Ok(user),
        }
    }

    /// The facts for `authorization::decide`: what was granted then is asked for again now.
    pub fn facts<'a, C: Requester>(
        &'a self,
        client: &'a C,
        grant_type: GrantType,
        api: Api<'a>,
    ) -> Facts<'a, C> {
        Facts {
            client,
            grant_type,
            subject: Subject::User(Permissions::Held(api.permissions)),
            audience: self.target.api(),
            resource_server: api.resource_server,
            client_grant: api.client_grant,
            requested_scope: &self.scope,
        }
    }

    /// Names that open members of the user, in the pipeline of today.
    pub fn legacy_scope(&self, pipeline: Pipeline) -> &[String] {
        match pipeline.switches().user_claims {
            UserClaims::Standard => &[],
            UserClaims::Everything => &self.requested_scope,
        }
    }

    /// The ID token for `scope`, issued to `client`, without nonce, `c_hash` and what
    /// the legacy pipeline adds.
    pub fn id_token<'a>(
        &'a self,
        issuer: &'a Issuer,
        client: &'a Client,
        scope: &'a [String],
        access_token: Beside<'a>,
        now: Timestamp,
    ) -> IdToken<'a> {
        IdToken {
            issuer: issuer.as_str(),
            client,
            issued_at: now,
            scope,
            claims: &self.claims,
            nonce: None,
            sid: self.session_id.as_deref(),
            authenticated_at: self.authenticated_at,
            auth_time: self.auth_time,
            methods: &self.methods,
            access_token,
            c_hash: None,
            legacy_scope: &[],
        }
    }
}
