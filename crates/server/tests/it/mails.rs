//! Mails, from the batch that queues them to the mail server or the mailbox.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use grantor_protocol::{
    model::{EmailProvider, EmailTemplate, TenantSettings},
    tenant::TenantId,
};
use grantor_server::{
    config::Config,
    outbound::mail::{self, MailKind, Occasion, send_queued},
    pages::Language,
};
use grantor_storage::{EventFilter, StoredEvent};
use http::Request;
use serde_json::{Map, Value, json};
use tokio::{sync::watch, task::JoinHandle};

use crate::support::{MailServer, TestServer, on_both_engines};

on_both_engines!(
    j17_1_a_mail_of_a_committed_batch_arrives_once,
    j17_1_a_batch_that_is_not_committed_sends_nothing,
    j17_2_an_edited_template_changes_the_next_mail,
    j17_two_nodes_send_each_mail_once,
    j17_what_a_dead_node_held_is_sent_by_another,
    j17_a_refusal_for_now_is_tried_again_until_it_is_given_up,
    j17_a_refusal_for_good_is_told_in_the_log_at_once,
    j17_the_tenants_own_provider_is_used_with_its_login,
    j17_a_provider_that_cannot_be_driven_is_told_in_the_log,
    j17_the_mailbox_keeps_what_no_mail_server_takes,
);

/// A sender at work on a node, until it is dropped.
struct Sender {
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl Sender {
    fn on(server: &TestServer) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(send_queued(Arc::clone(&server.app), stopped));
        Self {
            stop,
            task: Some(task),
        }
    }

