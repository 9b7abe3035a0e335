//! The one dispatcher of logins: from what was asked and what is known, the next step.
//!
//! Pages never lead to each other: each records what was done ([`super::advance`]) and asks here again. A step is owed
//! because of the request and the facts, and is taken back by its proof alone; nothing counts down, so nothing can be
//! skipped by going back, by a second tab or by posting late. A new kind of step (a second factor, a script, an
//! organization) is a duty in [`owed`], at its place in the order.

use crate::{
    authorization::{self, Granted, Permissions, Subject},
    consent::{self, Asking, Question},
    env::Timestamp,
    grants::GrantType,
    id_token::AuthTime,
    legacy::Consent,
    model::{Client, ClientGrant, ResourceServer, UserGrant},
    refusal::Refusal,
    rule::Rule,
    session::{AuthenticationMethod, BrowserSession, Limits},
};

use super::{
    AuthorizationRequest, Progress, Prompt, ResponseType, Screen, ScreenHint, progress::Done,
};

/// What is known when the next step is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The client of the request.
    pub client: &'a Client,
    /// The API of the request's target, if there is one.
    pub resource_server: Option<&'a ResourceServer>,
    /// What joins client and API for users, if anything does.
    pub client_grant: Option<&'a ClientGrant>,
    /// The browser's session, ended or not.
    pub session: Option<&'a BrowserSession>,
    /// The tenant's limits for it.
    pub limits: Limits,
    /// The user of the session, if there still is one.
    pub account: Option<Account<'a>>,
    /// What that user consented to, for this client and API.
    pub user_grant: Option<&'a UserGrant>,
    /// `sub` of the `id_token_hint`, once its signature has been verified.
    pub hinted_subject: Option<&'a str>,
    /// What was done in this login.
    pub progress: &'a Progress,
    /// How the login page asks.
    pub login_form: LoginForm,
    /// Whether logins without a page are confirmed where the callback is not verifiable.
    pub confirmation: Confirmation,
}

/// A user, as far as logins are concerned.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// Who.
    pub user_id: &'a str,
    /// Whether the user may log in.
    pub state: AccountState,
    /// What the user may do at the API.
    pub permissions: &'a [String],
}

/// Whether a user may log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountState {
    /// Yes.
    Active,
    /// An administrator says no.
    Blocked,
}

/// How the login page asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginForm {
    /// For identifier and password together.
    #[default]
    Combined,
    /// For the identifier first.
    IdentifierFirst,
    /// For an address, and then for the code that is sent there.
    OneTimeCode,
}

/// Whether logins without a page are confirmed where the callback is not verifiable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Confirmation {
    /// They are.
    #[default]
    Wanted,
    /// They are not: `skip_non_verifiable_callback_uri_confirmation_prompt`.
    Skipped,
}

/// What comes next.
#[derive(Clone, Debug)]
pub enum Step {
    /// A page for the user.
    Show(Page),
    /// The login came to nothing; the error goes where [`super::delivery_of`] says.
    Fail(Refusal),
    /// The login took too long; the error goes to a page, because the client has stopped waiting.
    Over(Refusal),
    /// What was asked for: a code, tokens, or both.
    Issue(Approval),
}

/// A page for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// The login page.
    Login,
    /// The first half of the login page.
    Identifier,
    /// The second half.
    Password {
        /// What the user entered in the first.
        identifier: String,
    },
    /// Where the code is entered that was sent.
    Code {
        /// To which address.
        identifier: String,
    },
    /// The sign-up page.
    SignUp,
    /// The consent page.
    Consent(Question),
    /// "Is it you who is logging in to this application?"
    Confirm {
        /// Who is asked.
        user_id: String,
    },
}

/// Proof that nothing is owed: who logged in, and what was granted. Made only by [`next_step`]; nothing else leads to an
/// authorization code or to tokens through the browser.
#[derive(Clone, Debug)]
pub struct Approval {
    session: BrowserSession,
    granted: Granted,
    auth_time: AuthTime,
}

impl Approval {
    /// Who logged in.
    pub fn user_id(&self) -> &str {
        &self.session.user_id
    }

