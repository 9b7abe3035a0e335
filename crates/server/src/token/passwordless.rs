//! The grant of a code that was sent to an address, of the compatible API.
//!
//! That the code is right, and used once, is `pipeline::one_time_code`'s part.

use std::sync::Arc;

use grantor_protocol::{
    authorization::may_use_grant,
    authorize::{ClaimsRequest, Target},
    env::IdForm,
    event::Event,
    grants::{GrantType, basis::Basis},
    id_token::AuthTime,
    legacy::Pipeline,
    model::AppType,
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
        user_tokens::Ground,
    },
};

const GRANT: GrantType = GrantType::PASSWORDLESS_OTP;

/// Length of the name under which what comes of a login is revoked.
const FAMILY_LENGTH: usize = 32;

/// Exchanges a code that was sent to an address for tokens.
pub(super) async fn exchange(
    exchange: Exchange<'_>,
    parameters: &Parameters,
    event: &mut Event,
) -> Result<Success, Failure> {
    may_use_grant(exchange.client, GRANT)?;
    let client = exchange.client.client();
    let why_not = if client.app_type == Some(AppType::Spa) {
        Some("applications in a browser send it to the login page")
    } else if client.is_first_party {
        None
    } else {
        Some("no page asks the user whether the client may")
    };
    if let Some(because) = why_not {
        let refusal = Refusal::new(Rule::GrantTypeNotAllowed);
        let refusal = refusal.naming("grant_type", GRANT.as_str());
        return Err(refusal.with("because", because).into());
    }
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
    issuing.keep(&mut batch, &app.env.id(IdForm::UrlSafe(FAMILY_LENGTH)));
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
        let mut scope: Vec<String> = Vec::new();
        for word in parameters.words("scope")? {
            if !scope.iter().any(|known| known == word) {
                scope.push(word.to_owned());
            }
        }
        Ok(Basis {
            client_id: self.client.client().client_id.clone(),
            user_id: authentication.user_id().to_owned(),
            session_id: None,
            authenticated_at: authentication.at(),
            auth_time: AuthTime::NotAskedFor,
            methods: authentication.methods().to_vec(),
            target: Target::read(parameters, &settings, &site.issuer)?,
            requested_scope: scope.clone(),
            scope,
            claims: ClaimsRequest::default(),
            pipeline: Pipeline::Conformant,
        })
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
