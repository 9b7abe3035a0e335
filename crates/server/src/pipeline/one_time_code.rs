//! Proving an address by a code that is sent there: the one place that sends codes and checks them, for every grant and
//! page.
//!
//! Whether somebody has an account shows neither in answers nor in what is done for them: a code is drawn, kept and written
//! down in a mail for everybody; where nobody new may come, the mail of a stranger is thrown away.

use std::fmt::Write as _;

use grantor_protocol::{
    document::Document,
    env::{IdForm, Timestamp},
    event::Event,
    model::Client,
    parameters::clipped,
    passwordless::{Address, CodeRules, MAX_TRIES, PURPOSE, mark_proved, wrong_code},
    refusal::Refusal,
    rule::Rule,
    secret::Secret,
    session::{Authentication, AuthenticationMethod},
    users::{
        Connection, User, UserId,
        identifier::{Identifier, IdentifierKind},
    },
};
use grantor_storage::{
    Batch, Error as StoreError, NewCode, SINGLE_USE, StoredCode, users::FoundByIdentifier,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::record;
use crate::{
    app::App,
    http::{context::Context, failure::Failure},
    outbound::{
        mail::{MailKind, Occasion},
        sms::{self, Text},
    },
    pages::Language,
};

/// Longest text that is looked at as a code, in bytes.
const MAX_CODE_LENGTH: usize = 64;

/// Length of what names a code in the store: 32 characters of 64, so 192 bits.
const ITEM_LENGTH: usize = 32;

/// An address at a connection.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) address: &'a Address,
}

/// Who wants a code.
pub(crate) struct Wanted<'a> {
    pub(crate) at: Place<'a>,
    pub(crate) client: &'a Client,
    pub(crate) language: Language,
    /// The browser that a link works in; `None` for any, or for codes.
    pub(crate) browser: Option<&'a Secret>,
}

/// What is kept with a code.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Kept {
    /// For which client it was sent.
    client_id: String,
    /// The digest of the browser that its link works in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    browser: Option<String>,
}

impl Place<'_> {
    /// Under what the newest code of the address is kept.
    fn subject(self, app: &App, context: &Context) -> [u8; 32] {
        self.digest(app, context, "subject", "")
    }

    /// Nothing but this server can compute it, so that codes of few digits are not found by trying all of them.
    fn digest(self, app: &App, context: &Context, what: &str, code: &str) -> [u8; 32] {
        let tenant = context.site.tenant.as_str();
        let (connection, address) = (&self.connection.id, &self.address.value);
        let text = format!("{PURPOSE} {what}\n{tenant}\n{connection}\n{address}\n{code}");
        app.store.keyed_digest(text.as_bytes())
    }

    /// What the compatible API calls the user that is not there yet: the same for an address whether it is or not.
    pub(crate) fn name(self, app: &App, context: &Context) -> String {
        let digest = self.digest(app, context, "name", "");
        let mut name = String::with_capacity(24);
        for byte in digest.iter().take(12) {
            // Writing to a text does not fail.
            write!(name, "{byte:02x}").ok();
        }
        name
    }

    async fn user(
        self,
        app: &App,
        context: &Context,
    ) -> Result<Option<FoundByIdentifier>, Failure> {
        let identifier = Identifier {
            kind: self.address.kind,
            value: self.address.value.clone(),
        };
        let (tenant, name) = (&context.site.tenant, &self.connection.name);
        let found = app.store.find_user_by_identifier(tenant, name, &identifier);
        Ok(found.await?)
    }
}

