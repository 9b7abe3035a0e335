//! Cards, as their HTML says them.

use grantor_protocol::{
    consent::Line,
    env::Timestamp,
    model::TenantSettings,
    users::{
        connection::Asked,
        identifier::IdentifierKind,
        password::{PasswordOptions, PasswordPolicy},
    },
};
use serde_json::json;

use super::*;

fn shell(language: Language) -> Shell {
    let settings: TenantSettings =
        serde_json::from_value(json!({"id": "settings", "friendly_name": "Orchard"})).unwrap();
    Shell::new(
        language,
        &settings,
        None,
        "host.test",
        Timestamp::from_millis(0),
    )
}

fn card_in(language: Language, page: &dyn Page) -> String {
    let (html, _) = html(&shell(language), page).unwrap();
    let (_, card) = html.split_once("<main").unwrap();
    card.to_owned()
}

fn card(page: &dyn Page) -> String {
    card_in(Language::English, page)
}

/// The tag of an element that has this name.
fn field<'a>(card: &'a str, name: &str) -> &'a str {
    let at = card.find(&format!(" name=\"{name}\"")).unwrap();
    let start = card[..at].rfind('<').unwrap();
    &card[start..at + card[at..].find('>').unwrap()]
}

#[test]
fn j1_1_j1_4_what_is_asked_is_said_in_words() {
    let page = Consent {
        user: "ada@orchard.test".to_owned(),
        groups: vec![Group {
            api: Some("Orders API"),
            lines: vec![
                Line::Resource {
                    resource: "posts",
                    actions: vec!["read", "export", "write"],
                },
                Line::Described("See what is in stock"),
                Line::Named("admin"),
                Line::Email,
            ],
        }],
        ..Consent::default()
    };
    let english = card(&page);
    for words in [
        "<h3>At Orders API</h3>",
        "<li><strong>Posts:</strong> read, export and write your posts</li>",
        "<li>See what is in stock</li>",
        "<li>admin</li>",
        "<li><strong>Email:</strong> see your email address</li>",
        "Signed in as ada@orchard.test",
        "value=\"accept\"",
        "value=\"decline\"",
    ] {
        assert!(english.contains(words), "{words}: {english}");
    }
    let german = card_in(Language::German, &page);
    let words = "<li><strong>Posts:</strong> lesen, export und schreiben</li>";
    assert!(german.contains(words), "{german}");
    // Nothing but to know that somebody logged in.
    assert!(card(&Consent::default()).contains("Know who you are"));
}

#[test]
fn j2_3_what_is_wrong_is_said_and_tied_to_its_fields() {
    let page = |problem| Login {
        identifier: "ada".to_owned(),
        problem,
        ..Login::default()
    };
    let fine = page(None);
    assert_eq!(fine.status(), StatusCode::OK);
    let html = card(&fine);
    assert!(
        !html.contains("role=\"alert\"") && !html.contains("aria-invalid"),
        "{html}"
    );
    let wrong = page(Some(Problem::WrongCredentials));
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
    let html = card(&wrong);
    assert!(
        html.contains("<div class=\"g-problem\" id=\"problem\" role=\"alert\">"),
        "{html}"
    );
    for name in ["username", "password"] {
        let tag = field(&html, name);
        assert!(tag.contains("aria-invalid=\"true\""), "{tag}");
        assert!(tag.contains("aria-describedby=\"problem\""), "{tag}");
    }
    let html = card(&page(Some(Problem::Missing(Field::Password))));
    assert!(!field(&html, "username").contains("aria-invalid"), "{html}");
    assert!(field(&html, "password").contains("autofocus"), "{html}");
    // What was entered is there again; a password never is.
    assert!(field(&html, "username").contains("value=\"ada\""), "{html}");
    assert!(!field(&html, "password").contains(" value="), "{html}");
}

#[test]
fn password_managers_find_what_they_look_for() {
    let html = card(&Login::default());
    assert!(
        field(&html, "username").contains("autocomplete=\"username\""),
        "{html}"
    );
    assert!(
        field(&html, "username").contains("type=\"email\""),
        "{html}"
    );
    assert!(
        field(&html, "password").contains("autocomplete=\"current-password\""),
        "{html}"
    );
    let html = card(&Password {
        identifier: "ada".to_owned(),
        ..Password::default()
    });
    let tag = field(&html, "username");
    assert!(
        tag.contains("value=\"ada\"") && tag.contains("autocomplete=\"username\""),
        "{tag}"
    );
    let html = card(&NewPassword::default());
    for name in ["password", "password_again"] {
        assert!(
            field(&html, name).contains("autocomplete=\"new-password\""),
            "{html}"
        );
    }
}

#[test]
fn a_sign_up_asks_what_the_connection_asks_and_says_what_a_password_needs() {
    let options: PasswordOptions =
        serde_json::from_value(json!({"passwordPolicy": "excellent"})).unwrap();
    let asked = |kind, asked| SignUpField {
        kind,
        asked,
        value: String::new(),
    };
    let html = card(&SignUp {
        fields: vec![
            asked(IdentifierKind::PhoneNumber, Asked::Required),
            asked(IdentifierKind::Email, Asked::Optional),
        ],
        rules: rules_of(&PasswordPolicy::new(&options)),
        ..SignUp::default()
    });
    assert!(field(&html, "phone_number").contains("required"), "{html}");
    assert!(!field(&html, "email").contains("required"), "{html}");
    assert!(html.contains("(optional)"), "{html}");
    assert!(!html.contains("name=\"username\""), "{html}");
    assert!(html.contains("<li>a length of 10 or more</li>"), "{html}");
    assert!(
        html.contains("<li>no character three times in a row</li>"),
        "{html}"
    );
    assert!(
        field(&html, "password").contains("aria-describedby=\"rules\""),
        "{html}"
    );
}

#[test]
fn scripts_and_addresses_of_others_are_no_links() {
    for url in [
        "/u/login?state=a",
        "https://a.test/",
        "http://localhost:3000",
        "mailto:a@b.test",
    ] {
        assert_eq!(shell::link(url), Some(url));
    }
    for url in [
        "javascript:alert(1)",
        "JAVASCRIPT:x",
        " javascript:x",
        "data:text/html,x",
        "//a.test",
        "/\\a.test",
        "",
        "x",
    ] {
        assert_eq!(shell::link(url), None, "{url}");
    }
}

#[test]
fn j18_3_the_error_page_shows_the_code_and_the_tracking_id() {
    let html = card(&ErrorPage {
        status: StatusCode::FORBIDDEN,
        error: "access_denied".to_owned(),
        description: "Nobody said <b>yes</b>.".to_owned(),
        tracking_id: "2f9c41d07be8a6f35c10".to_owned(),
        back: Some("javascript:alert(1)".to_owned()),
    });
    assert!(html.contains("<code>access_denied</code>"), "{html}");
    assert!(html.contains("<code>2f9c41d07be8a6f35c10</code>"), "{html}");
    assert!(
        html.contains("Nobody said &#60;b&#62;yes&#60;/b&#62;."),
        "{html}"
    );
    assert!(!html.contains("href="), "{html}");
}
