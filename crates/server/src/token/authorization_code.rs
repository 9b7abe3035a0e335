//! The authorization-code exchange, RFC 6749 §4.1.3: a code becomes tokens, once.
//!
//! Whether it does is decided by `protocol::grants::authorization_code`; that it does so once, by one statement of the
//! store. Whoever loses that race comes back to the decision with a redeemed code.

use std::sync::Arc;

use grantor_jose::digest::sha256;
use grantor_protocol::{
    authorization::may_use_grant,
    claims::TokenForm,
    client_auth::{AuthenticatedClient, ClientClaim},
    env::IdForm,
    event::Event,
    grants::{
        GrantType,
        authorization_code::{
            AuthorizationCode, CodeState, Decision, Effect, PURPOSE, Request, decide,
        },
    },
    id_token::Person,
    model::{ClientGrant, ResourceServer, SubjectType},
    opaque_token::OpaqueToken,
    parameters::Parameters,
    refusal::Refusal,
    rule::Rule,
    users::{User, UserId},
};
use grantor_storage::{Batch, Error as StoreError, SINGLE_USE};
use serde_json::Map;

use super::Success;
use crate::{
    app::App,
    http::{context::Context, failure::Failure},
    pipeline::{
        authenticate::authenticate,
        load,
        mint::{self, ApprovedForUser, Mint, Minted},
        record,
    },
};

/// Length of an opaque access token: 32 characters of 64, so 192 bits.
const OPAQUE_LENGTH: usize = 32;

/// Exchanges a code for tokens, and records the outcome.
pub(super) async fn exchange(
    app: &App,
    context: &Context,
    claim: &ClientClaim,
    parameters: &Parameters,
) -> Result<Success, Failure> {
    let outcome = match authenticate(app, context, claim).await {
        Ok(client) => Exchange {
            app,
            context,
            client: &client,
        }
        .run(parameters)
        .await
        .map_err(|failure| failure.in_dialect(client.client().switches().error_dialect)),
        Err(failure) => Err(failure),
    };
    let event = entry(context, claim, &outcome);
    app.recorder.record(&context.site.tenant, event).await;
    outcome.map(|(success, _)| success)
}

/// One exchange by a client that proved itself.
struct Exchange<'a> {
    app: &'a App,
    context: &'a Context,
    client: &'a AuthenticatedClient,
}

/// What the decision about the tokens needs.
struct Loaded {
    user: User,
    resource_server: Option<Arc<ResourceServer>>,
    client_grant: Option<Arc<ClientGrant>>,
}

