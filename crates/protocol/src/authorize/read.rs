//! Reading an authorization request: first what tells where errors go, then everything else.

use super::{
    AuthorizationError, AuthorizationRequest, ClaimsRequest, CodeChallenge, PlainChallenges,
    Prompt, ResponseMode, ResponseType, ReturnAddress, ScreenHint, Target, delivery_of,
    request::RedirectUriParameter,
};
use crate::{
    env::Timestamp,
    grants::GrantType,
    legacy::{Nonces, Pipeline},
    model::{Client, OrganizationUsage, TenantSettings},
    parameters::{Parameters, clipped},
    profile::Pkce,
    redirect_uri::{RedirectUri, Registered, Wildcards},
    refusal::Refusal,
    rule::Rule,
    tenant::Issuer,
};

/// What an authorization request is read against.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// The client that it names.
    pub client: &'a Client,
    /// The tenant's settings.
    pub settings: &'a TenantSettings,
    /// The issuer that was asked.
    pub issuer: &'a Issuer,
    /// The name of the organization that the request names, once it has been found: for placeholders in callbacks. A name
    /// that nobody checked would make a wildcard of them.
    pub organization_name: Option<&'a str>,
    /// Public metadata of the custom domain that was asked, for placeholders in callbacks.
    pub domain_metadata: &'a [(String, String)],
    /// Whether `plain` challenges are taken.
    pub plain_challenges: PlainChallenges,
}

/// The client that a request names. Errors go to a page.
///
/// # Errors
/// [`Rule::MissingParameter`].
pub fn client_id(parameters: &Parameters) -> Result<&str, AuthorizationError> {
    parameters
        .required("client_id")
        .map_err(AuthorizationError::on_page)
}

/// Reads the request that came at `now`.
///
/// # Errors
/// What is wrong, and where that is to be told.
pub fn read(
    parameters: &Parameters,
    reading: &Reading<'_>,
    now: Timestamp,
) -> Result<AuthorizationRequest, AuthorizationError> {
    let page = AuthorizationError::on_page;
    let (redirect_uri, sent) = redirect_uri(parameters, reading).map_err(page)?;
    // The compatible API shows this on a page, although it could be redirected.
    parameters.required("response_type").map_err(page)?;
    let words = parameters.words("response_type").map_err(page)?;
    let response_type = ResponseType::parse(&words);
    let state = parameters.text("state").map_err(page)?.map(str::to_owned);
    let named_mode = parameters.text("response_mode").map_err(page)?;
    let mode = named_mode.and_then(ResponseMode::parse);
    // An error does not travel by a mode that the response could not have.
    let mode = mode.filter(|&mode| response_type.is_none_or(|known| known.goes_by(mode)));
    let address = ReturnAddress {
        redirect_uri,
        response_mode: mode
            .or_else(|| response_type.map(ResponseType::default_mode))
            .unwrap_or(ResponseMode::Query),
        state,
    };
    if address.response_mode == ResponseMode::WebMessage {
        receives_messages(reading, &address.redirect_uri).map_err(page)?;
    }
    let refused = |refusal| AuthorizationError {
        refusal,
        delivery: delivery_of(reading.client, &address),
    };
    if let (Some(name), None) = (named_mode, mode) {
        let refusal = Refusal::new(Rule::ResponseModeUnsupported);
        return Err(refused(refusal.naming("response_mode", clipped(name))));
    }
    let response_type = supported(response_type, &words, reading.client).map_err(refused)?;
    rest(parameters, reading, response_type, &address, sent, now).map_err(refused)
}

/// The client's callbacks.
fn registered<'a>(reading: &Reading<'a>) -> Registered<'a> {
    let client = reading.client;
    Registered {
        entries: client.callbacks.as_deref().unwrap_or_default(),
        wildcards: if client.is_strict_third_party() {
            Wildcards::Ignored
        } else {
            Wildcards::Honoured
        },
        organization_name: reading.organization_name,
        domain_metadata: reading.domain_metadata,
    }
}

fn redirect_uri(
    parameters: &Parameters,
    reading: &Reading<'_>,
) -> Result<(RedirectUri, RedirectUriParameter), Refusal> {
    let client = reading.client;
    let registered = registered(reading);
    let Some(sent) = parameters.text("redirect_uri")? else {
        let first = registered.first().ok_or_else(|| {
            Refusal::new(Rule::MissingParameter)
                .naming("parameter", "redirect_uri")
                .with("client_id", &client.client_id)
        })?;
        return Ok((first, RedirectUriParameter::LeftOut));
    };
    let uri = registered.callback(sent).map_err(|mismatch| {
        mismatch
            .refusal(Rule::RedirectUriNotRegistered, sent)
            .with("client_id", &client.client_id)
    })?;
    Ok((uri, RedirectUriParameter::Sent))
}

