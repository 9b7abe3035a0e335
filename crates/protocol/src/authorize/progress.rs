//! What was done in a pending login: proofs, each bound to the browser session of the user who gave it.
//!
//! Proofs are only ever added, and only for the step that is owed at that moment. When another user takes over the
//! session, the proofs of the first one stop counting by themselves.

use serde::{Deserialize, Serialize};

use super::{AuthorizationRequest, Facts, Page, Step, next_step};
use crate::{
    consent::Question,
    env::Timestamp,
    session::{Authentication, BrowserSession},
};

/// What was done in a pending login. Begins empty; [`advance`] makes the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Progress {
    screen: Option<Screen>,
    identifier: Option<String>,
    logged_in: Option<By>,
    consent: Option<Given>,
    confirmed: Option<By>,
}

/// A login page that the user chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Screen {
    /// Logging in.
    Login,
    /// Signing up.
    SignUp,
}

/// Whose proof it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
struct By {
    session_id: String,
    user_id: String,
}

impl By {
    fn of(session: &BrowserSession) -> Self {
        Self {
            session_id: session.id.clone(),
            user_id: session.user_id.clone(),
        }
    }

    fn is(&self, session: &BrowserSession) -> bool {
        self.session_id == session.id && self.user_id == session.user_id
    }
}

/// The answer to the consent page.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
struct Given {
    by: By,
    answer: Answer,
    items: Vec<String>,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
}

impl Progress {
    /// The login page that the user chose, if any.
    pub const fn screen(&self) -> Option<Screen> {
        self.screen
    }

    /// What the user entered where the identifier is asked for first.
    pub fn identifier(&self) -> Option<&str> {
        self.identifier.as_deref()
    }

    /// What counts for the user of `session`.
    pub(super) fn done_by(&self, session: &BrowserSession) -> Done {
        let own = |by: &Option<By>| by.as_ref().is_some_and(|by| by.is(session));
        Done {
            logged_in: own(&self.logged_in),
            confirmed: own(&self.confirmed),
            consent: self
                .consent
                .as_ref()
                .filter(|given| given.by.is(session))
                .map(|given| (given.answer, given.items.clone())),
        }
    }
}

/// The proofs of one user. Made only by [`Progress::done_by`].
pub(super) struct Done {
    logged_in: bool,
    confirmed: bool,
    consent: Option<(Answer, Vec<String>)>,
}

impl Done {
    pub(super) const fn has_logged_in(&self) -> bool {
        self.logged_in
    }

    pub(super) fn has_agreed_to(&self, question: &Question) -> bool {
        match &self.consent {
            Some((Answer::Yes, items)) => question.items.iter().all(|item| items.contains(item)),
            _ => false,
        }
    }

    pub(super) fn has_declined(&self) -> bool {
        matches!(self.consent, Some((Answer::No, _)))
    }

    pub(super) const fn saw_a_page(&self) -> bool {
        self.logged_in || self.confirmed || self.consent.is_some()
    }
}

/// What a user did on a page.
#[derive(Clone, Debug)]
pub enum Event {
    /// Went from login to sign-up, or back.
    ChoseScreen(Screen),
    /// Entered an identifier where that is asked for first; `None`: went back to enter another one.
    EnteredIdentifier(Option<String>),
    /// Proved who it is. `session_id` is that of the session which the login began or renewed.
    LoggedIn {
        /// The proof.
        authentication: Authentication,
        /// The session.
        session_id: String,
    },
    /// Brought a login ticket with the request: proved who it is in the application's own form, before any page.
    BroughtTicket {
        /// The proof.
        authentication: Authentication,
        /// The session.
        session_id: String,
    },
    /// Answered the consent page that showed this question.
    AnsweredConsent(Question, Answer),
    /// Confirmed the login that the page showed to this user.
    Confirmed {
        /// Who was asked.
        user_id: String,
    },
}

/// The page that was posted is not the one that is owed now: it was shown in another state of the login, by another tab
/// or before going back. The server shows what is owed instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the page belongs to another state of the login")]
pub struct Late;

/// Records `event`, if it answers the step that is owed now.
///
/// # Errors
/// [`Late`] if it answers another one.
pub fn advance(
    request: &AuthorizationRequest,
    facts: &Facts<'_>,
    event: Event,
    now: Timestamp,
) -> Result<Progress, Late> {
    let step = next_step(request, facts, now);
    let mut progress = facts.progress.clone();
    match (event, step) {
        // Whoever can log in may do so on any page of a login that lasts: it replaces the user of the session, and every
        // proof of the one before stops counting.
        (
            Event::LoggedIn {
                authentication,
                session_id,
            },
            Step::Show(_) | Step::Issue(_),
        ) if !request.is_silent() => {
            progress.logged_in = Some(By {
                session_id,
                user_id: authentication.user_id().to_owned(),
            });
        }
        // The ticket comes with the request itself, so that it counts in one that may show no page, too.
        (
            Event::BroughtTicket {
                authentication,
                session_id,
            },
            Step::Show(_) | Step::Issue(_) | Step::Fail(_),
        ) => {
            progress.logged_in = Some(By {
                session_id,
                user_id: authentication.user_id().to_owned(),
            });
        }
        (Event::ChoseScreen(screen), Step::Show(page)) if is_login(&page) => {
            progress.screen = Some(screen);
        }
        (
            Event::EnteredIdentifier(identifier),
            Step::Show(Page::Identifier | Page::Password { .. } | Page::Code { .. }),
        ) => {
            progress.identifier = identifier.filter(|identifier| !identifier.is_empty());
        }
        (Event::AnsweredConsent(shown, answer), Step::Show(Page::Consent(owed)))
            if shown == owed =>
        {
            let session = facts.session.ok_or(Late)?;
            let before = progress.consent.take().filter(|given| {
                given.by.is(session) && given.answer == Answer::Yes && answer == Answer::Yes
            });
            let mut items = before.map_or_else(Vec::new, |given| given.items);
            items.extend(owed.items);
            progress.consent = Some(Given {
                by: By::of(session),
                answer,
                items,
            });
        }
        (Event::Confirmed { user_id }, Step::Show(Page::Confirm { user_id: owed }))
            if user_id == owed =>
        {
            progress.confirmed = Some(By::of(facts.session.ok_or(Late)?));
        }
        _ => return Err(Late),
    }
    Ok(progress)
}

const fn is_login(page: &Page) -> bool {
    matches!(
        page,
        Page::Login | Page::Identifier | Page::Password { .. } | Page::Code { .. } | Page::SignUp
    )
}