    /// In which browser session.
    pub const fn session(&self) -> &BrowserSession {
        &self.session
    }

    /// What was granted.
    pub const fn granted(&self) -> &Granted {
        &self.granted
    }

    /// Whether the ID token says when the user logged in.
    pub const fn auth_time(&self) -> AuthTime {
        self.auth_time
    }

    /// How the user logged in.
    pub fn methods(&self) -> &[AuthenticationMethod] {
        &self.session.methods
    }
}

/// The next step of the login that `request` began.
pub fn next_step(request: &AuthorizationRequest, facts: &Facts<'_>, now: Timestamp) -> Step {
    if request.is_over(now) {
        return Step::Over(Refusal::new(Rule::LoginNotFound).with("because", "it took too long"));
    }
    match owed(request, facts, now) {
        Ok(approval) => Step::Issue(approval),
        Err(Owed::Nothing(refusal)) => Step::Fail(refusal),
        Err(Owed::Page(page)) if request.is_silent() => Step::Fail(silent_refusal(&page)),
        Err(Owed::Page(page)) => Step::Show(page),
    }
}

/// What stands between a login and its code.
enum Owed {
    /// Something that the user must do.
    Page(Page),
    /// Nothing that the user could do would help.
    Nothing(Refusal),
}

impl From<Refusal> for Owed {
    fn from(refusal: Refusal) -> Self {
        Self::Nothing(refusal)
    }
}

/// OIDC Core §3.1.2.6: why a page would be needed.
fn silent_refusal(page: &Page) -> Refusal {
    Refusal::new(match page {
        Page::Login
        | Page::Identifier
        | Page::Password { .. }
        | Page::Code { .. }
        | Page::SignUp => Rule::LoginRequired,
        Page::Consent(_) => Rule::ConsentRequired,
        Page::Confirm { .. } => Rule::InteractionRequired,
    })
}

/// The duties, in the order in which they are asked for.
fn owed(
    request: &AuthorizationRequest,
    facts: &Facts<'_>,
    now: Timestamp,
) -> Result<Approval, Owed> {
    // What no login could mend is told before anybody types a password.
    decide(request, facts, Permissions::OfNobodyYet)?;
    let user = authenticated(request, facts, now)?;
    // Second factors, forced password changes and scripts come here.
    let granted = decide(request, facts, Permissions::Held(user.account.permissions))?;
    consented(request, facts, &user, &granted)?;
    confirmed(request, facts, &user)?;
    Ok(Approval {
        session: user.session.clone(),
        granted,
        auth_time: request.auth_time(),
    })
}

/// **The** decision function, for this request. Where a code comes back beside tokens, the code's part is what counts: it
/// is the wider one, and what goes through the browser is decided once more when it is made.
fn decide(
    request: &AuthorizationRequest,
    facts: &Facts<'_>,
    permissions: Permissions<'_>,
) -> Result<Granted, Refusal> {
    let decide_by = |grant_type| {
        authorization::decide(&authorization::Facts {
            client: facts.client,
            grant_type,
            subject: Subject::User(permissions),
            audience: request.target.api(),
            resource_server: facts.resource_server,
            client_grant: facts.client_grant,
            requested_scope: &request.scope,
        })
    };
    match request.response_type {
        ResponseType::Code => decide_by(GrantType::AUTHORIZATION_CODE),
        hybrid if hybrid.has_code() => {
            decide_by(GrantType::IMPLICIT)?;
            decide_by(GrantType::AUTHORIZATION_CODE)
        }
        _ => decide_by(GrantType::IMPLICIT),
    }
}

/// A user whose session lasts and is good enough for the request. Made only by [`authenticated`].
struct User<'a> {
    session: &'a BrowserSession,
    account: Account<'a>,
    /// Whether the user saw a page in this login.
    done: Done,
}

