//! What the compatible API adds to the options of connections to others: which scopes their flags mean. Nobody logs in
//! with them yet; they are kept so that a tenant's configuration survives being imported and exported.

use serde_json::{Map, Value, json};

/// The scopes of Google that flags stand for, as far as they are not called like the flag.
const GOOGLE: [(&str, &str); 5] = [
    ("email", "email"),
    ("profile", "profile"),
    ("gmail", "https://mail.google.com/mail/feed/atom"),
    ("calendar", "https://www.googleapis.com/auth/calendar"),
    ("youtube", "https://gdata.youtube.com"),
];

/// The same of LinkedIn.
const LINKEDIN: [(&str, &str); 3] = [
    ("email", "r_emailaddress"),
    ("profile", "r_liteprofile"),
    ("basic_profile", "r_basicprofile"),
];

/// Completes the options of a new connection.
pub(super) fn complete_new(strategy: &str, options: &mut Map<String, Value>) {
    if strategy == "google-apps" {
        usual(options, "map_user_id_to_id", json!(false));
    }
}

/// Completes the options of an existing connection that are replaced.
pub(super) fn complete_changed(strategy: &str, options: &mut Map<String, Value>) {
    if strategy == "google-apps" {
        usual(options, "map_user_id_to_id", json!(false));
        usual(options, "api_enable_users", json!(true));
    }
}

/// Completes the options of every version of a connection.
pub(super) fn complete(strategy: &str, options: &mut Map<String, Value>) {
    match strategy {
        "google-apps" => {
            usual(options, "email", json!(true));
            usual(options, "profile", json!(true));
            set(options, "scope", json!(["email", "profile"]));
            usual(options, "handle_login_from_social", json!(true));
        }
        "google-oauth2" => {
            usual(options, "email", json!(true));
            usual(options, "profile", json!(true));
            scopes_of(&GOOGLE, options);
        }
        "linkedin" => {
            usual(options, "profile", json!(true));
            scopes_of(&LINKEDIN, options);
        }
        "line" => {
            usual(options, "profile", json!(true));
            let email = is_on(options, "email").then_some("email");
            let scopes = ["openid"].into_iter().chain(email).chain(["profile"]);
            set(options, "scope", scopes.collect());
        }
        "wordpress" => {
            usual(options, "profile", json!(true));
            set(options, "scope", json!(["profile"]));
        }
        "apple" if options.contains_key("name") || options.contains_key("email") => {
            let names = ["name", "email"].into_iter();
            let on: Vec<_> = names.filter(|name| is_on(options, name)).collect();
            set(options, "scope", json!(on.join(" ")));
        }
        "facebook" if !has_flags(options) => usual(options, "scope", json!("")),
        "github" | "salesforce" | "salesforce-community" | "salesforce-sandbox"
            if !has_flags(options) =>
        {
            usual(options, "scope", json!([]));
        }
        _ => {}
    }
}

/// The scopes of the flags that are on, in the order of the flags.
fn scopes_of(meanings: &[(&str, &str)], options: &mut Map<String, Value>) {
    let on = options.iter().filter(|(_, value)| **value == json!(true));
    let meaning = |name: &String| meanings.iter().find(|(flag, _)| flag == name);
    let scopes = on.filter_map(|(name, _)| Some(meaning(name)?.1));
    let scopes = scopes.collect();
    set(options, "scope", scopes);
}

fn is_on(options: &Map<String, Value>, name: &str) -> bool {
    options.get(name) == Some(&json!(true))
}

fn has_flags(options: &Map<String, Value>) -> bool {
    options.values().any(|value| *value == json!(true))
}

fn set(options: &mut Map<String, Value>, name: &str, value: Value) {
    options.insert(name.to_owned(), value);
}

/// Sets what was not sent.
pub(super) fn usual(options: &mut Map<String, Value>, name: &str, value: Value) {
    if !options.contains_key(name) {
        options.insert(name.to_owned(), value);
    }
}