impl Exchange<'_> {
    async fn run(&self, parameters: &Parameters) -> Result<(Success, String), Failure> {
        // Also part of the decision; asked first, so that a client that may not use the grant burns no code.
        may_use_grant(self.client, GrantType::AUTHORIZATION_CODE)?;
        let request = Request::read(parameters)?;
        let digest = self
            .app
            .store
            .keyed_digest(request.code.expose().as_bytes());
        let code = self.redeemable(&digest, &request).await?;
        let loaded = self.load(&code).await?;
        // Roles come later; until then nobody holds permissions at an API that enforces them.
        let facts = code.facts(
            self.client,
            loaded.resource_server.as_deref(),
            loaded.client_grant.as_deref(),
            &[],
        );
        let approved = mint::decide_for_user(&facts)?;
        let access_token = match approved.form() {
            TokenForm::Opaque => {
                let token = self.app.env.id(IdForm::UrlSafe(OPAQUE_LENGTH));
                let mut batch = self.app.store.batch();
                self.keep_opaque(&mut batch, &token, &digest, &code, &approved);
                self.claim(batch, &digest, &request).await?;
                token
            }
            TokenForm::Jwt(api, userinfo) => {
                self.claim(self.app.store.batch(), &digest, &request)
                    .await?;
                let target = (api, userinfo);
                self.mint()
                    .access_token_for_user(&approved, target, &code.user_id)
                    .await?
            }
        };
        let success = self
            .success(&approved, &code, &loaded.user, access_token)
            .await?;
        Ok((success, code.user_id))
    }

    /// Claims the code together with what `batch` does: of all who try, the batch of one stands.
    async fn claim(
        &self,
        mut batch: Batch,
        digest: &[u8],
        request: &Request,
    ) -> Result<(), Failure> {
        let (tenant, now) = (&self.context.site.tenant, self.context.now);
        batch.claim(tenant, PURPOSE, digest, now);
        match self.app.store.commit(batch).await {
            Err(StoreError::Guard { label: SINGLE_USE }) => {
                // Somebody was faster: now the decision sees a code that was redeemed.
                self.redeemable(digest, request).await?;
                Err(Refusal::new(Rule::CodeUnknown).into())
            }
            committed => Ok(committed?),
        }
    }

    /// The code that was sent, if the decision lets this client redeem it. What a refusal does is done here.
    async fn redeemable(
        &self,
        digest: &[u8],
        request: &Request,
    ) -> Result<AuthorizationCode, Failure> {
        let (tenant, now) = (&self.context.site.tenant, self.context.now);
        let store = &self.app.store;
        let found = match store.find_single_use(tenant, PURPOSE, digest).await? {
            None => None,
            Some(item) => {
                let state = match item.consumed_at {
                    None => CodeState::Issued,
                    Some(_) => CodeState::Redeemed {
                        family: Some(family_of(digest)),
                    },
                };
                Some((parse(&item.payload)?, state))
            }
        };
        let known = found.as_ref().map(|(code, state)| (code, state));
        let refusal = match decide(self.client, known, request, sha256, now) {
            Decision::Redeem => {
                let unknown = || Failure::from(Refusal::new(Rule::CodeUnknown));
                return found.map(|(code, _)| code).ok_or_else(unknown);
            }
            Decision::Refuse { refusal, effect } => {
                let mut batch = store.batch();
                match effect {
                    Some(Effect::BurnCode) => batch.claim(tenant, PURPOSE, digest, now),
                    Some(Effect::RevokeFamily(family)) => batch.revoke_family(tenant, &family),
                    None => &mut batch,
                };
                match store.commit(batch).await {
                    // Burnt or redeemed by somebody else meanwhile: the client hears the same.
                    Ok(()) | Err(StoreError::Guard { label: SINGLE_USE }) => {}
                    Err(error) => return Err(error.into()),
                }
                refusal
            }
        };
        Err(refusal.into())
    }

    async fn load(&self, code: &AuthorizationCode) -> Result<Loaded, Failure> {
        let (store, site) = (&self.app.store, &self.context.site);
        let stored = match UserId::parse(&code.user_id) {
            Some(user_id) => store.find_user(&site.tenant, &user_id).await?,
            None => None,
        };
        let user = code.user(stored.map(|stored| stored.user))?;
        let resource_server = match code.target.api() {
            Some(audience) => load::resource_server(store, site, audience).await?,
            None => None,
        };
        let client_grant = match &resource_server {
            Some(api) => {
                load::client_grant(store, site, &code.client_id, api, SubjectType::User).await?
            }
            None => None,
        };
        Ok(Loaded {
            user,
            resource_server,
            client_grant,
        })
    }

    /// Stores with `batch` what an opaque access token stands for.
    fn keep_opaque(
        &self,
        batch: &mut Batch,
        token: &str,
        code_digest: &[u8],
        code: &AuthorizationCode,
        approved: &ApprovedForUser<'_>,
    ) {
        let stands_for = OpaqueToken {
            client_id: code.client_id.clone(),
            user_id: code.user_id.clone(),
            scope: approved.granted().scope.clone(),
            requested: code.claims.userinfo.clone(),
        };
        let lifetime = approved.form().lifetime_seconds();
        batch.keep_access_token(
            &self.context.site.tenant,
            &self.app.store.keyed_digest(token.as_bytes()),
            &family_of(code_digest),
            &stands_for,
            self.context.now.plus_seconds(lifetime),
        );
    }

    fn mint(&self) -> Mint<'_> {
        Mint {
            keys: &self.app.keys,
            env: &self.app.env,
            site: &self.context.site,
            now: self.context.now,
        }
    }

    /// The answer with `access_token`, and the ID token where there is one.
    async fn success(
        &self,
        approved: &ApprovedForUser<'_>,
        code: &AuthorizationCode,
        user: &User,
        access_token: String,
    ) -> Result<Success, Failure> {
        let person = Person {
            user_id: &code.user_id,
            fields: &user.fields(),
            custom: &Map::new(),
        };
        let id_token = self
            .mint()
            .id_token(approved, code, &person, &access_token)
            .await?;
        let minted = Minted {
            access_token,
            expires_in: approved.form().lifetime_seconds(),
        };
        let switches = self.client.client().switches();
        let success = Success::new(minted, approved.granted(), &code.requested_scope, switches);
        Ok(Success {
            id_token,
            ..success
        })
    }
}

fn parse(payload: &str) -> Result<AuthorizationCode, StoreError> {
    serde_json::from_str(payload).map_err(|source| StoreError::Inconsistent {
        table: "single_use",
        column: "payload".to_owned(),
        id: PURPOSE.to_owned(),
        source: source.into(),
    })
}

/// The name under which what comes from a code is revoked.
fn family_of(digest: &[u8]) -> String {
    grantor_jose::digest::base64url(digest)
}

fn entry(
    context: &Context,
    claim: &ClientClaim,
    outcome: &Result<(Success, String), Failure>,
) -> Event {
    let code = if outcome.is_ok() { "seacft" } else { "feacft" };
    let mut event = record::event(context, code, claim.client_id.as_deref());
    match outcome {
        Ok((success, user_id)) => {
            event.user_id = Some(user_id.clone());
            if let Some(scope) = &success.scope {
                event
                    .members
                    .insert("scope".to_owned(), scope.as_str().into());
            }
        }
        Err(failure) => record::explain(&mut event, context, &failure.refusal),
    }
    event
}