/// Whether a script of the redirect URI's origin may be told what a response says: the list is another one than that of
/// callbacks, because every page of an origin hears its messages, and one callback alone gets a redirect.
fn receives_messages(reading: &Reading<'_>, redirect_uri: &RedirectUri) -> Result<(), Refusal> {
    let client = reading.client;
    let origin = redirect_uri.origin();
    let registered = Registered {
        entries: client.web_origins.as_deref().unwrap_or_default(),
        ..registered(reading)
    };
    if origin
        .as_deref()
        .is_some_and(|origin| registered.allows_origin(origin))
    {
        return Ok(());
    }
    let origin = origin.unwrap_or_else(|| "null".to_owned());
    Err(Refusal::new(Rule::WebOriginNotRegistered)
        .naming("origin", origin)
        .with("client_id", &client.client_id))
}

/// The response type, if the client may use it.
fn supported(
    response_type: Option<ResponseType>,
    words: &[&str],
    client: &Client,
) -> Result<ResponseType, Refusal> {
    let unsupported = || {
        Refusal::new(Rule::ResponseTypeUnsupported)
            .naming("response_type", clipped(&words.join(" ")))
            .with("client_id", &client.client_id)
    };
    let response_type = response_type.ok_or_else(unsupported)?;
    may_use_response_type(client, response_type)
        .map_err(|refusal| match refusal.rule {
            // In the words that were sent.
            Rule::ResponseTypeUnsupported => unsupported(),
            _ => refusal,
        })
        .map(|()| response_type)
}

/// Whether the client may use the response type: the part of reading a request that depends on nothing else.
///
/// # Errors
/// [`Rule::ResponseTypeUnsupported`], [`Rule::GrantTypeNotAllowed`].
pub fn may_use_response_type(client: &Client, response_type: ResponseType) -> Result<(), Refusal> {
    if response_type != ResponseType::Code && client.is_strict_third_party() {
        return Err(Refusal::new(Rule::ResponseTypeUnsupported)
            .with("client_id", &client.client_id)
            .with("because", "strict third parties get codes alone"));
    }
    let allowed = |grant_type: &GrantType| {
        let name = grant_type.as_str();
        client.grant_types.iter().any(|own| own == name)
    };
    let missing = response_type
        .grant_types()
        .iter()
        .find(|grant_type| !allowed(grant_type));
    if let Some(missing) = missing {
        return Err(Refusal::new(Rule::GrantTypeNotAllowed)
            .naming("grant_type", missing.as_str())
            .with("client_id", &client.client_id)
            .with("because", "not among the client's grant_types"));
    }
    Ok(())
}

/// Everything that is told to the client if it is wrong.
fn rest(
    parameters: &Parameters,
    reading: &Reading<'_>,
    response_type: ResponseType,
    address: &ReturnAddress,
    redirect_uri: RedirectUriParameter,
    now: Timestamp,
) -> Result<AuthorizationRequest, Refusal> {
    refuse_unsupported(parameters, reading.client)?;
    let text = |name| Ok::<_, Refusal>(parameters.text(name)?.map(str::to_owned));
    let words = |name| Ok::<_, Refusal>(owned(&parameters.words(name)?));
    let connection_scope = parameters.text("connection_scope")?.unwrap_or_default();
    let prompt = Prompt::read(&parameters.words("prompt")?)?;
    let request = AuthorizationRequest {
        received_at: now,
        client_id: reading.client.client_id.clone(),
        response_type,
        return_address: address.clone(),
        redirect_uri,
        scope: scope(parameters)?,
        target: Target::read(parameters, reading.settings, reading.issuer)?,
        nonce: text("nonce")?,
        code_challenge: CodeChallenge::read(parameters, reading.plain_challenges)?,
        prompt,
        max_age_seconds: max_age(parameters)?,
        login_hint: text("login_hint")?,
        id_token_hint: text("id_token_hint")?,
        ui_locales: words("ui_locales")?,
        screen_hint: match parameters.text("screen_hint")? {
            Some("signup") => ScreenHint::SignUp,
            _ if prompt.has(Prompt::CREATE) => ScreenHint::SignUp,
            _ => ScreenHint::Login,
        },
        connection: text("connection")?,
        connection_scope: owned(&connection_scope.split([',', ' ']).collect::<Vec<_>>()),
        acr_values: words("acr_values")?,
        claims: ClaimsRequest::read(parameters.text("claims")?)?,
        organization: organization(parameters, reading.client)?,
        invitation: text("invitation")?,
        pipeline: Pipeline::of(
            reading.client,
            reading.settings,
            Target::named(parameters, reading.settings)?,
        ),
    };
    needs_pkce(reading.client, &request)?;
    needs_of_id_tokens(&request)?;
    Ok(request)
}

