//! The refresh-token exchange, RFC 6749 §6: tokens again, without the user.
//!
//! Whether a token may be used is decided by `protocol::grants::refresh_token`; that it counts once, by one statement of
//! the store. Whoever loses that race comes back to the decision with what the winner left.

use grantor_protocol::{
    authorization::may_use_grant,
    event::Event,
    grants::{
        GrantType,
        refresh_token::{
            Account, Decision, Effect, Found, RefreshToken, Request, Standing, decide,
        },
    },
    parameters::Parameters,
    refusal::Refusal,
    rule::Rule,
    users::UserId,
};
use grantor_storage::{Error as StoreError, REFRESH_TOKEN, StoredRefreshToken};

use super::{Exchange, Success};
use crate::{
    http::failure::Failure,
    pipeline::{record, user_tokens::Ground},
};

/// How often a use is tried again that lost a race. A token loses once against its own rotation and once against that of
/// its successor; then it is old.
const ATTEMPTS: u32 = 4;

/// Exchanges a refresh token for tokens.
pub(super) async fn exchange(
    exchange: Exchange<'_>,
    parameters: &Parameters,
    event: &mut Event,
) -> Result<Success, Failure> {
    // Also part of the decision; asked first, so that nothing happens to a token of a client that may not use the grant.
    may_use_grant(exchange.client, GrantType::REFRESH_TOKEN)?;
    let request = Request::read(parameters)?;
    for _ in 0..ATTEMPTS {
        if let Some(success) = exchange.attempt(&request, event).await? {
            return Ok(success);
        }
    }
    Err(Refusal::new(Rule::Unavailable).into())
}

impl Exchange<'_> {
    /// One use; `None` if it lost against another one.
    async fn attempt(
        &self,
        request: &Request,
        event: &mut Event,
    ) -> Result<Option<Success>, Failure> {
        let (app, context, client) = (self.app, self.context, self.client);
        let (tenant, issuer) = (&context.site.tenant, &context.site.issuer);
        let (stored, standing) = self.usable(request, event).await?;
        let basis = request.basis(&stored.token, client.client(), issuer);
        let ground = Ground::load(app, context, &basis, Rule::RefreshTokenUserGone).await;
        let ground = ground.map_err(as_grant)?;
        stored.token.outlives(ground.user())?;
        let issuing = ground.decide(client, GrantType::REFRESH_TOKEN)?;
        let mut batch = app.store.batch();
        batch.use_refresh_token(tenant, &stored, &standing, &context.device());
        issuing.keep(&mut batch, &stored.token.family);
        match app.store.commit(batch).await {
            Err(StoreError::Guard {
                label: REFRESH_TOKEN,
            }) => return Ok(None),
            committed => committed?,
        }
        let requested = &basis.requested_scope;
        let success = self.succeed(&issuing, requested, (None, None)).await?;
        let (id, generation) = (&stored.token.id, standing.generation);
        Ok(Some(Success {
            // Also where it is the same: some clients forget theirs if none is in the answer.
            refresh_token: Some(app.store.refresh_token(tenant, id, generation)),
            // Some clients compare it with what they asked for, and take nothing for nothing.
            scope: Some(issuing.granted().scope.join(" ")),
            ..success
        }))
    }

    /// The family of the token that was sent and what becomes of it, if the decision lets this client use it. What a
    /// refusal does is done here.
    async fn usable(
        &self,
        request: &Request,
        event: &mut Event,
    ) -> Result<(StoredRefreshToken, Standing), Failure> {
        let (store, tenant) = (&self.app.store, &self.context.site.tenant);
        let presented = store.read_refresh_token(tenant, &request.refresh_token);
        let (mut stored, mut ended) = (None, None);
        if let Some(presented) = &presented {
            stored = store.find_refresh_token(tenant, &presented.id).await?;
            if stored.is_none() {
                ended = self.ended(&presented.id).await?;
            }
        }
        let found = match (&presented, &stored, &ended) {
            (None, ..) => Found::NeverIssued,
            (Some(presented), Some(stored), _) => Found::Token(&stored.token, presented.generation),
            (Some(_), None, Some((token, account))) => Found::Ended(token, *account),
            (Some(_), None, None) => Found::Gone,
        };
        let decision = decide(self.client, found, self.context.now);
        match (decision, stored) {
            (Decision::Exchange(standing), Some(stored)) => {
                event.user_id = Some(stored.token.user_id.clone());
                Ok((stored, standing))
            }
            (Decision::Exchange(_), None) => Err(Refusal::new(Rule::RefreshTokenUnknown).into()),
            (Decision::Refuse { refusal, effect }, stored) => {
                if let (Some(Effect::RevokeFamily(family)), Some(stored)) = (effect, stored) {
                    event.code = "ferrt";
                    event.user_id = Some(stored.token.user_id);
                    record::note(event, "family", &stored.token.id);
                    let mut batch = store.batch();
                    batch.revoke_family(tenant, &family);
                    store.commit(batch).await?;
                }
                Err(refusal.into())
            }
        }
    }

    /// The family that ended with its user, and what became of that user.
    async fn ended(&self, id: &str) -> Result<Option<(RefreshToken, Account)>, Failure> {
        let (store, tenant) = (&self.app.store, &self.context.site.tenant);
        let Some(stored) = store.find_ended_refresh_token(tenant, id).await? else {
            return Ok(None);
        };
        let user = match UserId::parse(&stored.token.user_id) {
            Some(user_id) => store.find_user(tenant, &user_id).await?,
            None => None,
        };
        let account = match user {
            None => Account::Gone,
            Some(user) if user.user.is_blocked() => Account::Blocked,
            Some(_) => Account::Active,
        };
        Ok(Some((stored.token, account)))
    }
}

/// A blocked user is told of as what it is for this grant: a token that is worth nothing.
fn as_grant(mut failure: Failure) -> Failure {
    if failure.refusal.rule == Rule::UserBlocked {
        failure.refusal.rule = Rule::RefreshTokenUserBlocked;
    }
    failure
}
