//! The password exchanges, RFC 6749 §4.3: a name and a password become tokens, without a browser and without a session.
//!
//! What is asked and whose passwords count is decided by `protocol::grants::password`; the password is checked where every
//! other one is.

use std::sync::Arc;

use grantor_protocol::{
    authorization::may_use_grant,
    event::Event,
    grants::{
        GrantType,
        basis::Basis,
        password::{Request, directory, usable},
    },
    parameters::{Parameters, clipped},
    refusal::Refusal,
    rule::Rule,
    session::{Authentication, AuthenticationMethod},
    users::{Connection, UserId},
};
use grantor_storage::Batch;

use super::{Exchange, Success};
use crate::{
    http::failure::Failure,
    pipeline::{
        load,
        password::{self, Checked, Right},
        record,
        user_tokens::{Ground, new_family},
    },
};

/// Exchanges a name and a password for tokens.
pub(super) async fn exchange(
    exchange: Exchange<'_>,
    grant_type: GrantType,
    parameters: &Parameters,
    event: &mut Event,
) -> Result<Success, Failure> {
    let (app, context, client) = (exchange.app, exchange.context, exchange.client);
    // Also part of the decision; asked first, so that no password is checked for a client that may not use the grant.
    may_use_grant(client, grant_type)?;
    let settings = load::settings(&app.store, &context.site).await?;
    let issuer = &context.site.issuer;
    let request = Request::read(parameters, grant_type, client.client(), &settings, issuer)?;
    record::note(event, "user_name", &clipped(&request.username));
    let name = directory(request.realm.as_deref(), &settings)?;
    record::note(event, "connection", &clipped(name));
    let connection = exchange.connection(name).await?;
    let right = exchange.prove(&connection, &request, event).await?;
    let user_id = right.user.user.user_id.clone();
    let api = match request.target.api() {
        Some(audience) => load::resource_server(&app.store, &context.site, audience).await?,
        None => None,
    };
    let methods = vec![AuthenticationMethod::Password];
    let authentication = Authentication::proven(user_id.as_str().to_owned(), methods, context.now);
    let scope = request.wanted_scope(api.as_deref(), &settings);
    let basis = Basis {
        scope,
        ..Basis::proven(
            client.client(),
            &authentication,
            request.target,
            request.scope,
        )
    };
    exchange
        .tokens(grant_type, &basis, &user_id, right.rehash)
        .await
}

impl Exchange<'_> {
    /// The connection whose passwords count.
    async fn connection(&self, name: &str) -> Result<Arc<Connection>, Failure> {
        let (app, context, client) = (self.app, self.context, self.client.client());
        let found = load::realm(&app.store, &context.site, name).await?;
        let unusable = |because| {
            Refusal::new(Rule::PasswordConnectionUnusable)
                .with("connection", clipped(name))
                .with("client_id", &client.client_id)
                .with("because", because)
        };
        Ok(usable(found, client).map_err(unusable)?)
    }

    /// The user whose password it is.
    async fn prove(
        &self,
        connection: &Connection,
        request: &Request,
        event: &mut Event,
    ) -> Result<Right, Failure> {
        let (app, context) = (self.app, self.context);
        let (name, secret) = (&request.username, &request.password);
        match password::check(app, context, connection, name, secret).await? {
            Checked::Right(right) => {
                event.user_id = Some(right.user.user.user_id.as_str().to_owned());
                Ok(*right)
            }
            Checked::Wrong { user_id } => {
                event.user_id.clone_from(&user_id);
                let whose = user_id.as_deref().unwrap_or("nobody is called so");
                let refusal = Refusal::new(Rule::PasswordWrong).with("user_id", whose);
                Err(refusal.into())
            }
        }
    }

    /// The tokens, in one commit with the login that is counted.
    async fn tokens(
        &self,
        grant_type: GrantType,
        basis: &Basis,
        user_id: &UserId,
        mut batch: Batch,
    ) -> Result<Success, Failure> {
        let (app, context) = (self.app, self.context);
        let ground = Ground::load(app, context, basis, Rule::PasswordWrong).await?;
        let issuing = ground.decide(self.client, grant_type)?;
        issuing.keep(&mut batch, &new_family(app));
        let ip = context.client_ip.to_string();
        batch.note_login(&context.site.tenant, user_id, &ip, context.now);
        app.store.commit(batch).await?;
        let requested = &basis.requested_scope;
        self.succeed(&issuing, requested, (None, None)).await
    }
}
