//! A user's tokens: decided from what they stand on, kept in the commit of what allowed them, and then signed.
//!
//! A grant that has accepted its own proof makes a [`Basis`] and goes this way: [`Ground::load`], [`Ground::decide`],
//! [`Issuing::keep`] into its batch, commit, and only then [`Issuing::access_token`] and [`Issuing::id_token`].

use std::sync::Arc;

use grantor_jose::digest;
use grantor_protocol::{
    authorization::{Granted, OFFLINE_ACCESS, Requester},
    claims::{Channel, TokenForm, UserinfoAudience},
    env::IdForm,
    grants::{
        GrantType,
        basis::{Api, Basis},
        refresh_token::{RefreshToken, Standing},
    },
    id_token::{Beside, IdToken, Person},
    legacy::Pipeline,
    model::{ClientGrant, ResourceServer, SubjectType, TenantSettings},
    opaque_token::OpaqueToken,
    refusal::Refusal,
    rule::Rule,
    secret::Secret,
    users::{User, UserId},
};
use grantor_storage::Batch;
use serde_json::Map;

use super::{
    load,
    mint::{self, ApprovedForUser, Mint},
};
use crate::{
    app::App,
    http::{context::Context, failure::Failure},
};

/// Length of an opaque access token: 32 characters of 64, so 192 bits.
const OPAQUE_LENGTH: usize = 32;

/// Length of the name of a family that began without a code: 43 characters of 64, so 258 bits.
const FAMILY_LENGTH: usize = 43;

/// The name under which what comes from a proof that leaves nothing behind, as a password, is revoked.
pub(crate) fn new_family(app: &App) -> String {
    app.env.id(IdForm::UrlSafe(FAMILY_LENGTH))
}

/// The name under which what comes from a code, or with it, is revoked.
pub(crate) fn family_of(code_digest: &[u8]) -> String {
    digest::base64url(code_digest)
}

/// A basis with what is known of its API and its user.
pub(crate) struct Ground<'a> {
    app: &'a App,
    context: &'a Context,
    basis: &'a Basis,
    user: User,
    resource_server: Option<Arc<ResourceServer>>,
    client_grant: Option<Arc<ClientGrant>>,
    permissions: Vec<String>,
    settings: Arc<TenantSettings>,
}

impl<'a> Ground<'a> {
    /// Loads what `basis` is about.
    ///
    /// # Errors
    /// `gone` if the user is, [`Rule::UserBlocked`], and what the store reports.
    pub(crate) async fn load(
        app: &'a App,
        context: &'a Context,
        basis: &'a Basis,
        gone: Rule,
    ) -> Result<Self, Failure> {
        let (store, site) = (&app.store, &context.site);
        let stored = match UserId::parse(&basis.user_id) {
            Some(user_id) => store.find_user(&site.tenant, &user_id).await?,
            None => None,
        };
        let user = basis.user(stored.map(|stored| stored.user), gone)?;
        let resource_server = match basis.target.api() {
            Some(audience) => load::resource_server(store, site, audience).await?,
            None => None,
        };
        let client_grant = match &resource_server {
            Some(api) => {
                load::client_grant(store, site, &basis.client_id, api, SubjectType::User).await?
            }
            None => None,
        };
        let api = resource_server.as_deref();
        let permissions = load::permissions(store, site, &basis.user_id, api).await?;
        Ok(Self {
            app,
            context,
            basis,
            user,
            resource_server,
            client_grant,
            permissions,
            settings: load::settings(store, site).await?,
        })
    }

    /// For whom the tokens speak.
    pub(crate) const fn user(&self) -> &User {
        &self.user
    }

    /// Puts the facts to the decision function.
    ///
    /// # Errors
    /// The refusal.
    pub(crate) fn decide<C: Requester>(
        &'a self,
        client: &'a C,
        grant_type: GrantType,
    ) -> Result<Issuing<'a>, Refusal> {
        let api = Api {
            resource_server: self.resource_server.as_deref(),
            client_grant: self.client_grant.as_deref(),
            permissions: &self.permissions,
        };
        let approved = mint::decide_for_user(&self.basis.facts(client, grant_type, api))?;
        let access = match approved.form() {
            TokenForm::Opaque => Access::Opaque(self.app.env.id(IdForm::UrlSafe(OPAQUE_LENGTH))),
            TokenForm::Jwt(api, userinfo) => Access::Signed(api, userinfo),
        };
        // A refresh gives the successor in its own family, if any.
        let offline =
            grant_type != GrantType::REFRESH_TOKEN && approved.granted().has(OFFLINE_ACCESS);
        Ok(Issuing {
            ground: self,
            pipeline: self.basis.pipeline.today(client.client(), &self.settings),
            approved,
            access,
            refresh: offline.then(|| self.app.store.new_refresh_token_id()),
        })
    }
}

/// Tokens that were decided, on their way.
pub(crate) struct Issuing<'a> {
    ground: &'a Ground<'a>,
    /// That of today, whatever it was at the login.
    pipeline: Pipeline,
    approved: ApprovedForUser<'a>,
    access: Access<'a>,
    /// The family of refresh tokens that begins.
    refresh: Option<String>,
}

