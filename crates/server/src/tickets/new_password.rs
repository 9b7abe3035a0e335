//! The link that lets somebody choose a new password.

use std::sync::Arc;

use axum::{
    Extension,
    body::Bytes,
    extract::{OriginalUri, State},
    response::Response,
};
use grantor_protocol::{
    logout::Initiator,
    parameters::Parameters,
    refusal::Refusal,
    secret::Secret,
    users::{Connection, PasswordPolicy, Ticket, TicketKind, TicketResult},
};
use grantor_storage::{
    Error as StoreError, SINGLE_USE,
    users::{IdentityKey, StoredUser, USER_REVISION},
};
use http::HeaderMap;

use super::{Found, find, no_ticket, notify, verification::user_of};
use crate::{
    app::App,
    authorize::{
        answer::{self, Reader},
        drive::redirect,
        fault::Fault,
        visit::Visit,
    },
    http::context::Context,
    outbound::mail::MailKind,
    pages::{ChangedPassword, Field, Form, NewPassword, Problem, rules_of},
    pipeline::{end_session, new_password, record},
};

/// `GET /u/reset-verify`: the form. The link is used up by the new password, not by looking at it.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    let visit = Visit::new(&app, &context, &headers);
    let outcome = async {
        let change = Change::find(&visit, uri.query().unwrap_or_default()).await?;
        change.ask(None).await
    };
    answer::outcome(&visit, outcome.await).await
}

/// `POST /u/reset-verify`.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let visit = Visit::new(&app, &context, &headers);
    let outcome = async {
        app.sign_in_rate.take(&context.site.tenant, context.now).1?;
        let form = Parameters::parse_form(&body)?;
        let change = Change::find(&visit, uri.query().unwrap_or_default()).await?;
        if !visit.showed(&change.query, &form) {
            return change.ask(Some(Problem::FormExpired)).await;
        }
        let text = |name| Ok::<_, Refusal>(form.text(name)?.unwrap_or_default().to_owned());
        let (password, again) = (text("password")?, text("password_again")?);
        if password.is_empty() {
            return change.ask(Some(Problem::Missing(Field::Password))).await;
        }
        if password != again {
            return change.ask(Some(Problem::PasswordsDiffer)).await;
        }
        match change.set(&Secret::new(password)).await? {
            None => change.done().await,
            Some(problem) => change.ask(Some(problem)).await,
        }
    };
    answer::outcome(&visit, outcome.await).await
}

/// A change of a password that a link allows.
struct Change<'a> {
    visit: &'a Visit<'a>,
    query: String,
    ticket: Ticket,
    digest: [u8; 32],
    user: StoredUser,
    connection: Arc<Connection>,
}

impl<'a> Change<'a> {
    async fn find(visit: &'a Visit<'a>, query: &str) -> Result<Self, Fault> {
        let parameters = Parameters::parse_form(query.as_bytes())?;
        let found = find(visit, TicketKind::PasswordChange, &parameters).await?;
        let Some(Found {
            ticket,
            digest,
            used: false,
        }) = found
        else {
            return Err(no_ticket());
        };
        let tenant = &visit.context.site.tenant;
        let store = &visit.app.store;
        let connection = store
            .typed_by::<Connection>(tenant, "name", &[&ticket.connection])
            .await?;
        let user = user_of(visit, &ticket).await?;
        let (Some(connection), Some(user)) = (connection, user) else {
            return Err(no_ticket());
        };
        Ok(Self {
            visit,
            query: query.to_owned(),
            ticket,
            digest,
            user,
            connection: Arc::clone(&connection.value),
        })
    }

    fn policy(&self) -> PasswordPolicy {
        PasswordPolicy::new(&self.connection.options.password)
    }

    async fn ask(&self, problem: Option<Problem>) -> Result<Response, Fault> {
        let (csrf, browser) = self.visit.form_token(&self.query);
        let page = NewPassword {
            form: Form {
                action: format!("/u/reset-verify?{}", self.query),
                csrf,
                leads_to: self.ticket.result_url.clone().into_iter().collect(),
                ..Form::default()
            },
            identifier: self.ticket.email.clone().unwrap_or_default(),
            rules: rules_of(&self.policy()),
            problem,
        };
        let mut response = answer::page(self.visit, Reader::default(), &page).await?;
        self.visit.keep_browser(&mut response, &browser);
        Ok(response)
    }

    /// Sets the password, and uses the link up in the same commit. Every session of the user ends with it: whoever knew
    /// the old password may be why there is a new one.
    async fn set(&self, password: &Secret) -> Result<Option<Problem>, Fault> {
        let (app, context) = (self.visit.app, self.visit.context);
        let (store, tenant, now) = (&app.store, &context.site.tenant, context.now);
        let (user, key) = (&self.user.user, self.key());
        let fit = new_password::hash(app, context, &self.connection, (user, &key), password).await;
        let hash = match fit {
            Ok(hash) => hash,
            Err(unfit) => {
                let (problem, reason) = unfit.told()?;
                if reason.is_some() {
                    self.record("fcp", reason).await;
                }
                return Ok(Some(problem));
            }
        };
        let mut user = self.user.user.clone();
        user.last_password_reset = Some(now);
        user.updated_at = now;
        if self.ticket.mark_email_as_verified && user.email.is_some() {
            user.email_verified = Some(true);
        }
        let user_id = user.user_id.as_str().to_owned();
        let ended = store.ending_of_user(tenant, &user_id, Initiator::PasswordChanged);
        let ended = ended.await?;
        let history = self.policy().history().unwrap_or_default();
        let mut batch = store.batch();
        batch
            .claim(
                tenant,
                TicketKind::PasswordChange.purpose(),
                &self.digest,
                now,
            )
            .replace_user(tenant, &user, self.user.revision)
            .set_password(tenant, &key, &hash, history, now)
            .end_sessions_of_user(tenant, &user_id)
            .revoke_tokens_of_user(tenant, &user_id);
        // So that a change by somebody else does not go unnoticed.
        notify(self.visit, MailKind::PasswordReset, &user, &mut batch).await?;
        match store.commit(batch).await {
            Ok(()) => {}
            Err(StoreError::Guard { label: SINGLE_USE }) => return Err(no_ticket()),
            Err(StoreError::Guard {
                label: USER_REVISION,
            }) => return Ok(Some(Problem::FormExpired)),
            Err(error) => return Err(error.into()),
        }
        for ended in ended {
            end_session::tell(app, context, ended);
        }
        self.record("scp", None).await;
        Ok(None)
    }

    fn key(&self) -> IdentityKey {
        IdentityKey {
            provider: self.ticket.provider.clone(),
            identity: self.ticket.identity.clone(),
        }
    }

    async fn record(&self, code: &'static str, description: Option<&str>) {
        let context = self.visit.context;
        let client_id = self.ticket.client_id.as_deref();
        let mut event = record::event(context, code, client_id);
        event.user_id = Some(self.ticket.user_id.clone());
        for (name, value) in [
            ("connection", Some(self.ticket.connection.as_str())),
            ("description", description),
        ] {
            let value = value.map(|value| (name.to_owned(), value.into()));
            event.members.extend(value);
        }
        let recorder = &self.visit.app.recorder;
        recorder.record(&context.site.tenant, event).await;
    }

    async fn done(&self) -> Result<Response, Fault> {
        let result = TicketResult {
            success: true,
            code: "success",
            message: "You can now login to the application with the new password.",
        };
        if let Some(url) = self.ticket.redirect(result) {
            return Ok(redirect(&url));
        }
        let page = ChangedPassword { back: None };
        answer::page(self.visit, Reader::default(), &page).await
    }
}