    /// Until it does nothing any more.
    async fn ended(mut self) {
        self.stop.send_replace(true);
        if let Some(task) = self.task.take() {
            task.await.unwrap();
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// The server with the operator's mail server at `port`.
async fn with_mail_server(server: TestServer, port: u16) -> TestServer {
    let change = move |config: &mut Config| {
        config.mail = mail::Settings {
            server: Some(mail::Server {
                host: "127.0.0.1".to_owned(),
                port,
                login: None,
            }),
            from: Some("Orchard <mail@orchard.test>".to_owned()),
            ..mail::Settings::default()
        };
    };
    server.configured(change).await
}

fn occasion<'a>(kind: MailKind, to: &'a str, user: &'a Value) -> Occasion<'a> {
    Occasion {
        kind,
        to,
        language: Language::English,
        host: "login.orchard.test",
        client: None,
        connection: Some("Growers"),
        user,
        url: Some("https://login.orchard.test/u/x?ticket=t1&y=2"),
        code: None,
        more: Map::new(),
    }
}

/// Queues a mail in a batch of its own; whether there was one.
async fn queue(server: &TestServer, kind: MailKind, to: &str) -> bool {
    let user = json!({"user_id": "auth0|1", "name": "Ana <b>", "email": to});
    let tenant = TenantId::default_tenant();
    let occasion = occasion(kind, to, &user);
    let composed = server.app.mail.compose(&tenant, &occasion);
    let Some(mail) = composed.await.unwrap() else {
        return false;
    };
    let mut batch = server.app.store.batch();
    batch.queue_mail(&mail);
    server.app.store.commit(batch).await.unwrap();
    true
}

async fn is_queued(server: &TestServer) -> bool {
    // Far in the future everything that waits is due.
    let far = server.app.env.now().plus_seconds(10 * 86_400);
    let tenants = server.app.store.tenants_with_due_mails("", far, 10);
    !tenants.await.unwrap().is_empty()
}

async fn failures(server: &TestServer) -> Vec<StoredEvent> {
    let filter = EventFilter {
        code: Some("fn".to_owned()),
        limit: 10,
        ..EventFilter::default()
    };
    let tenant = TenantId::default_tenant();
    let found = server.app.store.list_events(&tenant, &filter).await;
    found.unwrap().events
}

/// The one failure in the log, once it is there.
async fn failure(server: &TestServer) -> StoredEvent {
    let mut found = Vec::new();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while found.is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "a failure is told");
        found = failures(server).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(found.len(), 1);
    found.remove(0)
}

/// Until the one mail that waits does so for exactly these seconds more; one that is being sent is held for 180.
async fn until_put_off(server: &TestServer, seconds: i64) {
    let (store, now) = (&server.app.store, server.app.env.now());
    let (before, then) = (now.plus_seconds(seconds - 1), now.plus_seconds(seconds));
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        // In this order: a mail that nobody took yet is due at both instants.
        let was_due = store.tenants_with_due_mails("", before, 1).await.unwrap();
        let is_due = store.tenants_with_due_mails("", then, 1).await.unwrap();
        if !is_due.is_empty() && was_due.is_empty() {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "it is put off");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn until_nothing_is_queued(server: &TestServer) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while is_queued(server).await {
        assert!(
            tokio::time::Instant::now() < deadline,
            "the queue is worked off"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn j17_1_a_mail_of_a_committed_batch_arrives_once(server: TestServer) {
    let smtp = MailServer::start().await;
    let server = with_mail_server(server, smtp.port).await;
    let _sender = Sender::on(&server);
    assert!(queue(&server, MailKind::VerifyEmail, "ana@orchard.test").await);

    let arrived = smtp.wait_for(1).await;
    until_nothing_is_queued(&server).await;
    assert_eq!(smtp.arrived().len(), 1);
    let mail = &arrived[0];
    assert_eq!(mail.to, ["TO:<ana@orchard.test>"]);
    assert_eq!(mail.from, "FROM:<mail@orchard.test>");
    assert_eq!(mail.header("From"), ["Orchard <mail@orchard.test>"]);
    assert_eq!(mail.header("Subject"), ["Confirm your e-mail address"]);
    assert_eq!(mail.header("Auto-Submitted"), ["auto-generated"]);
    let id = mail.header("Message-ID")[0];
    assert!(id.ends_with("@login.orchard.test>"), "{id}");
    assert!(mail.data.contains("text/plain") && mail.data.contains("text/html"));
    assert_eq!(mail.login, None);
}

async fn j17_1_a_batch_that_is_not_committed_sends_nothing(server: TestServer) {
    let smtp = MailServer::start().await;
    let server = with_mail_server(server, smtp.port).await;
    let _sender = Sender::on(&server);
    let tenant = TenantId::default_tenant();
    let user = json!({});
    let occasion = occasion(MailKind::ResetEmail, "lost@orchard.test", &user);
    let composed = server.app.mail.compose(&tenant, &occasion);
    let mail = composed.await.unwrap().unwrap();
    let mut batch = server.app.store.batch();
    batch.queue_mail(&mail);
    // What the mail would tell of does not happen.
    batch.remove_mail(&tenant, ("nothing", 1));
    assert!(server.app.store.commit(batch).await.is_err());

    assert!(queue(&server, MailKind::ResetEmail, "ana@orchard.test").await);
    let arrived = smtp.wait_for(1).await;
    until_nothing_is_queued(&server).await;
    assert_eq!(arrived[0].to, ["TO:<ana@orchard.test>"]);
    assert_eq!(smtp.asked(), 1);
}

async fn j17_2_an_edited_template_changes_the_next_mail(server: TestServer) {
    let smtp = MailServer::start().await;
    let server = with_mail_server(server, smtp.port).await;
    let _sender = Sender::on(&server);
    let template = json!({"template": "verify_email", "enabled": true, "syntax": "liquid",
        "from": "{{ user.email | split: '@' | first | upcase }} <shop@orchard.test>",
        "subject": "Hi {{ user.name }}\r\nBcc: eve@evil.test",
        "body": "<p>{{ user.name }} <a href=\"{{ url }}\">{{ friendly_name }}</a></p>"});
    server.put::<EmailTemplate>(&template).await;
    queue(&server, MailKind::VerifyEmail, "one@orchard.test").await;
    let mail = smtp.wait_for(1).await.remove(0);
    assert_eq!(mail.header("Bcc"), Vec::<&str>::new());
    assert_eq!(mail.header("From"), ["ONE <shop@orchard.test>"]);
    let subject = mail.header("Subject")[0];
    assert!(subject.starts_with("Hi Ana <b>"), "{subject}");
    let text = mail.data.replace("=\r\n", "");
    assert!(text.contains("<p>Ana &lt;b&gt; <a href="), "{text}");

    // A sender that cannot be read keeps no mail from anybody.
    let changed = json!({"subject": "Second", "from": "{{ user.name }} <shop@orchard.test>"});
    server
        .change::<EmailTemplate>("verify_email", &changed)
        .await;
    queue(&server, MailKind::VerifyEmail, "two@orchard.test").await;
    let mail = smtp.wait_for(2).await.remove(1);
    assert_eq!(mail.header("Subject"), ["Second"]);
    assert_eq!(mail.header("From"), ["Orchard <mail@orchard.test>"]);

    // One that cannot be filled locks nobody out.
    let body = "{% for i in (1..999999999) %}{% endfor %}";
    server
        .change::<EmailTemplate>("verify_email", &json!({"body": body}))
        .await;
    queue(&server, MailKind::VerifyEmail, "three@orchard.test").await;
    let mail = smtp.wait_for(3).await.remove(2);
    assert_eq!(mail.header("Subject"), ["Confirm your e-mail address"]);

    let off = json!({"enabled": false});
    server.change::<EmailTemplate>("verify_email", &off).await;
    assert!(!queue(&server, MailKind::VerifyEmail, "four@orchard.test").await);
    assert!(!queue(&server, MailKind::WelcomeEmail, "four@orchard.test").await);
}

async fn j17_two_nodes_send_each_mail_once(server: TestServer) {
    let smtp = MailServer::start().await;
    let server = with_mail_server(server, smtp.port).await;
    let other = server.another_node().await;
    for number in 0..24 {
        let to = format!("user{number:02}@orchard.test");
        queue(&server, MailKind::PasswordReset, &to).await;
    }
    let (_one, _two) = (Sender::on(&server), Sender::on(&other));
    smtp.wait_for(24).await;
    until_nothing_is_queued(&server).await;
    let mut recipients: Vec<_> = smtp
        .arrived()
        .into_iter()
        .flat_map(|mail| mail.to)
        .collect();
    recipients.sort();
    let expected: Vec<_> = (0..24)
        .map(|number| format!("TO:<user{number:02}@orchard.test>"))
        .collect();
    assert_eq!(recipients, expected);
}

async fn j17_what_a_dead_node_held_is_sent_by_another(server: TestServer) {
    let smtp = MailServer::start().await;
    let server = with_mail_server(server, smtp.port).await;
    queue(&server, MailKind::ResetEmail, "ana@orchard.test").await;
    // A node takes the mail and dies.
    let (tenant, now) = (TenantId::default_tenant(), server.app.env.now());
    let until = now.plus_seconds(180);
    let held = server.app.store.claim_mails(&tenant, 1, now, until).await;
    assert_eq!(held.unwrap().len(), 1);
    let restarted = server.another_node().await;
    let _sender = Sender::on(&restarted);
    queue(&restarted, MailKind::ResetEmail, "bo@orchard.test").await;
    assert_eq!(smtp.wait_for(1).await[0].to, ["TO:<bo@orchard.test>"]);

    restarted.clock.advance(181);
    let arrived = smtp.wait_for(2).await;
    assert_eq!(arrived[1].to, ["TO:<ana@orchard.test>"]);
}

async fn j17_a_refusal_for_now_is_tried_again_until_it_is_given_up(server: TestServer) {
    let smtp = MailServer::start().await;
    let server = with_mail_server(server, smtp.port).await;
    let _sender = Sender::on(&server);
    smtp.answer(&["451 4.3.0 later", "421 4.3.2 later"]);
    queue(&server, MailKind::ResetEmail, "ana@orchard.test").await;
    for wait in [30, 120] {
        until_put_off(&server, wait).await;
        server.clock.advance(wait);
    }
    smtp.wait_for(1).await;
    until_nothing_is_queued(&server).await;
    assert!(failures(&server).await.is_empty());

    smtp.answer(&["450 4.2.0 later"; 10]);
    queue(&server, MailKind::ResetEmail, "bo@orchard.test").await;
    for wait in [30, 120, 480, 1920, 7680, 14_400, 14_400, 14_400, 14_400] {
        until_put_off(&server, wait).await;
        server.clock.advance(wait);
    }
    let told = failure(&server).await;
    assert_eq!(told.members["details"]["attempts"], 10);
    assert_eq!(told.members["details"]["to"], "bo@orchard.test");
    assert_eq!(told.user_id.as_deref(), Some("auth0|1"));
    assert!(!is_queued(&server).await);
    assert_eq!(smtp.arrived().len(), 1);
}

async fn j17_a_refusal_for_good_is_told_in_the_log_at_once(server: TestServer) {
    let smtp = MailServer::start().await;
    let server = with_mail_server(server, smtp.port).await;
    let _sender = Sender::on(&server);
    smtp.answer(&["550 5.1.1 no such user"]);
    queue(&server, MailKind::VerifyEmail, "nobody@orchard.test").await;
    let told = failure(&server).await;
    let reason = told.members["description"].as_str().unwrap();
    assert!(reason.contains("no such user"), "{reason}");
    let details = &told.members["details"];
    assert_eq!(
        (&details["template"], &details["attempts"]),
        (&json!("verify_email"), &json!(1))
    );
    assert!(!is_queued(&server).await);
}

fn provider(port: u16, password: &str) -> Value {
    json!({"id": EmailProvider::ID, "name": "smtp", "enabled": true,
        "default_from_address": "shop@orchard.test", "credentials": {"smtp_host": "127.0.0.1",
        "smtp_port": port, "smtp_user": "shop", "smtp_pass": password}})
}

async fn j17_the_tenants_own_provider_is_used_with_its_login(server: TestServer) {
    let (smtp, operators) = (MailServer::start().await, MailServer::start().await);
    let server = with_mail_server(server, operators.port).await;
    let server = server
        .configured(|config: &mut Config| config.allowed_networks.clear())
        .await;
    server
        .put::<EmailProvider>(&provider(smtp.port, "hunter2"))
        .await;
    // Who may name a mail server may not have it be one that only this machine reaches.
    let refusing = Sender::on(&server);
    queue(&server, MailKind::VerifyEmail, "ana@orchard.test").await;
    until_put_off(&server, 30).await;
    assert_eq!((smtp.asked(), operators.asked()), (0, 0));
    refusing.ended().await;

    let allow = |config: &mut Config| {
        let network = grantor_server::config::cidr::Cidr::parse("127.0.0.0/8");
        config.allowed_networks = network.into_iter().collect();
    };
    let server = server.configured(allow).await;
    server.clock.advance(60);
    let _sender = Sender::on(&server);
    let mail = smtp.wait_for(1).await.remove(0);
    let login = ("shop".to_owned(), "hunter2".to_owned());
    assert_eq!(mail.login, Some(login));
    assert_eq!(mail.header("From"), ["shop@orchard.test"]);

    // A wrong password is mended by the administrator; mails wait for that. A provider that is off is none.
    let wrong = json!({"credentials": provider(smtp.port, "wrong")["credentials"]});
    server
        .change::<EmailProvider>(EmailProvider::ID, &wrong)
        .await;
    queue(&server, MailKind::VerifyEmail, "bo@orchard.test").await;
    until_put_off(&server, 30).await;
    let off = json!({"enabled": false});
    server
        .change::<EmailProvider>(EmailProvider::ID, &off)
        .await;
    server.clock.advance(60);
    assert_eq!(operators.wait_for(1).await[0].to, ["TO:<bo@orchard.test>"]);
    assert!(failures(&server).await.is_empty());
}

async fn j17_a_provider_that_cannot_be_driven_is_told_in_the_log(server: TestServer) {
    let _sender = Sender::on(&server);
    queue(&server, MailKind::VerifyEmail, "ana@orchard.test").await;
    let told = failure(&server).await;
    assert_eq!(
        told.members["description"],
        "No e-mail provider is configured."
    );

    let sendgrid = json!({"id": EmailProvider::ID, "name": "sendgrid", "enabled": true,
        "credentials": {"api_key": "k3y"}});
    server.put::<EmailProvider>(&sendgrid).await;
    queue(&server, MailKind::VerifyEmail, "ana@orchard.test").await;
    until_nothing_is_queued(&server).await;
    let told = failures(&server).await.remove(0);
    assert_eq!(
        told.members["description"],
        "This server sends by SMTP alone; the e-mail provider sendgrid cannot be used."
    );
}

async fn json_of(server: &TestServer, path: &str) -> Value {
    let request = Request::get(path).header("accept", "application/json");
    let answer = server.send(request.body(Body::empty()).unwrap()).await;
    answer.json()
}

async fn j17_the_mailbox_keeps_what_no_mail_server_takes(server: TestServer) {
    assert_eq!(
        server.get("/dev/mailbox").await.status,
        404,
        "there is none by default"
    );
    let server = server
        .configured(|config: &mut Config| config.mail.mailbox = true)
        .await;
    let _sender = Sender::on(&server);
    let friendly = json!({"id": TenantSettings::ID, "friendly_name": "<script>alert(1)</script>"});
    server.put::<TenantSettings>(&friendly).await;
    queue(&server, MailKind::ResetEmail, "ana@orchard.test").await;
    until_nothing_is_queued(&server).await;

    let mails = json_of(&server, "/dev/mailbox").await;
    let mail = &mails[0];
    assert_eq!(
        (mails.as_array().unwrap().len(), &mail["to"]),
        (1, &json!("ana@orchard.test"))
    );
    assert!(
        mail["text"]
            .as_str()
            .unwrap()
            .contains("https://login.orchard.test/u/x?ticket=t1&y=2")
    );
    let path = format!("/dev/mailbox/{}", mail["id"].as_str().unwrap());
    assert_eq!(json_of(&server, &path).await, *mail);

    let html = format!("{path}/html");
    for (path, shows, policy) in [
        (
            "/dev/mailbox",
            "Choose a new password",
            "frame-ancestors 'none'",
        ),
        (&path, "ana@orchard.test", "frame-src 'self'"),
        (&html, "ticket=t1&amp;y=2", "sandbox allow-popups"),
    ] {
        let page = server.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        let text = String::from_utf8_lossy(&page.body);
        assert!(text.contains(shows), "{path}");
        assert!(!text.contains("<script"), "{path}");
        let found = page.header("content-security-policy");
        assert!(
            found.contains(policy) && !found.contains("script-src"),
            "{found}"
        );
        assert!(found.starts_with("default-src 'none'"), "{found}");
    }
    assert_eq!(server.get("/dev/mailbox/mail_nope").await.status, 404);
    assert!(failures(&server).await.is_empty());
}
