//! Sends what is queued, here or wherever a node of the cluster is free.
//!
//! A mail is held while it is sent, and taken from the queue after the mail server has it. If a node dies in between,
//! another one sends it again, with the same identifier.

use std::{collections::HashMap, sync::Arc, time::Duration};

use grantor_protocol::{env::Timestamp, event::Event, tenant::TenantId};
use grantor_storage::{Batch, Error, MAIL, StoredMail};
use serde_json::{Map, json};
use tokio::{
    sync::{broadcast, watch},
    task::{Id, JoinSet},
};

use super::{Letter, route::Route, smtp::Failure};
use crate::app::App;

/// How often the queue is looked at when nobody tells of a new mail.
const LOOK_TIME: Duration = Duration::from_secs(1);

/// How many mails are sent at once, and how many of one tenant, so that its slow mail server does not stop the others.
const AT_ONCE: usize = 16;
const AT_ONCE_OF_TENANT: usize = 4;

/// How long a sender holds a mail, in seconds: longer than sending it may take.
const HELD_SECONDS: i64 = 180;

/// How often a mail is tried; with the waits between, for about a day.
const ATTEMPTS: i64 = 10;

/// The first wait, in seconds; each is four times the one before, up to the longest.
const FIRST_WAIT: i64 = 30;
const LONGEST_WAIT: i64 = 4 * 3600;

/// How many mails of a tenant the mailbox keeps.
pub(crate) const MAILBOX: i64 = 200;

/// How many tenants are looked at in one round.
const TENANTS: i64 = 100;

/// How often the outcome is offered to the store, and the wait in between.
const TRIES: u32 = 5;
const RETRY: Duration = Duration::from_millis(400);

/// How long a stopping server waits for what is being sent.
const PATIENCE: Duration = Duration::from_secs(10);

/// The mails that are being sent, with their tenants.
#[derive(Default)]
struct Sending {
    tasks: JoinSet<()>,
    tenants: HashMap<Id, TenantId>,
    /// The tenant after which the next round begins.
    after: String,
}

/// Sends until `stop` says so.
pub async fn send_queued(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let mut changes = app.store.subscribe();
    let mut sending = Sending::default();
    loop {
        if let Err(error) = sending.begin(&app).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the queue of mails cannot be read");
        }
        tokio::select! {
            Some(ended) = sending.tasks.join_next_with_id() => sending.forget(&ended),
            () = told(&mut changes) => {}
            () = tokio::time::sleep(LOOK_TIME) => {}
            _ = stop.wait_for(|stop| *stop) => break,
        }
    }
    // What takes longer is sent again by whoever comes next.
    let rest = async { while sending.tasks.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(PATIENCE, rest).await;
}

