//! The grant of a code that was sent to an address, of the compatible API.
//!
//! That the code is right, and used once, is `pipeline::one_time_code`'s part.

use std::sync::Arc;

use grantor_protocol::{
    authorization::may_use_grant,
    authorize::Target,
    event::Event,
    grants::{GrantType, basis::Basis},
    parameters::{Parameters, clipped},
    passwordless::{Address, wrong_code},
    refusal::Refusal,
    rule::Rule,
    session::Authentication,
    users::{Connection, UserId, identifier::IdentifierKind},
};
use grantor_storage::{Batch, Error as StoreError, SINGLE_USE, users::USER_REVISION};

use super::{Exchange, Success};
use crate::{
    http::failure::Failure,
    pipeline::{
        load,
        one_time_code::{self, Place, Proven},
        record,
        user_tokens::{Ground, new_family},
    },
};

const GRANT: GrantType = GrantType::PASSWORDLESS_OTP;

/// Exchanges a code that was sent to an address for tokens.
pub(super) async fn exchange(
    exchange: Exchange<'_>,
    parameters: &Parameters,
    event: &mut Event,
) -> Result<Success, Failure> {
    // Also part of the decision; asked first, so that no code is tried for a client that may not use the grant.
    may_use_grant(exchange.client, GRANT)?;
    let (username, code) = (
        parameters.required("username")?,
        parameters.required("otp")?,
    );
    record::note(event, "user_name", &clipped(username));
    let connection = exchange
        .proving_connection(parameters.required("realm")?)
        .await?;
    record::note(event, "connection", &connection.name);
    let kind = connection.proves().unwrap_or(IdentifierKind::Email);
    let malformed = || wrong_code(kind, "the username is no address");
    let address = Address::read(kind, username).ok_or_else(malformed)?;
    let at = Place {
        connection: &connection,
        address: &address,
    };
    let (app, context) = (exchange.app, exchange.context);
    let right = one_time_code::check(app, context, at, code).await?;
    let Proven {
        authentication,
        mut batch,
    } = one_time_code::prove(app, context, at, &right).await?;
    event.user_id = Some(authentication.user_id().to_owned());
    let basis = exchange.basis(parameters, &authentication).await?;
    let ground = Ground::load(app, context, &basis, wrong_code(kind, "").rule).await?;
    let issuing = ground.decide(exchange.client, GRANT)?;
    issuing.keep(&mut batch, &new_family(app));
    let ip = context.client_ip.to_string();
    let who = (authentication.user_id(), ip.as_str());
    exchange.commit_login(batch, who, kind).await?;
    let requested = &basis.requested_scope;
    exchange.succeed(&issuing, requested, (None, None)).await
}

impl Exchange<'_> {
    /// The connection that `realm` names, if users of the client prove addresses there.
    async fn proving_connection(&self, realm: &str) -> Result<Arc<Connection>, Failure> {
        let client_id = &self.client.client().client_id;
        let (store, tenant) = (&self.app.store, &self.context.site.tenant);
        let named = [realm];
        let found = store.typed_by::<Connection>(tenant, "name", &named);
        let usable = found
            .await?
            .map(|found| Arc::clone(&found.value))
            .filter(|connection| connection.proves().is_some() && connection.serves(client_id));
        let unusable = || {
            Refusal::new(Rule::ConnectionUnknown)
                .with("connection", clipped(realm))
                .with("client_id", client_id)
        };
        Ok(usable.ok_or_else(unusable)?)
    }

    /// What the tokens stand on.
    async fn basis(
        &self,
        parameters: &Parameters,
        authentication: &Authentication,
    ) -> Result<Basis, Failure> {
        let site = &self.context.site;
        let settings = load::settings(&self.app.store, site).await?;
        let target = Target::read(parameters, &settings, &site.issuer)?;
        let client = self.client.client();
        Ok(Basis::proven(
            client,
            authentication,
            target,
            parameters.scope()?,
        ))
    }

    /// Commits what uses the code up, with the login that is counted.
    async fn commit_login(
        &self,
        mut batch: Batch,
        (user_id, ip): (&str, &str),
        kind: IdentifierKind,
    ) -> Result<(), Failure> {
        let (context, store) = (self.context, &self.app.store);
        if let Some(user_id) = UserId::parse(user_id) {
            batch.note_login(&context.site.tenant, &user_id, ip, context.now);
        }
        match store.commit(batch).await {
            Err(StoreError::Guard {
                label: SINGLE_USE | USER_REVISION,
            }) => Err(wrong_code(kind, "somebody was faster").into()),
            committed => Ok(committed?),
        }
    }
}