/// Sends a code; where `link` makes a URL of it, by that.
///
/// # Errors
/// [`Rule::RateLimited`], the `sms_provider_error` rules, and what the store reports.
pub(crate) async fn send(
    app: &App,
    context: &Context,
    wanted: &Wanted<'_>,
    link: Option<&(dyn Fn(&str) -> String + Sync)>,
) -> Result<(), Failure> {
    let (at, tenant) = (wanted.at, &context.site.tenant);
    // By address, wherever it is asked for: it bounds what one mailbox is sent, and how many codes can be guessed at.
    let key = format!("{PURPOSE}\n{}\n{}", at.connection.id, at.address.value);
    app.mail_rate.take(&(tenant.clone(), key), context.now).1?;
    let rules = CodeRules::of(&at.connection.options);
    let code = app.env.token(b"0123456789", rules.length);
    let found = at.user(app, context).await?;
    let mut batch = app.store.batch();
    keep(app, context, wanted, &code, &mut batch)?;
    let link = link.map(|link| link(&code));
    let draft = Draft {
        code: &code,
        link: link.as_deref(),
        user: found.as_ref().map(|found| &found.found.user),
        // Nobody is told anything who could not log in with it.
        reaches: found.is_some() || at.connection.takes_new_users(),
    };
    let sent = match at.address.kind {
        IdentifierKind::PhoneNumber => send_text(app, context, wanted, &draft, batch).await,
        _ => send_mail(app, context, wanted, &draft, batch).await,
    };
    let event = entry(context, wanted, &draft, &sent);
    app.recorder.record(tenant, event).await;
    sent
}

/// What is to be written.
struct Draft<'a> {
    code: &'a str,
    link: Option<&'a str>,
    user: Option<&'a User>,
    reaches: bool,
}

fn keep(
    app: &App,
    context: &Context,
    wanted: &Wanted<'_>,
    code: &str,
    batch: &mut Batch,
) -> Result<(), Failure> {
    let kept = Kept {
        client_id: wanted.client.client_id.clone(),
        browser: wanted.browser.map(|browser| browser_digest(app, browser)),
    };
    let payload = serde_json::to_string(&kept).map_err(|error| {
        tracing::error!(%error, "what is kept with a code cannot be written");
        Refusal::new(Rule::Internal)
    })?;
    let item = app.env.id(IdForm::UrlSafe(ITEM_LENGTH));
    let rules = CodeRules::of(&wanted.at.connection.options);
    let new = NewCode {
        subject: &wanted.at.subject(app, context),
        item: &app.store.keyed_digest(item.as_bytes()),
        code: &wanted.at.digest(app, context, "code", code),
        payload: &payload,
        expires_at: context.now.plus_seconds(rules.lifetime_seconds),
    };
    batch.send_code(&context.site.tenant, PURPOSE, &new, context.now);
    Ok(())
}

fn browser_digest(app: &App, browser: &Secret) -> String {
    let text = format!("{PURPOSE} browser\n{}", browser.expose());
    grantor_jose::digest::base64url(&app.store.keyed_digest(text.as_bytes()))
}

/// What templates may tell of it.
fn occasion<'a>(
    context: &'a Context,
    wanted: &Wanted<'a>,
    draft: &Draft<'a>,
    user: &'a Value,
) -> Occasion<'a> {
    let mut more = Map::new();
    let send = if draft.link.is_some() { "link" } else { "code" };
    more.insert("send".to_owned(), json!(send));
    more.insert("link".to_owned(), json!(draft.link));
    more.insert("password".to_owned(), json!(draft.code));
    Occasion {
        kind: match draft.link {
            Some(_) => MailKind::LoginLink,
            None => MailKind::LoginCode,
        },
        to: &wanted.at.address.value,
        language: wanted.language,
        host: &context.host,
        client: Some(wanted.client),
        connection: Some(&wanted.at.connection.name),
        user,
        url: draft.link,
        code: draft.link.is_none().then_some(draft.code),
        more,
    }
}

/// The user as templates know one; of somebody who is not there, the address.
fn fields(at: Place<'_>, user: Option<&User>) -> Value {
    match user {
        Some(user) => Value::Object(user.fields()),
        None => json!({at.address.kind.as_str(): at.address.value}),
    }
}