/// Until somebody queues a mail.
async fn told(changes: &mut broadcast::Receiver<grantor_storage::Change>) {
    loop {
        match changes.recv().await {
            Ok(change) if change.kind == MAIL => return,
            Ok(_) => {}
            // So many changes that some were missed: one may have been a mail.
            Err(broadcast::error::RecvError::Lagged(_)) => return,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Sending {
    /// Takes mails that are due, of one tenant after the other, as far as there is room.
    async fn begin(&mut self, app: &Arc<App>) -> Result<(), Error> {
        let now = app.env.now();
        if AT_ONCE <= self.tasks.len() {
            return Ok(());
        }
        let after = std::mem::take(&mut self.after);
        let tenants = app
            .store
            .tenants_with_due_mails(&after, now, TENANTS)
            .await?;
        if i64::try_from(tenants.len()).is_ok_and(|found| found == TENANTS) {
            self.after = tenants.last().map(ToString::to_string).unwrap_or_default();
        }
        for tenant in tenants {
            let busy = self.tenants.values().filter(|busy| **busy == tenant);
            let room = AT_ONCE_OF_TENANT
                .saturating_sub(busy.count())
                .min(AT_ONCE.saturating_sub(self.tasks.len()));
            let Ok(room @ 1..) = i64::try_from(room) else {
                continue;
            };
            let until = now.plus_seconds(HELD_SECONDS);
            for mail in app.store.claim_mails(&tenant, room, now, until).await? {
                let task = deliver(Arc::clone(app), tenant.clone(), mail);
                let task = self.tasks.spawn(task);
                self.tenants.insert(task.id(), tenant.clone());
            }
        }
        Ok(())
    }

    fn forget(&mut self, ended: &Result<(Id, ()), tokio::task::JoinError>) {
        let id = match ended {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        self.tenants.remove(&id);
    }
}

/// What became of an attempt.
enum Outcome {
    Sent,
    Captured,
    Failed(Failure),
}

async fn deliver(app: Arc<App>, tenant: TenantId, mail: StoredMail) {
    let letter: Option<Letter> = serde_json::from_slice(&mail.content).ok();
    let outcome = match &letter {
        Some(letter) => attempt(&app, &tenant, &mail, letter).await,
        None => Outcome::Failed(Failure::Never("The mail cannot be read.".to_owned())),
    };
    let now = app.env.now();
    let held = (mail.id.as_str(), mail.revision);
    for _ in 0..TRIES {
        let mut batch = app.store.batch();
        match &outcome {
            Outcome::Sent => {
                batch.remove_mail(&tenant, held);
            }
            Outcome::Captured => {
                batch.capture_mail(&tenant, held, MAILBOX, now);
            }
            Outcome::Failed(Failure::Later(reason)) if mail.attempts < ATTEMPTS => {
                tracing::warn!(%tenant, mail = mail.id, reason, "a mail was not sent; trying again");
                batch.delay_mail(&tenant, held, next_attempt(mail.attempts, now));
            }
            Outcome::Failed(Failure::Later(reason) | Failure::Never(reason)) => {
                batch.remove_mail(&tenant, held);
                give_up(&app, &mut batch, &tenant, (&mail, letter.as_ref()), reason);
            }
        }
        match app.store.commit(batch).await {
            Ok(()) => return,
            Err(Error::Guard { label: MAIL }) => {
                tracing::warn!(%tenant, mail = mail.id, "a mail was held for too long");

                return;
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, %tenant, mail = mail.id, "what became of a mail is not written");
            }
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn attempt(app: &App, tenant: &TenantId, mail: &StoredMail, letter: &Letter) -> Outcome {
    let (server, address, from) = match app.outbox.route(tenant).await {
        Ok(Route::Server {
            server,
            address,
            from,
        }) => (server, address, from),
        Ok(Route::Mailbox) => return Outcome::Captured,
        Ok(Route::Later(reason)) => return Outcome::Failed(Failure::Later(reason)),
        Ok(Route::Nowhere(reason)) => return Outcome::Failed(Failure::Never(reason)),
        Err(error) => return Outcome::Failed(Failure::Later(error.to_string())),
    };
    let settings = &app.outbox.settings;
    let senders = [
        letter.from.as_deref(),
        from.as_deref(),
        settings.from.as_deref(),
    ];
    let message = match letter.message(&mail.id, &senders, mail.created_at) {
        Ok(message) => message,
        Err(error) => return Outcome::Failed(Failure::Never(error.to_string())),
    };
    let smtp = &app.outbox.smtp;
    match smtp.send(&server, address, &letter.host, message).await {
        Ok(()) => Outcome::Sent,
        Err(failure) => Outcome::Failed(failure),
    }
}

/// When a mail is tried again after so many attempts.
fn next_attempt(attempts: i64, now: Timestamp) -> Timestamp {
    let factor = u32::try_from(attempts - 1)
        .ok()
        .and_then(|exponent| 4_i64.checked_pow(exponent));
    let wait = factor.and_then(|factor| FIRST_WAIT.checked_mul(factor));
    now.plus_seconds(wait.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT))
}

/// Tells the tenant's log that a mail will not arrive.
fn give_up(
    app: &App,
    batch: &mut Batch,
    tenant: &TenantId,
    (mail, letter): (&StoredMail, Option<&Letter>),
    reason: &str,
) {
    tracing::warn!(%tenant, mail = mail.id, reason, "a mail was given up");
    let mut members = Map::new();
    members.insert("description".to_owned(), json!(reason));
    members.insert(
        "details".to_owned(),
        json!({
            "mail": mail.id,
            "template": letter.map(|letter| &letter.template),
            "to": letter.map(|letter| &letter.to),
            "attempts": mail.attempts,
        }),
    );
    let event = Event {
        // Failed sending notification.
        code: "fn",
        at: app.env.now(),
        client_id: letter.and_then(|letter| letter.client_id.clone()),
        user_id: letter.and_then(|letter| letter.user_id.clone()),
        members,
    };
    app.store.record_event(batch, tenant, &event);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_tried_for_about_a_day() {
        let now = Timestamp::from_seconds(0);
        let waits: Vec<_> = (1..ATTEMPTS)
            .map(|attempts| next_attempt(attempts, now).millis() / 1000)
            .collect();
        assert_eq!(waits[..5], [30, 120, 480, 1920, 7680]);
        let total: i64 = waits.iter().sum();
        assert!((18 * 3600..30 * 3600).contains(&total), "{total}");
        assert_eq!(next_attempt(1_000, now).millis() / 1000, LONGEST_WAIT);
    }
}
