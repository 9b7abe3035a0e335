//! `options` of a connection: what each strategy demands of them, and what it adds.

use serde_json::{Map, Value, json};

use crate::{
    failure::Failure,
    resources::connection_social::{self, usual},
    schema::{Problem, parse},
};

/// What `options` of a database may be.
const DATABASE: &str = "{passwordPolicy: enum(none, low, fair, good, excellent)?, \
    password_complexity_options: {min_length: int 1..128}?, \
    password_history: {enable*: bool, size: int 0..24}?, \
    password_no_personal_info: {enable*: bool}?, \
    password_dictionary: {enable*: bool, dictionary: [str ..50] ..2000}?, \
    password_options: {complexity: {min_length: int 1..72, \
    character_types: [enum(uppercase, lowercase, number, special)], \
    character_type_rule: enum(all, three_of_four), identical_characters: enum(allow, block), \
    sequential_characters: enum(allow, block), max_length_exceeded: enum(truncate, error)}, \
    dictionary: {active: bool, custom: [str ..50] ..2000, default: enum(en_10k, en_100k)}, \
    history: {active: bool, size: int 1..24}, \
    profile_data: {active: bool, blocked_fields: [str ..100] ..12}}, \
    brute_force_protection: bool, disable_signup: bool, requires_username: bool, \
    disable_self_service_change_password: bool, \
    validation: {username: {min*: int 1..128, max*: int 1..128}?}?, \
    attributes: {email: {identifier: {active: bool, default_method: enum(password, email_otp)}, \
    unique: bool, profile_required: bool, verification_method: enum(link, otp), \
    signup: {status: enum(required, optional, inactive), verification: {active: bool}}}, \
    phone_number: {identifier: {active: bool, default_method: enum(password, phone_otp)}, \
    profile_required: bool, \
    signup: {status: enum(required, optional, inactive), verification: {active: bool}}}, \
    username: {identifier: {active: bool, default_method: enum(password)}, \
    profile_required: bool, signup: {status: enum(required, optional, inactive)}, \
    validation: {min_length: int 1..128, max_length: int 1..128, \
    allowed_types: {email: bool, phone_number: bool}}}}, \
    precedence: [enum(email, phone_number, username)] 3..3, \
    authentication_methods: {password: {enabled: bool, api_behavior: enum(required, optional), \
    signup_behavior: enum(allow, block)}, passkey: {enabled: bool}, email_otp: {enabled: bool}, \
    phone_otp: {enabled: bool}}?, \
    passkey_options: {challenge_ui: enum(both, autofill, button), \
    progressive_enrollment_enabled: bool, local_enrollment_enabled: bool}?, \
    mfa: {active: bool, return_enroll_settings: bool}, import_mode: bool, \
    enabledDatabaseCustomization: bool, customScripts: map(str 1..), \
    configuration: map(str ..10000) ..100?, non_persistent_attrs: [str ..255] ..96, \
    realm_fallback: bool, set_user_root_attributes: \
    enum(on_each_login, on_first_login, never_on_login), upstream_params: map({...})?, ...}";

/// What `options` of the other strategies must be to be kept: secrets are texts.
const OTHERS: &str = "{client_id: str?, client_secret: str secret?, app_secret: str secret?, \
    consumer_secret: str secret?, twilio_token: str secret?, \
    gateway_authentication: {secret: str secret, ...}?, decryptionKey: any, \
    configuration: map(str ..10000) ..100?, upstream_params: map({...})?, ...}";

/// Whether a strategy may have these options.
pub(super) fn check(strategy: &str, options: &Map<String, Value>) -> Result<(), Failure> {
    let schema = parse(if strategy == "auth0" {
        DATABASE
    } else {
        OTHERS
    });
    let checked = schema.check(&Value::Object(options.clone()));
    checked.map_err(|problem: Problem| Failure::payload(&problem.inside("options")))?;
    if strategy == "auth0" {
        check_attributes(options)?;
    }
    for own in ["enabledDatabaseCustomization", "import_mode"] {
        if options.get(own) == Some(&json!(true)) {
            let message = format!("options.{own} is not supported: passwords are kept here.");
            return Err(Failure::new(400, "operation_not_supported", message));
        }
    }
    Ok(())
}

