//! The keys of clients: `/clients/{id}/credentials`, and where a client names them.
//!
//! They are kept inside the client's document, so that one lookup authenticates a client.

use grantor_protocol::env::{IdForm, Timestamp};
use serde_json::{Map, Value, json};

use crate::{
    call::Response,
    engine::{Call, Change, members},
    failure::Failure,
    keys::{KeyKind, Pending, PublicKey},
    resource::Rendering,
    time::parse_rfc3339,
};

/// The member of a client that holds its credentials.
const STORED: &str = "grantor_credentials";

/// Most credentials of a client.
const MAX_CREDENTIALS: usize = 20;

macro_rules! public_key {
    () => {
        "{credential_type*: enum(public_key), name: str ..128, pem*: str 1..16384, \
         alg: enum(RS256, RS384, PS256, ES256), parse_expiry_from_cert: bool, \
         expires_at: str date-time, kid: str 10..64 /^[0-9a-zA-Z_-]+$/}"
    };
}
macro_rules! named {
    () => {
        "{id*: str 1..64}"
    };
}

/// `client_authentication_methods` on create: whole credentials.
pub(super) const METHODS: &str = concat!(
    "{private_key_jwt: {credentials*: [",
    public_key!(),
    "]}, tls_client_auth: {credentials*: [{credential_type*: enum(cert_subject_dn), \
     name: str ..128, subject_dn: str 1..256, pem: str 1..16384}]}, \
     self_signed_tls_client_auth: {credentials*: [{credential_type*: enum(x509_cert), \
     name: str ..128, pem*: str 1..16384}]}}?"
);

/// `client_authentication_methods` on update: ids.
pub(super) const METHODS_BY_ID: &str = concat!(
    "{private_key_jwt: {credentials*: [",
    named!(),
    "]}, tls_client_auth: {credentials*: [",
    named!(),
    "]}, self_signed_tls_client_auth: {credentials*: [",
    named!(),
    "]}}?"
);

/// `signed_request_object` on create.
pub(super) const SIGNED_REQUESTS: &str = concat!(
    "{required: bool = false, credentials: [",
    public_key!(),
    "]}?"
);

/// `signed_request_object` on update.
pub(super) const SIGNED_REQUESTS_BY_ID: &str =
    concat!("{required: bool = false, credentials: [", named!(), "]}?");

macro_rules! vault_rest {
    () => {
        "ip_allowlist: [str ip-or-cidr], grants: [{connection*: str, scopes: [str]}]}?"
    };
}

/// `token_vault_privileged_access` on create.
pub(super) const VAULT: &str = concat!("{credentials*: [", public_key!(), "], ", vault_rest!());

/// `token_vault_privileged_access` on update.
pub(super) const VAULT_BY_ID: &str = concat!("{credentials*: [", named!(), "], ", vault_rest!());

/// The body of a new credential.
pub(super) const CREATE: &str = "{credential_type*: enum(public_key, cert_subject_dn, x509_cert), \
    name: str ..128, subject_dn: str 1..256, pem: str 1..16384, \
    alg: enum(RS256, RS384, PS256, ES256), parse_expiry_from_cert: bool, \
    expires_at: str date-time, kid: str 10..64 /^[0-9a-zA-Z_-]+$/}";

/// The body of a change.
pub(super) const UPDATE: &str = "{expires_at: str date-time?}";

macro_rules! shown {
    () => {
        "{id: str, credential_type: str, name: str, kid: str, alg: str, subject_dn: str, \
         thumbprint_sha256: str, expires_at: str date-time, created_at: str date-time, \
         updated_at: str date-time}"
    };
}

/// What is shown of a credential.
pub(super) const SHOWN: &str = shown!();

/// What is shown of several.
pub(super) const SHOWN_ARRAY: &str = concat!("[", shown!(), "]");

/// Where a client names credentials: the pointer to each list.
const PLACES: [&str; 5] = [
    "/client_authentication_methods/private_key_jwt/credentials",
    "/client_authentication_methods/tls_client_auth/credentials",
    "/client_authentication_methods/self_signed_tls_client_auth/credentials",
    "/signed_request_object/credentials",
    "/token_vault_privileged_access/credentials",
];

/// `GET …/credentials`.
pub(super) fn list<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let document = members(&call.load().await?);
        let shown: Vec<_> = stored(&document).iter().map(show).collect();
        Ok(Response::json(200, json!(shown)))
    })
}

/// `GET …/credentials/{id}`.
pub(super) fn find<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let document = members(&call.load().await?);
        let found = stored(&document)
            .iter()
            .find(|credential| has_id(credential, call.id(1)));
        found
            .map(|credential| Response::json(200, show(credential)))
            .ok_or_else(missing)
    })
}

/// `POST …/credentials`.
pub(super) fn create<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let credential = make(call, &call.body)?;
        let add =
            |document: &mut Map<String, Value>| add(document, std::slice::from_ref(&credential));
        call.change_record(add).await?;
        Ok(Response::json(201, show(&credential)))
    })
}