/// The access token.
enum Access<'a> {
    /// Drawn at once, so that its digest can be kept.
    Opaque(String),
    /// To be signed for this API.
    Signed(&'a ResourceServer, UserinfoAudience),
}

/// What goes with an ID token.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IdTokenWith<'a> {
    /// The access token of the same response.
    pub(crate) access_token: Option<&'a str>,
    /// The code of the same response.
    pub(crate) code: Option<&'a str>,
    /// The authorization request's `nonce`; never on refresh.
    pub(crate) nonce: Option<&'a str>,
    /// The browser session; never on refresh.
    pub(crate) sid: Option<&'a str>,
}

impl Issuing<'_> {
    /// What was granted.
    pub(crate) const fn granted(&self) -> &Granted {
        self.approved.granted()
    }

    /// The life of the access token, in seconds.
    pub(crate) fn expires_in(&self) -> i64 {
        self.approved.expires_in()
    }

    /// Puts into `batch`, which commits what allowed the tokens, what has to be remembered of them. What has the same
    /// `family` is revoked together.
    pub(crate) fn keep(&self, batch: &mut Batch, family: &str) {
        let (app, context, basis) = (self.ground.app, self.ground.context, self.ground.basis);
        if let Access::Opaque(token) = &self.access {
            let stands_for = OpaqueToken {
                client_id: basis.client_id.clone(),
                user_id: basis.user_id.clone(),
                scope: self.granted().scope.clone(),
                requested: basis.claims.userinfo.clone(),
            };
            batch.keep_access_token(
                &context.site.tenant,
                &app.store.keyed_digest(token.as_bytes()),
                family,
                &stands_for,
                context.now.plus_seconds(self.expires_in()),
            );
        }
        if let Some(id) = &self.refresh {
            let client = self.approved.client();
            let settings = client.refresh_token.as_ref();
            let token = RefreshToken {
                id: id.clone(),
                family: family.to_owned(),
                user_id: basis.user_id.clone(),
                client_id: basis.client_id.clone(),
                audience: basis.target.consent_audience(&context.site.issuer),
                session_id: basis.session_id.clone(),
                created_at: context.now,
                standing: Standing::begin(settings, context.now),
                basis: Basis {
                    scope: self.granted().scope.clone(),
                    ..basis.clone()
                },
            };
            batch.issue_refresh_token(&context.site.tenant, &token, &context.device());
        }
    }

    /// The refresh token that was kept, if one was granted.
    pub(crate) fn refresh_token(&self) -> Option<Secret> {
        let (app, tenant) = (self.ground.app, &self.ground.context.site.tenant);
        let id = self.refresh.as_ref()?;
        Some(app.store.refresh_token(tenant, id, 0))
    }

    /// The access token, signed if it is an API's. Only once what was kept is committed.
    ///
    /// # Errors
    /// What the store and the keys report.
    pub(crate) async fn access_token(&self) -> Result<String, Failure> {
        match &self.access {
            Access::Opaque(token) => Ok(token.clone()),
            Access::Signed(api, userinfo) => {
                let target = (*api, *userinfo);
                let user_id = &self.ground.basis.user_id;
                let held = &self.ground.permissions;
                let mint = self.mint();
                let signed = mint.access_token_for_user(&self.approved, target, user_id, held);
                Ok(signed.await?)
            }
        }
    }

    /// The ID token; `None` without `openid`.
    ///
    /// # Errors
    /// What the store and the keys report.
    pub(crate) async fn id_token(&self, with: IdTokenWith<'_>) -> Result<Option<String>, Failure> {
        let (context, basis) = (self.ground.context, self.ground.basis);
        let client = self.approved.client();
        let at_hash = with.access_token.map(digest::at_hash);
        let c_hash = with.code.map(digest::at_hash);
        let beside = match (&at_hash, self.approved.channel()) {
            (None, _) => Beside::Nothing,
            (Some(hash), Channel::Front) => Beside::FrontChannel(hash),
            (Some(hash), Channel::Back) => Beside::BackChannel(hash),
        };
        let scope = &self.granted().scope;
        let issuer = &context.site.issuer;
        let token = IdToken {
            nonce: with.nonce,
            sid: with.sid,
            c_hash: c_hash.as_deref(),
            legacy_scope: basis.legacy_scope(self.pipeline),
            ..basis.id_token(issuer, client, scope, beside, context.now)
        };
        let person = Person {
            user_id: &basis.user_id,
            fields: &self.ground.user.fields(),
            custom: &Map::new(),
        };
        let Some(json) = token.to_json(&person) else {
            return Ok(None);
        };
        let key = self.pipeline.switches().id_token_key;
        let mint = self.mint();
        Ok(Some(mint.id_token(&self.approved, key, &json).await?))
    }

    fn mint(&self) -> Mint<'_> {
        let (app, context) = (self.ground.app, self.ground.context);
        Mint {
            keys: &app.keys,
            env: &app.env,
            site: &context.site,
            now: context.now,
        }
    }
}
