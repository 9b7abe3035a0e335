//! What a client learns of a user: the claims of ID tokens (OIDC Core §2) and of userinfo (§5.3).
//!
//! Builds claim sets; signs nothing and loads nobody. The user is the stored document, read by the names of its fields.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    authorize::ClaimsRequest,
    env::Timestamp,
    legacy,
    model::Client,
    profile::{AuthenticationClaims, ProfileClaims, UpdatedAt},
    session::AuthenticationMethod,
};

/// Scopes that are no API's and that any user can grant. Beside those of OIDC Core §5.4, the compatible API takes the
/// name of a claim for a scope.
pub const STANDARD_SCOPES: &[&str] = &[
    "openid",
    "profile",
    "email",
    "phone",
    "address",
    "offline_access",
    "name",
    "given_name",
    "family_name",
    "nickname",
    "email_verified",
    "picture",
    "created_at",
    "identities",
];

/// Life of an ID token unless the client sets one, in seconds.
pub const DEFAULT_LIFETIME_SECONDS: i64 = 36_000;

/// The `acr` of a login with a second factor.
pub const ACR_MULTI_FACTOR: &str = "http://schemas.openid.net/pape/policies/2007/06/multi-factor";

/// Claims of a user: the name on the wire, the field of the user, and the scope that opens it (OIDC Core §5.4).
const CLAIMS: &[(&str, &str, &str)] = &[
    ("nickname", "nickname", "profile"),
    ("name", "name", "profile"),
    ("given_name", "given_name", "profile"),
    ("family_name", "family_name", "profile"),
    ("middle_name", "middle_name", "profile"),
    ("preferred_username", "preferred_username", "profile"),
    ("profile", "profile", "profile"),
    ("picture", "picture", "profile"),
    ("website", "website", "profile"),
    ("gender", "gender", "profile"),
    ("birthdate", "birthdate", "profile"),
    ("zoneinfo", "zoneinfo", "profile"),
    ("locale", "locale", "profile"),
    ("updated_at", "updated_at", "profile"),
    ("email", "email", "email"),
    ("email_verified", "email_verified", "email"),
    ("phone_number", "phone_number", "phone"),
    ("phone_number_verified", "phone_verified", "phone"),
    ("address", "address", "address"),
    ("created_at", "created_at", "created_at"),
    ("identities", "identities", "identities"),
];

/// Names that no script may set: the protocol's own, and the vendor's.
const RESERVED: &[&str] = &[
    "acr",
    "act",
    "active",
    "amr",
    "at_hash",
    "ath",
    "attest",
    "aud",
    "auth_time",
    "authorization_details",
    "azp",
    "c_hash",
    "client_id",
    "cnf",
    "cty",
    "dest",
    "entitlements",
    "events",
    "exp",
    "groups",
    "gty",
    "htm",
    "htu",
    "iat",
    "internalService",
    "iss",
    "jcard",
    "jku",
    "jti",
    "jwe",
    "jwk",
    "kid",
    "may_act",
    "mky",
    "nbf",
    "nonce",
    "object_id",
    "org_id",
    "org_name",
    "orig",
    "origid",
    "permissions",
    "roles",
    "rph",
    "s_hash",
    "scope",
    "sid",
    "sip_callid",
    "sip_cseq_num",
    "sip_date",
    "sip_from_tag",
    "sip_via_branch",
    "sub",
    "sub_jwk",
    "toe",
    "txn",
    "typ",
    "uuid",
    "vot",
    "vtm",
    "x5t#S256",
];

/// Whether scripts cannot set the claim `name`.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// The user as far as claims are concerned.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// `sub`.
    pub user_id: &'a str,
    /// The stored user.
    pub fields: &'a Map<String, Value>,
    /// Claims set by scripts for ID tokens; reserved names are left out, standard ones need their scope.
    pub custom: &'a Map<String, Value>,
}

impl Person<'_> {
    /// Adds to `claims` what `scope` and the names in `requested` open.
    fn disclose(
        &self,
        claims: &mut Map<String, Value>,
        scope: &[String],
        requested: &[String],
        updated_at: UpdatedAt,
    ) {
        let has = |name: &str| scope.iter().any(|scope| scope == name);
        let opens = |claim: &str, under: &str| {
            has(under)
                || has(claim) && STANDARD_SCOPES.contains(&claim)
                || requested.iter().any(|name| name == claim)
        };
        for (claim, field, under) in CLAIMS {
            if !opens(claim, under) {
                continue;
            }
            let value = self.custom.get(*claim).or_else(|| self.fields.get(*field));
            if let Some(value) = value.and_then(|value| written(claim, value, updated_at)) {
                claims.insert((*claim).to_owned(), value);
            }
        }
        let own = |name: &str| CLAIMS.iter().any(|(claim, _, _)| *claim == name);
        for (name, value) in self.custom {
            if !own(name) && !is_reserved(name) {
                claims.insert(name.clone(), value.clone());
            }
        }
    }
}

/// The value as the wire has it; `None` if there is none.
fn written(claim: &str, value: &Value, updated_at: UpdatedAt) -> Option<Value> {
    match (claim, value) {
        (_, Value::Null) => None,
        ("updated_at", Value::String(text)) if updated_at == UpdatedAt::Seconds => {
            let instant: jiff::Timestamp = text.parse().ok()?;
            Some(instant.as_second().into())
        }
        // Identities also hold what upstream providers gave for the server alone.
        ("identities", Value::Array(identities)) => {
            Some(identities.iter().map(bare_identity).collect())
        }
        _ => Some(value.clone()),
    }
}

