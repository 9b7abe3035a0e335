//! The authorization-code exchange, RFC 6749 §4.1.3: a code becomes tokens, once.
//!
//! Whether it does is decided by `protocol::grants::authorization_code`; that it does so once, by one statement of the
//! store. Whoever loses that race comes back to the decision with a redeemed code.

use grantor_jose::digest::sha256;
use grantor_protocol::{
    authorization::may_use_grant,
    event::Event,
    grants::{
        GrantType,
        authorization_code::{
            AuthorizationCode, CodeState, Decision, Effect, PURPOSE, Request, decide,
        },
    },
    parameters::Parameters,
    refusal::Refusal,
    rule::Rule,
};
use grantor_storage::{Batch, Error as StoreError, SINGLE_USE};

use super::{Exchange, Success};
use crate::{
    app::App,
    http::{context::Context, failure::Failure},
    pipeline::user_tokens::{Ground, family_of},
};

/// Exchanges a code for tokens.
pub(super) async fn exchange(
    exchange: Exchange<'_>,
    parameters: &Parameters,
    event: &mut Event,
) -> Result<Success, Failure> {
    // Also part of the decision; asked first, so that a client that may not use the grant burns no code.
    may_use_grant(exchange.client, GrantType::AUTHORIZATION_CODE)?;
    let request = Request::read(parameters)?;
    let (app, context) = (exchange.app, exchange.context);
    let digest = app.store.keyed_digest(request.code.expose().as_bytes());
    let code = exchange.redeemable(&digest, &request).await?;
    event.user_id = Some(code.basis.user_id.clone());
    let ground = Ground::load(app, context, &code.basis, Rule::CodeUnknown).await?;
    let issuing = ground.decide(exchange.client, GrantType::AUTHORIZATION_CODE)?;
    let mut batch = app.store.batch();
    issuing.keep(&mut batch, &family_of(&digest));
    exchange.claim(batch, &digest, &request).await?;
    let requested = &code.basis.requested_scope;
    let in_id_token = (code.nonce.as_deref(), code.basis.session_id.as_deref());
    exchange.succeed(&issuing, requested, in_id_token).await
}

/// Burns the code that `client_id` was given, because whoever sends it could not prove to be that client: a stolen code
/// is not for trying secrets with. A code of another client is not touched.
pub(super) async fn burn(
    app: &App,
    context: &Context,
    client_id: &str,
    parameters: &Parameters,
) -> Result<(), StoreError> {
    let (store, tenant) = (&app.store, &context.site.tenant);
    let Ok(Some(code)) = parameters.text("code") else {
        return Ok(());
    };
    let digest = store.keyed_digest(code.as_bytes());
    let Some(item) = store.find_single_use(tenant, PURPOSE, &digest).await? else {
        return Ok(());
    };
    if parse(&item.payload)?.basis.client_id != client_id {
        return Ok(());
    }
    let mut batch = store.batch();
    batch.claim(tenant, PURPOSE, &digest, context.now);
    match store.commit(batch).await {
        // Used or burnt meanwhile.
        Err(StoreError::Guard { label: SINGLE_USE }) => Ok(()),
        done => done,
    }
}

impl Exchange<'_> {
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
}

fn parse(payload: &str) -> Result<AuthorizationCode, StoreError> {
    serde_json::from_str(payload).map_err(|source| StoreError::Inconsistent {
        table: "single_use",
        column: "payload".to_owned(),
        id: PURPOSE.to_owned(),
        source: source.into(),
    })
}