fn owned(words: &[&str]) -> Vec<String> {
    let words = words.iter().filter(|word| !word.is_empty());
    words.map(|&word| word.to_owned()).collect()
}

/// Parameters that change the meaning of a request and would be wrong to overlook.
fn refuse_unsupported(parameters: &Parameters, client: &Client) -> Result<(), Refusal> {
    let malformed = |name| Err(Refusal::new(Rule::ParameterMalformed).naming("parameter", name));
    if client.is_strict_third_party() {
        for name in [
            "screen_hint",
            "login_ticket",
            "invitation",
            "request",
            "request_uri",
        ] {
            if parameters.text(name)?.is_some() {
                return malformed(name);
            }
        }
    }
    if parameters.text("request")?.is_some() {
        return Err(Refusal::new(Rule::RequestObjectUnsupported));
    }
    if parameters.text("request_uri")?.is_some() {
        return Err(Refusal::new(Rule::RequestUriUnsupported));
    }
    if parameters.text("authorization_details")?.is_some() {
        return malformed("authorization_details");
    }
    Ok(())
}

fn scope(parameters: &Parameters) -> Result<Vec<String>, Refusal> {
    let scope = parameters.scope()?;
    let has = |name: &str| scope.iter().any(|scope| scope == name);
    if has("online_access") && has("offline_access") {
        return Err(Refusal::new(Rule::OnlineAndOffline));
    }
    Ok(scope)
}

fn max_age(parameters: &Parameters) -> Result<Option<u64>, Refusal> {
    let Some(text) = parameters.text("max_age")? else {
        return Ok(None);
    };
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(seconds) if plain => Ok(Some(seconds)),
        _ => Err(Refusal::new(Rule::ParameterMalformed).naming("parameter", "max_age")),
    }
}

/// The organization that users of `client` log in through, as sent.
pub(crate) fn organization(
    parameters: &Parameters,
    client: &Client,
) -> Result<Option<String>, Refusal> {
    let sent = parameters.text("organization")?;
    let usage = client.organization_usage.unwrap_or_default();
    let refuse = |rule| Err(Refusal::new(rule).with("client_id", &client.client_id));
    match (sent, usage) {
        (Some(_), OrganizationUsage::Deny) => refuse(Rule::OrganizationNotAllowed),
        // TODO: the pages that ask for the organization join with organizations.
        (None, OrganizationUsage::Require) => refuse(Rule::OrganizationMissing),
        (sent, _) => Ok(sent.map(str::to_owned)),
    }
}

fn needs_pkce(client: &Client, request: &AuthorizationRequest) -> Result<(), Refusal> {
    let must = client.is_strict_third_party()
        || client.is_public() && client.switches().pkce == Pkce::RequiredOfPublicClients;
    let has_code = request.response_type.has_code();
    if must && has_code && request.code_challenge.is_none() {
        return Err(Refusal::new(Rule::CodeChallengeMissing).with("client_id", &client.client_id));
    }
    Ok(())
}

/// OIDC Core §3.2.2.1: through a browser an ID token could be replayed; the application knows its own by the nonce.
fn needs_of_id_tokens(request: &AuthorizationRequest) -> Result<(), Refusal> {
    if !request.response_type.has_id_token() {
        return Ok(());
    }
    let refuse = |refusal: Refusal| Err(refusal.with("client_id", &request.client_id));
    if request.nonce.is_none() && request.pipeline.switches().nonces == Nonces::Wanted {
        return refuse(Refusal::new(Rule::MissingParameter).naming("parameter", "nonce"));
    }
    if !request.is_openid() {
        return refuse(Refusal::new(Rule::OpenidMissing));
    }
    Ok(())
}
