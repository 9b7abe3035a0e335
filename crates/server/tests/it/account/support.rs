//! What the tests of the account page share.

use grantor_protocol::{
    model::UserGrant,
    tenant::TenantId,
    users::{Identity, User, UserId, identifier::Identifier, identifier::IdentifierKind},
};
use grantor_storage::users::IdentityKey;

use crate::support::{ADA, Browser, PASSWORD, Page, TestServer, authorize, code_of, log_in};

pub(super) const NEW: &str = "Pears-and-plums-8";

pub(super) const COOKIE: &str = "__Host-grantor_session";

pub(super) const ORDERS: &str = "audience=https://orders.orchard.test";

/// Ada's account in a browser that was not here before.
pub(super) async fn account(browser: &mut Browser<'_>) -> Page {
    let page = browser.go("/account").await;
    let page = log_in(browser, &page).await;
    assert_eq!(page.url, "/account", "{}", page.html());
    page
}

/// Sends the form of `page` that contains `mark`, with `fields` over what is in it.
pub(super) async fn send(
    browser: &mut Browser<'_>,
    page: &Page,
    mark: &str,
    fields: &[(&str, &str)],
) -> Page {
    let (action, mut all) = page.form(mark);
    for (name, value) in fields {
        all.retain(|(known, _)| known != name);
        all.push(((*name).to_owned(), (*value).to_owned()));
    }
    browser.post(&action, &all).await
}

/// Bob, with the same password as Ada, at a connection.
pub(super) async fn add_bob(server: &TestServer, connection: &str) {
    let id = UserId::parse("auth0|bob").unwrap();
    let mut user = User::new(
        id.clone(),
        Identity::database(connection, &id),
        server.app.env.now(),
    );
    user.email = Some("bob@orchard.test".to_owned());
    user.email_verified = Some(false);
    user.fill_in_defaults();
    let tenant = TenantId::default_tenant();
    let secret = grantor_protocol::secret::Secret::new(PASSWORD.to_owned());
    let hash = server.app.passwords.hash(&tenant, &secret).await.unwrap();
    let address = Identifier {
        kind: IdentifierKind::Email,
        value: "bob@orchard.test".to_owned(),
    };
    let mut batch = server.app.store.batch();
    batch.insert_user(&tenant, &user, &[address]).set_password(
        &tenant,
        &IdentityKey::from(&id),
        &hash,
        0,
        server.app.env.now(),
    );
    server.app.store.commit(batch).await.unwrap();
}

pub(super) async fn log_in_as_bob(browser: &mut Browser<'_>, page: &Page) -> Page {
    let fields = [("username", "bob@orchard.test"), ("password", PASSWORD)];
    browser.submit(page, &fields).await
}

/// Lets the application of somebody else use the orders, as Ada.
pub(super) async fn consent(browser: &mut Browser<'_>, query: &str) -> String {
    let page = browser.go(&authorize("tpc", query)).await;
    let page = match page.path() {
        "/u/login" => log_in(browser, &page).await,
        _ => page,
    };
    assert_eq!(page.path(), "/u/consent", "{}", page.html());
    code_of(&browser.submit(&page, &[("action", "accept")]).await)
}

pub(super) async fn grants(server: &TestServer) -> usize {
    let selection = grantor_storage::Selection {
        link: Some(("user_id".to_owned(), ADA.to_owned())),
        window: grantor_storage::Window::Offset {
            start: 0,
            limit: 10,
        },
        with_total: false,
    };
    let (tenant, kind) = (
        TenantId::default_tenant(),
        &<UserGrant as grantor_protocol::document::Document>::KIND,
    );
    let list = server.app.store.list(&tenant, kind, &selection).await;
    list.unwrap().records.len()
}

pub(super) async fn ada(server: &TestServer) -> Option<User> {
    let id = UserId::parse(ADA).unwrap();
    let tenant = TenantId::default_tenant();
    let found = server.app.store.find_user(&tenant, &id).await;
    found.unwrap().map(|found| found.user)
}

pub(super) async fn change_ada(server: &TestServer, change: impl FnOnce(&mut User)) {
    let (store, tenant) = (&server.app.store, TenantId::default_tenant());
    let id = UserId::parse(ADA).unwrap();
    let mut found = store.find_user(&tenant, &id).await.unwrap().unwrap();
    change(&mut found.user);
    let mut batch = store.batch();
    batch.replace_user(&tenant, &found.user, found.revision);
    store.commit(batch).await.unwrap();
}

/// A page of an account that asks somebody to log in first.
#[track_caller]
pub(super) fn asks_for_a_login(page: &Page) {
    assert_eq!(page.path(), "/u/login", "{}", page.html());
}