fn authenticated<'a>(
    request: &AuthorizationRequest,
    facts: &Facts<'a>,
    now: Timestamp,
) -> Result<User<'a>, Owed> {
    let log_in = || Owed::Page(login_page(request, facts));
    let session = facts
        .session
        .filter(|session| session.lasts(facts.limits, now))
        .ok_or_else(log_in)?;
    // A session of a user who is gone, or of another one than was loaded, proves nothing.
    let account = facts
        .account
        .filter(|account| account.user_id == session.user_id)
        .ok_or_else(log_in)?;
    let done = facts.progress.done_by(session);
    if account.state == AccountState::Blocked {
        return Err(Refusal::new(Rule::UserBlocked)
            .with("user_id", account.user_id)
            .into());
    }
    if done.has_logged_in() {
        // OIDC Core §3.1.2.2: a login for somebody in particular that somebody else completed.
        if !is_wanted(request, facts, account.user_id) {
            return Err(Refusal::new(Rule::LoginRequired)
                .with(
                    "because",
                    "another user logged in than the client asked for",
                )
                .into());
        }
    } else {
        let too_old = request
            .max_age_seconds
            .is_some_and(|max_age| !session.is_younger_than(max_age, now));
        if request.prompt.wants_login() || too_old || !is_wanted(request, facts, account.user_id) {
            return Err(log_in());
        }
    }
    Ok(User {
        session,
        account,
        done,
    })
}

/// Whether the client asks for this user, or for nobody in particular.
fn is_wanted(request: &AuthorizationRequest, facts: &Facts<'_>, user_id: &str) -> bool {
    let wanted = [request.claims.subject.as_deref(), facts.hinted_subject];
    wanted.into_iter().flatten().all(|wanted| wanted == user_id)
}

fn login_page(request: &AuthorizationRequest, facts: &Facts<'_>) -> Page {
    let hinted = match request.screen_hint {
        ScreenHint::SignUp => Screen::SignUp,
        ScreenHint::Login => Screen::Login,
    };
    let entered = facts.progress.identifier().map(str::to_owned);
    let form = facts.login_form;
    let screen = facts.progress.screen().unwrap_or(hinted);
    // Whoever proves an address for the first time has signed up by that.
    if screen == Screen::SignUp && form != LoginForm::OneTimeCode {
        return Page::SignUp;
    }
    match (form, entered) {
        (LoginForm::Combined, _) => Page::Login,
        (LoginForm::IdentifierFirst | LoginForm::OneTimeCode, None) => Page::Identifier,
        (LoginForm::IdentifierFirst, Some(identifier)) => Page::Password { identifier },
        (LoginForm::OneTimeCode, Some(identifier)) => Page::Code { identifier },
    }
}

fn consented(
    request: &AuthorizationRequest,
    facts: &Facts<'_>,
    user: &User<'_>,
    granted: &Granted,
) -> Result<(), Owed> {
    // An application that became conformant meanwhile asks like any other.
    let never = request.pipeline.switches().consent == Consent::Never;
    if never && !facts.client.is_conformant() {
        return Ok(());
    }
    let mut items = granted.scope.clone();
    for claim in request.claims.names() {
        if !items.iter().any(|item| item == claim) {
            items.push(claim.to_owned());
        }
    }
    let question = consent::question(
        &consent::Facts {
            client: facts.client,
            resource_server: facts.resource_server,
            items: &items,
            user_grant: facts.user_grant,
            asking: if request.prompt.has(Prompt::CONSENT) {
                Asking::Always
            } else {
                Asking::WhenNeeded
            },
        },
        user.account.user_id,
    );
    match question {
        None => Ok(()),
        Some(question) if user.done.has_agreed_to(&question) => Ok(()),
        Some(question) if user.done.has_declined() => Err(Refusal::new(Rule::ConsentDeclined)
            .with("user_id", &question.user_id)
            .into()),
        Some(question) => Err(Owed::Page(Page::Consent(question))),
    }
}

/// Any program on a device can claim a loopback address or a custom scheme, and would get a code without the user's
/// notice if the session answered silently.
fn confirmed(
    request: &AuthorizationRequest,
    facts: &Facts<'_>,
    user: &User<'_>,
) -> Result<(), Owed> {
    let unnoticed = !request.return_address.redirect_uri.is_verifiable() && !user.done.saw_a_page();
    if unnoticed && facts.confirmation == Confirmation::Wanted {
        return Err(Owed::Page(Page::Confirm {
            user_id: user.account.user_id.to_owned(),
        }));
    }
    Ok(())
}