async fn send_mail(
    app: &App,
    context: &Context,
    wanted: &Wanted<'_>,
    draft: &Draft<'_>,
    mut batch: Batch,
) -> Result<(), Failure> {
    let user = fields(wanted.at, draft.user);
    let occasion = occasion(context, wanted, draft, &user);
    let own = wanted.at.connection.mail(occasion.kind.template());
    let tenant = &context.site.tenant;
    if let Some(mail) = app.mail.compose_in(tenant, &occasion, own).await? {
        batch.queue_mail(&mail);
        if !draft.reaches {
            batch.withhold_mail(&mail);
        }
    }
    Ok(app.store.commit(batch).await?)
}

async fn send_text(
    app: &App,
    context: &Context,
    wanted: &Wanted<'_>,
    draft: &Draft<'_>,
    batch: Batch,
) -> Result<(), Failure> {
    let user = fields(wanted.at, draft.user);
    let occasion = occasion(context, wanted, draft, &user);
    let text = Text {
        connection: wanted.at.connection,
        occasion: &occasion,
        request_ip: context.client_ip,
        reaches: draft.reaches,
    };
    sms::send(app, &context.site.tenant, &text, batch).await
}

fn entry(
    context: &Context,
    wanted: &Wanted<'_>,
    draft: &Draft<'_>,
    sent: &Result<(), Failure>,
) -> Event {
    let code = match (sent, wanted.at.address.kind) {
        (Ok(()), IdentifierKind::PhoneNumber) => "cs",
        (Ok(()), _) => "cls",
        (Err(_), _) => "fn",
    };
    let mut event = record::event(context, code, Some(&wanted.client.client_id));
    let user_id = draft.user.map(|user| user.user_id.as_str().to_owned());
    event.user_id = user_id;
    record::note(&mut event, "connection", &wanted.at.connection.name);
    record::note(&mut event, "user_name", &clipped(&wanted.at.address.value));
    match sent {
        Err(failure) => record::explain(&mut event, context, &failure.refusal),
        Ok(()) if !draft.reaches => {
            let description = "Nothing was sent: nobody has this address, and sign-up is disabled.";
            record::note(&mut event, "description", description);
        }
        Ok(()) => {}
    }
    event
}

/// A code that was right.
pub(crate) struct Right {
    item: Vec<u8>,
    kept: Kept,
}

impl Right {
    /// Whether the code's link works in `browser`.
    pub(crate) fn works_in(&self, app: &App, browser: Option<&Secret>) -> bool {
        let digest = browser.map(|browser| browser_digest(app, browser));
        digest.is_some() && digest == self.kept.browser
    }

    /// For which client it was sent.
    pub(crate) fn client_id(&self) -> &str {
        &self.kept.client_id
    }
}

/// Whether `code` is the one that was sent to the address last. A wrong one costs a try; a right one stays as it is.
///
/// # Errors
/// [`wrong_code`], and what the store reports.
pub(crate) async fn check(
    app: &App,
    context: &Context,
    at: Place<'_>,
    code: &str,
) -> Result<Right, Failure> {
    let (tenant, now) = (&context.site.tenant, context.now);
    let wrong = |because| Failure::from(wrong_code(at.address.kind, because));
    let subject = at.subject(app, context);
    let found = app.store.find_code(tenant, &subject, now).await?;
    let StoredCode { item, payload } =
        found.ok_or_else(|| wrong("no code was sent there, or it is too old"))?;
    // Using it is another step, which fails for the second one; a used one is no right one before that either.
    let state = app.store.find_single_use(tenant, PURPOSE, &item).await?;
    if state.is_none_or(|state| state.consumed_at.is_some()) {
        return Err(wrong("the code was used already"));
    }
    let digits: String = code
        .chars()
        .take(MAX_CODE_LENGTH)
        .filter(|letter| !letter.is_whitespace())
        .collect();
    let digest = at.digest(app, context, "code", &digits);
    let tried = app
        .store
        .try_code(tenant, &subject, (&item, &digest), MAX_TRIES);
    if !tried.await? {
        return Err(wrong(
            "the code is another one, or there were too many tries",
        ));
    }
    let kept = serde_json::from_str(&payload).unwrap_or_default();
    Ok(Right { item, kept })
}