/// The older and the newer way to say how users are named exclude each other, and one of the newer must be active.
fn check_attributes(options: &Map<String, Value>) -> Result<(), Failure> {
    let Some(Value::Object(attributes)) = options.get("attributes") else {
        return Ok(());
    };
    let set = |name: &str| !matches!(options.get(name), None | Some(Value::Null));
    if options.get("requires_username") == Some(&json!(true)) {
        let message = "Cannot set both options.attributes and options.requires_username";
        return Err(Failure::body(message));
    }
    if set("validation") {
        let message = "Cannot set both options.attributes and options.validation";
        return Err(Failure::body(message));
    }
    let active = |attribute: &Value| attribute.pointer("/identifier/active") == Some(&json!(true));
    if !attributes.values().any(active) {
        return Err(Failure::body(
            "attributes must contain one active identifier",
        ));
    }
    for (name, attribute) in attributes {
        let required = attribute.get("profile_required") == Some(&json!(true));
        let asked = attribute.pointer("/signup/status");
        if required && asked.is_some_and(|asked| asked != "required") {
            let message = format!("attribute {name} must also be required on signup");
            return Err(Failure::body(message));
        }
    }
    let email = attributes.get("email");
    let shared = email.is_some_and(|email| email.get("unique") == Some(&json!(false)));
    if shared && email.is_some_and(active) {
        return Err(Failure::body("cannot add non-unique email attribute"));
    }
    Ok(())
}

/// What a new connection is given that its request does not say.
pub(super) fn complete_new(strategy: &str, options: &mut Map<String, Value>) {
    match strategy {
        "auth0" => {
            usual(
                options,
                "mfa",
                json!({"active": true, "return_enroll_settings": true}),
            );
            if !options.contains_key("password_options") {
                usual(options, "passwordPolicy", json!("good"));
            }
            usual(options, "strategy_version", json!(2));
            usual(options, "brute_force_protection", json!(true));
        }
        "ad" => {
            usual(options, "ips", Value::Null);
            usual(options, "brute_force_protection", json!(true));
        }
        "sms" | "email" => usual(options, "brute_force_protection", json!(true)),
        _ => connection_social::complete_new(strategy, options),
    }
    complete(strategy, options);
}

/// The options of a database about which nobody said anything.
pub(crate) fn fresh_database() -> Value {
    let mut options = Map::new();
    // Tools that write back what they read add this one; so it is there from the beginning.
    let own = "disable_self_service_change_password";
    usual(&mut options, own, json!(false));
    complete_new("auth0", &mut options);
    Value::Object(options)
}

/// What a changed connection is given that its request does not say.
pub(super) fn complete_changed(strategy: &str, options: &mut Map<String, Value>) {
    if matches!(strategy, "oidc" | "okta") {
        usual(options, "connection_settings", json!({"pkce": "disabled"}));
    }
    connection_social::complete_changed(strategy, options);
    complete(strategy, options);
}

/// What every version of a connection is given that its request does not say.
fn complete(strategy: &str, options: &mut Map<String, Value>) {
    match strategy {
        "auth0" => complete_database(options),
        "oidc" | "okta" => complete_oidc(strategy, options),
        "waad" => usual(options, "waad_common_endpoint", json!(false)),
        _ => connection_social::complete(strategy, options),
    }
}

fn complete_database(options: &mut Map<String, Value>) {
    let sent = options.get("authentication_methods").cloned();
    let mut methods = json!({
        "password": {"enabled": true, "api_behavior": "required", "signup_behavior": "allow"},
        "passkey": {"enabled": false},
    });
    if let (Some(Value::Object(sent)), Value::Object(methods)) = (sent, &mut methods) {
        for (name, value) in sent {
            match (methods.get_mut(&name), value) {
                (Some(Value::Object(method)), Value::Object(value)) => method.extend(value),
                (_, value) => {
                    methods.insert(name, value);
                }
            }
        }
    }
    options.insert("authentication_methods".to_owned(), methods);
    if matches!(options.get("passkey_options"), None | Some(Value::Null)) {
        let passkeys = json!({
            "challenge_ui": "both",
            "progressive_enrollment_enabled": true,
            "local_enrollment_enabled": true,
        });
        options.insert("passkey_options".to_owned(), passkeys);
    }
    let email = options.get_mut("attributes");
    let email = email.and_then(|attributes| attributes.get_mut("email"));
    if let Some(Value::Object(email)) = email {
        usual(email, "verification_method", json!("link"));
        usual(email, "unique", json!(true));
    }
}

fn complete_oidc(strategy: &str, options: &mut Map<String, Value>) {
    let (channel, mapping) = match strategy {
        "okta" => ("back_channel", "basic_profile"),
        _ => ("front_channel", "bind_all"),
    };
    usual(options, "schema_version", json!("oidc-V4"));
    usual(options, "type", json!(channel));
    usual(options, "attribute_map", json!({"mapping_mode": mapping}));
    usual(options, "connection_settings", json!({"pkce": "auto"}));
}