/// What others may know of an identity.
pub(crate) fn bare_identity(identity: &Value) -> Value {
    let fields = ["provider", "user_id", "connection", "isSocial"];
    let members = fields.iter().filter_map(|&name| {
        let value = identity.get(name)?;
        Some((name.to_owned(), value.clone()))
    });
    Value::Object(members.collect())
}

/// What goes into an ID token beside the person.
#[derive(Clone, Copy, Debug)]
pub struct IdToken<'a> {
    /// The issuer identifier.
    pub issuer: &'a str,
    /// To whom it is issued.
    pub client: &'a Client,
    /// When.
    pub issued_at: Timestamp,
    /// The granted scopes; without `openid` there is no ID token.
    pub scope: &'a [String],
    /// The authorization request's `claims`.
    pub claims: &'a ClaimsRequest,
    /// The authorization request's `nonce`; never on refresh.
    pub nonce: Option<&'a str>,
    /// The browser session; never on refresh.
    pub sid: Option<&'a str>,
    /// When the user logged in.
    pub authenticated_at: Timestamp,
    /// Whether the client wants to know that.
    pub auth_time: AuthTime,
    /// How the user logged in.
    pub methods: &'a [AuthenticationMethod],
    /// `at_hash` of the access token that is issued with it, and the way they go.
    pub access_token: Beside<'a>,
    /// `c_hash` of the code in the same response.
    pub c_hash: Option<&'a str>,
    /// Names that open members of the user as the legacy pipeline does; none in the other one.
    pub legacy_scope: &'a [String],
}

/// Whether a client asked when the user logged in: with `max_age`, `prompt=login` or the claims parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthTime {
    /// It did.
    AskedFor,
    /// It did not.
    NotAskedFor,
}

/// The access token that is issued with an ID token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside<'a> {
    /// None.
    Nothing,
    /// One through the browser, with its `at_hash`.
    FrontChannel(&'a str),
    /// One from the token endpoint, with its `at_hash`.
    BackChannel(&'a str),
}

impl IdToken<'_> {
    /// The claim set as JSON; `None` without `openid`.
    pub fn to_json(&self, person: &Person<'_>) -> Option<Vec<u8>> {
        if !self.scope.iter().any(|scope| scope == "openid") {
            return None;
        }
        let switches = self.client.switches();
        // OIDC Core §5.4: in the ID token, if it is all that the client ever gets. A code leads to an access token.
        let alone = self.access_token == Beside::Nothing && self.c_hash.is_none();
        let by_scope = switches.profile_claims == ProfileClaims::InIdToken || alone;
        let scope = if by_scope { self.scope } else { &[] };
        let mut claims = Map::new();
        person.disclose(
            &mut claims,
            scope,
            &self.claims.id_token,
            switches.updated_at,
        );
        legacy::disclose(&mut claims, person, self.legacy_scope);
        self.add_own(&mut claims, person.user_id);
        // Texts, numbers and what was JSON before: there is nothing here that JSON could not hold.
        serde_json::to_vec(&claims).ok()
    }

    fn add_own(&self, claims: &mut Map<String, Value>, user_id: &str) {
        let issued_at = self.issued_at.seconds();
        let lifetime = self.client.jwt_configuration.lifetime_in_seconds;
        let lifetime = lifetime.unwrap_or(DEFAULT_LIFETIME_SECONDS);
        let mut own = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        own("iss", self.issuer.into());
        own("aud", self.client.client_id.as_str().into());
        own("sub", user_id.into());
        own("iat", issued_at.into());
        own("exp", issued_at.saturating_add(lifetime).into());
        let always = self.client.switches().authentication_claims == AuthenticationClaims::Always;
        if always || self.auth_time == AuthTime::AskedFor {
            own("auth_time", self.authenticated_at.seconds().into());
        }
        if self.methods.contains(&AuthenticationMethod::MultiFactor) {
            own("acr", ACR_MULTI_FACTOR.into());
            if !always {
                own("amr", json!(["mfa"]));
            }
        }
        if always {
            let amr: Value = self.methods.iter().map(|method| method.amr()).collect();
            own("amr", amr);
        }
        let at_hash = match self.access_token {
            Beside::FrontChannel(hash) => Some(hash),
            Beside::BackChannel(hash) => Some(hash).filter(|_| always),
            Beside::Nothing => None,
        };
        let optional = [
            ("at_hash", at_hash),
            ("c_hash", self.c_hash),
            ("sid", self.sid),
            ("nonce", self.nonce),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                own(name, value.into());
            }
        }
    }
}

/// The answer of userinfo for an access token with `scope` and the names that the claims parameter asked for; `None`
/// without `openid`.
pub fn userinfo(
    person: &Person<'_>,
    scope: &[String],
    requested: &[String],
    updated_at: UpdatedAt,
) -> Option<Map<String, Value>> {
    if !scope.iter().any(|scope| scope == "openid") {
        return None;
    }
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), person.user_id.into());
    person.disclose(&mut claims, scope, requested, updated_at);
    Some(claims)
}

#[cfg(test)]
mod tests;
