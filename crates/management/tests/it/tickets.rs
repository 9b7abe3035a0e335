//! Tickets: links that an administrator hands on.

use grantor_protocol::users::{Ticket, TicketKind};
use grantor_storage::SingleUse;
use serde_json::{Value, json};

use crate::support::{Answer, Api, text};

const DB: &str = "Username-Password-Authentication";

async fn make_user(api: &Api) {
    let body = json!({"connection": DB, "email": "ada@x.test", "password": "Passw0rd!-x",
        "user_id": "ada"});
    api.make("/users", body).await;
}

async fn ticket(api: &Api, kind: &str, more: Value) -> String {
    let mut body = json!({"user_id": "auth0|ada"});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let made = api.make(&format!("/tickets/{kind}"), body).await;
    text(&made, "/ticket").to_owned()
}

/// What is stored for a link.
async fn stored(api: &Api, kind: TicketKind, link: &str) -> (Ticket, SingleUse) {
    let secret = link.split("ticket=").nth(1).unwrap().trim_end_matches('#');
    let store = &api.management.store;
    let digest = store.keyed_digest(secret.as_bytes());
    let found = store.find_single_use(&api.tenant, kind.purpose(), &digest);
    let found = found.await.unwrap().unwrap();
    (serde_json::from_str(&found.payload).unwrap(), found)
}

/// J3-4, the link.
#[tokio::test]
async fn j3_4_a_link_that_changes_a_password_is_made_once_and_ends() {
    let api = Api::start().await;
    make_user(&api).await;
    let more = json!({"result_url": "https://a.test/done", "ttl_sec": 60,
        "mark_email_as_verified": true, "includeEmailInRedirect": true});
    let link = ticket(&api, "password-change", more).await;
    let head = "https://login.test/u/reset-verify?ticket=";
    assert!(link.starts_with(head) && link.ends_with('#'), "{link}");
    assert_eq!(link.len(), head.len() + 33);
    let (ticket, kept) = stored(&api, TicketKind::PasswordChange, &link).await;
    assert_eq!(
        ticket,
        Ticket {
            user_id: "auth0|ada".to_owned(),
            provider: "auth0".to_owned(),
            identity: "ada".to_owned(),
            connection: DB.to_owned(),
            email: Some("ada@x.test".to_owned()),
            result_url: Some("https://a.test/done".to_owned()),
            client_id: None,
            include_email_in_redirect: true,
            mark_email_as_verified: true,
        }
    );
    let left = kept.expires_at.seconds() - api.management.env.now().seconds();
    assert!((58..=60).contains(&left), "{left}");
    assert_eq!(kept.consumed_at, None);
}

#[tokio::test]
async fn a_link_that_verifies_an_address_is_good_for_five_days_and_is_not_in_the_log() {
    let api = Api::start().await;
    make_user(&api).await;
    let link = ticket(&api, "email-verification", json!({"ttl_sec": 0})).await;
    let head = "https://login.test/u/email-verification?ticket=";
    assert!(link.starts_with(head), "{link}");
    let (_, kept) = stored(&api, TicketKind::EmailVerification, &link).await;
    let left = kept.expires_at.seconds() - api.management.env.now().seconds();
    assert!((431_990..=432_000).contains(&left), "{left}");
    let log = api.read("/logs").await.to_string();
    let secret = link.split("ticket=").nth(1).unwrap();
    assert!(log.contains("Make a link") && !log.contains(secret.trim_end_matches('#')));
}

#[tokio::test]
async fn a_user_is_also_named_by_its_address_at_a_connection() {
    let api = Api::start().await;
    make_user(&api).await;
    let found = api.read(&format!("/connections?name={DB}")).await;
    let connection = text(&found, "/0/id");
    let body = json!({"connection_id": connection, "email": "ADA@x.test"});
    let made = api.make("/tickets/password-change", body).await;
    let link = text(&made, "/ticket");
    let (ticket, _) = stored(&api, TicketKind::PasswordChange, link).await;
    assert_eq!(ticket.user_id, "auth0|ada");
}

#[tokio::test]
async fn the_host_of_a_link_is_the_tenants_own_whoever_asked() {
    let mut api = Api::start().await;
    make_user(&api).await;
    api.issuer = grantor_protocol::tenant::Issuer::new("https", "evil.test");
    let link = ticket(&api, "password-change", json!({})).await;
    assert!(link.starts_with("https://login.test/"), "{link}");
}

#[tokio::test]
async fn what_leads_nowhere_is_refused() {
    let api = Api::start().await;
    make_user(&api).await;
    let phone = json!({"name": "phones", "strategy": "sms"});
    api.make("/connections", phone).await;
    let body = json!({"connection": "phones", "phone_number": "+15551234", "user_id": "phone"});
    api.make("/users", body).await;
    let of = |user: &str| json!({"user_id": user});
    let with = |name: &str, value: Value| json!({"user_id": "auth0|ada", name: value});
    for (kind, body, status, sentence) in [
        ("password-change", of("auth0|nobody"), 404, "User not found"),
        ("email-verification", of("nobody"), 404, "User not found"),
        (
            "email-verification",
            of("sms|phone"),
            400,
            "The user does not have an email address",
        ),
        (
            "password-change",
            of("sms|phone"),
            400,
            "The user's main connection does not support this operation",
        ),
        (
            "password-change",
            with("client_id", json!("nobody")),
            400,
            "The client does not exist",
        ),
        (
            "password-change",
            with("organization_id", json!("org_x")),
            400,
            "The organization does not exist",
        ),
        (
            "email-verification",
            with("identity", json!({"provider": "auth0", "user_id": "bob"})),
            400,
            "The user exists, but does not contain the given identity",
        ),
        (
            "password-change",
            json!({"connection_id": "con_x", "email": "ada@x.test"}),
            400,
            "The connection with id con_x does not exist",
        ),
        (
            "password-change",
            json!({}),
            400,
            "Payload validation error: 'Missing required property: user_id'.",
        ),
        (
            "email-verification",
            with("result_url", json!("javascript:alert(1)")),
            400,
            "Payload validation error: 'Object didn't pass validation for format url: \
             javascript:alert(1)' on property result_url.",
        ),
    ] {
        let path = format!("/tickets/{kind}");
        let refused = api.send("POST", &path, body).await.refused(status);
        assert_eq!(refused, sentence);
    }
}
