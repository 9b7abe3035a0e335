//! Tokens that their APIs should refuse.

use grantor_storage::BlacklistedToken;
use serde_json::{Value, json};

use crate::{
    call::Response,
    engine::Call,
    failure::Failure,
    keys::Pending,
    resource::{Answer, Field, Resource, Scopes, field, run},
};

/// `/blacklists/tokens`.
pub(crate) const BLACKLISTS: Resource = Resource::of_operations(
    "/blacklists/tokens",
    "BlacklistedToken",
    FIELDS,
    &[
        run(
            "GET",
            "/blacklists/tokens",
            Scopes::Any(&["blacklist:tokens"]),
            200,
            list,
            "List blacklisted tokens",
        )
        .with_query(&[("aud", "str")])
        .answering(Answer::Array),
        run(
            "POST",
            "/blacklists/tokens",
            Scopes::Any(&["blacklist:tokens"]),
            204,
            add,
            "Blacklist a token",
        )
        .with_body("{aud: str 1..600, jti*: str 1..255}"),
    ],
);

const FIELDS: &[Field] = &[field("aud", "R", "str audience"), field("jti", "R", "str")];

/// How long an entry is kept, in seconds: no access token lives longer.
const KEPT_SECONDS: i64 = 2_592_000;

fn list<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let aud = audience(call, call.query.find("aud"))?;
        let tokens = call
            .management
            .store
            .blacklisted_tokens(call.tenant, &aud)
            .await?;
        let issuer = call.request.issuer;
        let kept = tokens.iter().filter(|token| call.now < token.expires_at);
        let shown = kept.map(|token| json!({"aud": issuer.to_wire(&token.aud), "jti": token.jti}));
        Ok(Response::json(200, shown.collect()))
    })
}

fn add<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let text = |name: &str| call.body.get(name).and_then(Value::as_str);
        let token = BlacklistedToken {
            aud: audience(call, text("aud"))?,
            jti: text("jti").unwrap_or_default().to_owned(),
            expires_at: call.now.plus_seconds(KEPT_SECONDS),
        };
        let mut batch = call.management.store.batch();
        batch.blacklist_token(call.tenant, &token);
        let response = Response::nothing();
        call.commit_recorded(batch, &response).await?;
        Ok(response)
    })
}

/// The audience that was named, or the caller's own client.
fn audience(call: &Call<'_>, named: Option<&str>) -> Result<String, Failure> {
    let named = named.filter(|named| !named.is_empty());
    let audience = named
        .map(str::to_owned)
        .or_else(|| call.caller.client_id.clone());
    let audience = audience.ok_or_else(|| Failure::query("The parameter aud is required."))?;
    Ok(call.request.issuer.to_stored(&audience))
}