/// Somebody who proved an address.
pub(crate) struct Proven {
    /// Who, and when.
    pub(crate) authentication: Authentication,
    /// Uses the code up and writes what is new about the user; fails with the guard [`SINGLE_USE`] if somebody was faster.
    pub(crate) batch: Batch,
}

/// Who proved the address with a code that was `right`; somebody new, where the connection takes new users.
///
/// # Errors
/// [`wrong_code`] where it does not, and what the store reports.
pub(crate) async fn prove(
    app: &App,
    context: &Context,
    at: Place<'_>,
    right: &Right,
) -> Result<Proven, Failure> {
    let (tenant, now) = (&context.site.tenant, context.now);
    let mut batch = app.store.batch();
    let mut found = at.user(app, context).await?;
    if found.is_none() {
        let new = sign_up(app, context, at, right).await?;
        if let Some(user_id) = new {
            return Ok(proven(&user_id, batch, now));
        }
        // Somebody made the user in the meantime.
        found = at.user(app, context).await?;
    }
    let unknown = || wrong_code(at.address.kind, "nobody has this address any more");
    let stored = found.ok_or_else(unknown)?.found;
    batch.claim(tenant, PURPOSE, &right.item, now);
    let mut user = stored.user;
    if mark_proved(&mut user, at.address) {
        user.updated_at = now;
        batch.replace_user(tenant, &user, stored.revision);
    }
    Ok(proven(&user.user_id, batch, now))
}

fn proven(user_id: &UserId, batch: Batch, now: Timestamp) -> Proven {
    let methods = vec![AuthenticationMethod::OneTimeCode];
    Proven {
        authentication: Authentication::proven(user_id.as_str().to_owned(), methods, now),
        batch,
    }
}

/// Makes the user whose address it is, and uses the code up, in one commit. `None`: somebody else made the user.
async fn sign_up(
    app: &App,
    context: &Context,
    at: Place<'_>,
    right: &Right,
) -> Result<Option<UserId>, Failure> {
    let (tenant, now) = (&context.site.tenant, context.now);
    let wrong = |because| Failure::from(wrong_code(at.address.kind, because));
    if !at.connection.takes_new_users() {
        return Err(wrong("nobody has this address, and sign-up is disabled"));
    }
    let bare = app.env.id(IdForm::Hex(24));
    let user_id = UserId::of(&at.connection.strategy, &bare);
    let user_id = user_id.ok_or_else(|| Refusal::new(Rule::Internal))?;
    let user = at.connection.new_user(user_id.clone(), at.address, now);
    let identifiers = user.identifiers(&at.connection.options.unique());
    let mut batch = app.store.batch();
    batch.claim(tenant, PURPOSE, &right.item, now);
    // Whoever deletes the connection meanwhile sees the user, or the user is not made.
    batch.require(tenant, &Connection::KIND, &at.connection.id);
    batch.insert_user(tenant, &user, &identifiers);
    let mut event = record::event(context, "ss", Some(right.client_id()));
    event.user_id = Some(user_id.as_str().to_owned());
    record::note(&mut event, "connection", &at.connection.name);
    record::note(&mut event, "user_name", &clipped(&at.address.value));
    app.store.record_event(&mut batch, tenant, &event);
    match app.store.commit(batch).await {
        Ok(()) => Ok(Some(user_id)),
        Err(StoreError::Guard { label: SINGLE_USE }) => Err(wrong("the code was used already")),
        Err(StoreError::Guard { label: "required" }) => Err(wrong("the connection is gone")),
        Err(StoreError::Conflict { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