/// `PATCH …/credentials/{id}`.
pub(super) fn update<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let change = |document: &mut Map<String, Value>| {
            change_stored(document, |credentials| {
                let credential = credentials
                    .iter_mut()
                    .filter(|credential| has_id(credential, call.id(1)))
                    .find_map(Value::as_object_mut)
                    .ok_or_else(missing)?;
                if let Some(expires_at) = call.body.get("expires_at") {
                    credential.insert("expires_at".to_owned(), expires_at.clone());
                    credential.retain(|_, value| !value.is_null());
                }
                credential.insert("updated_at".to_owned(), json!(call.now.rfc3339()));
                Ok(())
            })
        };
        let document = members(&call.change_record(change).await?);
        let found = stored(&document)
            .iter()
            .find(|credential| has_id(credential, call.id(1)));
        found
            .map(|credential| Response::json(200, show(credential)))
            .ok_or_else(missing)
    })
}

/// `DELETE …/credentials/{id}`. One that is gone is no failure; one that the client names is.
pub(super) fn delete<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let Some(record) = call.find_record().await? else {
            return Ok(Response::nothing());
        };
        if !stored(&members(&record))
            .iter()
            .any(|credential| has_id(credential, call.id(1)))
        {
            return Ok(Response::nothing());
        }
        let remove = |document: &mut Map<String, Value>| {
            if named(document).any(|id| id == call.id(1)) {
                return Err(Failure::conflict(
                    "The credential is in use. Remove it from the client's settings first.",
                ));
            }
            change_stored(document, |credentials| {
                credentials.retain(|credential| !has_id(credential, call.id(1)));
                Ok(())
            })
        };
        call.change_record(remove).await?;
        Ok(Response::nothing())
    })
}

/// Moves the credentials that a create request sent in its settings to where they are kept; the settings name them.
pub(super) fn adopt_sent(change: &mut Change<'_>) -> Result<(), Failure> {
    let call = change.call;
    let mut document = Value::Object(std::mem::take(&mut change.document));
    let mut adopted = Vec::new();
    for place in PLACES {
        let Some(Value::Array(sent)) = document.pointer_mut(place) else {
            continue;
        };
        for credential in sent {
            let made = match credential {
                Value::Object(sent) => make(call, sent)?,
                _ => continue,
            };
            *credential = json!({"id": made.get("id")});
            adopted.push(made);
        }
    }
    if let Value::Object(document) = document {
        change.document = document;
    }
    if adopted.is_empty() {
        Ok(())
    } else {
        add(&mut change.document, &adopted)
    }
}

/// The credentials that a change names must be the client's.
pub(super) fn check_named(change: &mut Change<'_>) -> Result<(), Failure> {
    if change.has("client_authentication_methods")
        && change
            .call
            .body
            .contains_key("client_authentication_methods")
    {
        // The two ways exclude each other; keys put the secret aside.
        change.document.remove("token_endpoint_auth_method");
    }
    let credentials = stored(&change.document);
    let unknown = named(&change.document)
        .find(|id| !credentials.iter().any(|credential| has_id(credential, id)));
    match unknown {
        Some(_) => Err(missing()),
        None => Ok(()),
    }
}

/// The answer to a create request shows the whole credentials, once.
pub(super) fn render(rendering: &Rendering<'_>, shown: &mut Map<String, Value>) {
    let keys_only = rendering
        .document
        .get("client_authentication_methods")
        .is_some_and(Value::is_object);
    if !rendering.created {
        // A client that authenticates with keys has put its secret aside.
        if keys_only {
            shown.remove("client_secret");
        }
        return;
    }
    let credentials = stored(rendering.document);
    let mut value = Value::Object(std::mem::take(shown));
    for place in PLACES {
        let Some(Value::Array(named)) = value.pointer_mut(place) else {
            continue;
        };
        for credential in named {
            let id = credential
                .get("id")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if let Some(stored) = credentials.iter().find(|stored| has_id(stored, id)) {
                *credential = show(stored);
            }
        }
    }
    if let Value::Object(value) = value {
        *shown = value;
    }
}

fn add(document: &mut Map<String, Value>, more: &[Value]) -> Result<(), Failure> {
    change_stored(document, |credentials| {
        for credential in more {
            let kid = credential.get("kid").filter(|kid| !kid.is_null());
            let taken = credentials
                .iter()
                .any(|other| kid.is_some() && other.get("kid") == kid);
            if taken {
                return Err(Failure::conflict(
                    "A credential with the same kid already exists.",
                ));
            }
            credentials.push(credential.clone());
        }
        if MAX_CREDENTIALS < credentials.len() {
            return Err(Failure::body(
                "A client cannot have more than 20 credentials.",
            ));
        }
        Ok(())
    })
}

