//! What a new client gets that its request does not say, by its type.

use serde_json::{Map, Value, json};

use crate::engine::Change;

const CODE_AND_REFRESH: [&str; 3] = ["authorization_code", "implicit", "refresh_token"];
const CONFIDENTIAL: [&str; 4] = [
    "authorization_code",
    "implicit",
    "refresh_token",
    "client_credentials",
];

/// Completes a new client.
pub(super) fn complete(change: &mut Change<'_>) {
    let app_type = change.text("app_type").unwrap_or_default().to_owned();
    let first_party = is_first_party(change);
    if !change.has("oidc_conformant") {
        let conformant = matches!(
            app_type.as_str(),
            "resource_server" | "express_configuration"
        );
        change.set("oidc_conformant", conformant || !first_party);
    }
    if !change.has("grant_types") {
        change.set("grant_types", grant_types(&app_type, first_party));
    }
    if !change.has("jwt_configuration") {
        let configuration = if !first_party && app_type == "regular_web" {
            json!({"alg": "RS256", "lifetime_in_seconds": 3_600, "secret_encoded": false})
        } else if matches!(
            app_type.as_str(),
            "resource_server" | "express_configuration"
        ) {
            json!({"secret_encoded": false, "alg": "RS256"})
        } else {
            json!({"lifetime_in_seconds": 36_000, "secret_encoded": false})
        };
        change.set("jwt_configuration", configuration);
    }
    if app_type == "express_configuration" {
        let callback = "https://system-admin.okta.com/admin/app/generic/oauth20redirect";
        let defaults = [
            ("organization_usage", json!("require")),
            ("organization_require_behavior", json!("pre_login_prompt")),
            ("callbacks", json!([callback])),
            (
                "client_authentication_methods",
                json!({"private_key_jwt": {"credentials": []}}),
            ),
        ];
        for (name, default) in defaults {
            if !change.has(name) {
                change.set(name, default);
            }
        }
    }
    if !change.has("async_approval_notification_channels") {
        change.set(
            "async_approval_notification_channels",
            json!(["guardian-push"]),
        );
    }
    complete_refresh_token(change);
}

/// Completes `refresh_token`: it is always whole.
pub(super) fn complete_refresh_token(change: &mut Change<'_>) {
    let mut complete = refresh_token(change);
    let sent = change.call.body.get("refresh_token");
    if sent.and_then(|sent| sent.get("expiration_type")) == Some(&json!("expiring")) {
        // What expires is not infinite, unless the request says both.
        for name in ["infinite_token_lifetime", "infinite_idle_token_lifetime"] {
            let infinite = sent
                .and_then(|sent| sent.get(name))
                .cloned()
                .unwrap_or(json!(false));
            complete.insert(name.to_owned(), infinite.clone());
            if let Some(Value::Object(present)) = change.document.get_mut("refresh_token") {
                present.insert(name.to_owned(), infinite);
            }
        }
    }
    if let Some(Value::Object(sent)) = change.document.get("refresh_token") {
        complete.extend(sent.clone());
    }
    complete.retain(|_, value| !value.is_null());
    change.set("refresh_token", complete);
}

fn is_first_party(change: &Change<'_>) -> bool {
    change.document.get("is_first_party") != Some(&Value::Bool(false))
}

fn grant_types(app_type: &str, first_party: bool) -> Value {
    match (app_type, first_party) {
        ("spa" | "native", _) => json!(CODE_AND_REFRESH),
        ("regular_web", false) => json!(["authorization_code"]),
        ("resource_server", _) => json!([]),
        ("express_configuration", _) => json!(["authorization_code", "client_credentials"]),
        _ => json!(CONFIDENTIAL),
    }
}

fn refresh_token(change: &Change<'_>) -> Map<String, Value> {
    let app_type = change.text("app_type").unwrap_or_default();
    let posts = change.text("token_endpoint_auth_method") == Some("client_secret_post");
    let (rotation, expiration, infinite, infinite_idle, long) =
        match (app_type, is_first_party(change)) {
            ("spa", false) => ("rotating", "expiring", false, false, false),
            ("regular_web", false) => ("non-rotating", "expiring", true, false, true),
            ("spa" | "native", true) => ("non-rotating", "non-expiring", true, true, false),
            _ => ("non-rotating", "non-expiring", true, true, posts),
        };
    let (lifetime, idle) = if long {
        (31_557_600, 2_592_000)
    } else {
        (2_592_000, 1_296_000)
    };
    let complete = json!({
        "rotation_type": rotation,
        "expiration_type": expiration,
        "leeway": 0,
        "token_lifetime": lifetime,
        "infinite_token_lifetime": infinite,
        "idle_token_lifetime": idle,
        "infinite_idle_token_lifetime": infinite_idle,
    });
    match complete {
        Value::Object(complete) => complete,
        _ => Map::new(),
    }
}