/// A new credential from what was sent.
fn make(call: &Call<'_>, sent: &Map<String, Value>) -> Result<Value, Failure> {
    let text = |name: &str| sent.get(name).and_then(Value::as_str);
    let kind = text("credential_type").unwrap_or("public_key");
    let key = match text("pem") {
        Some(pem) => Some(
            call.management
                .keys
                .describe_public_key(pem)
                .map_err(Failure::body)?,
        ),
        None if kind == "cert_subject_dn" => None,
        None => {
            let message = "Payload validation error: 'Missing required property: pem'.";
            return Err(Failure::body(message));
        }
    };
    let facts = key.as_ref().and_then(|key| key.certificate.as_ref());
    let mut credential = json!({
        "id": call.management.env.id(IdForm::Base58("cred_", 22)),
        "credential_type": kind,
    });
    let mut put = |name: &str, value: Value| {
        if let (Value::Object(map), false) = (&mut credential, value.is_null()) {
            map.insert(name.to_owned(), value);
        }
    };
    match kind {
        "public_key" => {
            let thumbprint = key.as_ref().map(|key| key.thumbprint.as_str());
            put("kid", json!(text("kid").or(thumbprint)));
            put("alg", json!(algorithm(text("alg"), key.as_ref())?));
            put("pem", json!(text("pem")));
            put(
                "expires_at",
                json!(expiry(call, sent, facts.map(|facts| facts.expires_at))?),
            );
        }
        "cert_subject_dn" => {
            let subject = text("subject_dn").or(facts.map(|facts| facts.subject_dn.as_str()));
            if subject.is_none() {
                return Err(Failure::body(
                    "Either subject_dn or a certificate in pem is required.",
                ));
            }
            put("subject_dn", json!(subject));
        }
        _ => {
            let Some(facts) = facts else {
                return Err(Failure::body("pem must be an X.509 certificate."));
            };
            put("pem", json!(text("pem")));
            put("thumbprint_sha256", json!(facts.thumbprint_sha256));
            put("expires_at", json!(facts.expires_at.rfc3339()));
        }
    }
    put("name", json!(text("name")));
    put("created_at", json!(call.now.rfc3339()));
    put("updated_at", json!(call.now.rfc3339()));
    Ok(credential)
}

/// The algorithm must be one that the key can do.
fn algorithm(sent: Option<&str>, key: Option<&PublicKey>) -> Result<String, Failure> {
    let kind = key.map_or(KeyKind::Rsa, |key| key.kind);
    let algorithm = sent.unwrap_or(match kind {
        KeyKind::Rsa => "RS256",
        KeyKind::EllipticCurve => "ES256",
        KeyKind::Edwards => "EdDSA",
    });
    let fits = match kind {
        KeyKind::Rsa => algorithm.starts_with("RS") || algorithm.starts_with("PS"),
        KeyKind::EllipticCurve => algorithm == "ES256",
        KeyKind::Edwards => algorithm == "EdDSA",
    };
    if fits {
        return Ok(algorithm.to_owned());
    }
    Err(Failure::body(format!(
        "The key cannot be used with the algorithm {algorithm}."
    )))
}

fn expiry(
    call: &Call<'_>,
    sent: &Map<String, Value>,
    of_certificate: Option<Timestamp>,
) -> Result<Option<String>, Failure> {
    let from_certificate = sent.get("parse_expiry_from_cert") == Some(&Value::Bool(true));
    if from_certificate {
        let Some(expires_at) = of_certificate else {
            return Err(Failure::body(
                "parse_expiry_from_cert needs a certificate in pem.",
            ));
        };
        return Ok(Some(expires_at.rfc3339()));
    }
    let Some(text) = sent.get("expires_at").and_then(Value::as_str) else {
        return Ok(None);
    };
    match parse_rfc3339(text) {
        Some(expires_at) if call.now < expires_at => Ok(Some(expires_at.rfc3339())),
        _ => Err(Failure::body("expires_at must be in the future.")),
    }
}

fn show(credential: &Value) -> Value {
    let mut shown = credential.clone();
    if let Value::Object(shown) = &mut shown {
        shown.remove("pem");
        if shown.get("credential_type") != Some(&json!("cert_subject_dn")) {
            shown.entry("expires_at").or_insert(Value::Null);
        }
    }
    shown
}

fn stored(document: &Map<String, Value>) -> &[Value] {
    document
        .get(STORED)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// Changes the list of credentials.
fn change_stored<T>(
    document: &mut Map<String, Value>,
    change: impl FnOnce(&mut Vec<Value>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut credentials = match document.remove(STORED) {
        Some(Value::Array(credentials)) => credentials,
        _ => Vec::new(),
    };
    let result = change(&mut credentials);
    if !credentials.is_empty() {
        document.insert(STORED.to_owned(), Value::Array(credentials));
    }
    result
}

fn named(document: &Map<String, Value>) -> impl Iterator<Item = &str> {
    PLACES.iter().flat_map(move |place| {
        let mut steps = place.split('/').skip(1);
        let first = steps.next().and_then(|name| document.get(name));
        let list = steps.fold(first, |value, name| value.and_then(|value| value.get(name)));
        let list = list.and_then(Value::as_array).into_iter().flatten();
        list.filter_map(|credential| credential.get("id").and_then(Value::as_str))
    })
}

fn has_id(credential: &Value, id: &str) -> bool {
    credential.get("id").and_then(Value::as_str) == Some(id)
}

fn missing() -> Failure {
    Failure::new(404, "inexistent_credential", "Credential does not exist.")
}
