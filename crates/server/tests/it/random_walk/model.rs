//! What must hold, whatever was done: who may be in which browser's session, and what a code may stand for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Seconds from the login until a session ends, and from its last use.
const SESSION: i64 = 168 * 3600;
const IDLE: i64 = 72 * 3600;
/// Longest that a login may take, in seconds.
const LOGIN: i64 = 3600;

/// Where codes are sent: a place on the web, and one that any program can claim.
pub(super) const CALLBACKS: [&str; 2] = ["https://shop.test/cb", "myapp://cb"];

/// A session as far as the browser's user brought it about.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) email: String,
    at: i64,
    used_at: i64,
}

/// An authorization request; its place in the list is the client's `state`.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) browser: usize,
    pub(super) client: &'static str,
    pub(super) callback: &'static str,
    pub(super) prompt: &'static str,
    pub(super) max_age: Option<i64>,
    at: i64,
    /// How often it was sent, by going back to its address.
    sent: usize,
    codes: usize,
    /// Whose right password was posted in it, and when.
    proved: Vec<(String, i64)>,
    /// Who accepted in it.
    accepted: BTreeSet<String>,
}

/// Everything that is known without looking into the server.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) now: i64,
    /// By browser.
    pub(super) sessions: BTreeMap<usize, Session>,
    pub(super) asked: Vec<Asked>,
    /// Users who may not log in.
    pub(super) blocked: BTreeSet<String>,
    /// Whether a user ever let the third party do anything.
    consents: BTreeSet<String>,
    /// `sub` by address.
    pub(super) subjects: BTreeMap<String, String>,
    pub(super) codes: usize,
    pub(super) accepts: usize,
}

impl Model {
    /// A browser sends a new authorization request.
    pub(super) fn ask(
        &mut self,
        browser: usize,
        (client, callback): (&'static str, &'static str),
        (prompt, max_age): (&'static str, Option<i64>),
    ) -> usize {
        self.asked.push(Asked {
            browser,
            client,
            callback,
            prompt,
            max_age,
            at: self.now,
            sent: 1,
            codes: 0,
            proved: Vec::new(),
            accepted: BTreeSet::new(),
        });
        self.asked.len() - 1
    }

    /// The same request is sent again.
    pub(super) fn ask_again(&mut self, request: usize) {
        let asked = &mut self.asked[request];
        asked.sent += 1;
        asked.at = self.now;
    }

    /// The browser got another session: only its own user's password can have done that.
    pub(super) fn logged_in(
        &mut self,
        browser: usize,
        request: Option<usize>,
        posted: Option<&str>,
    ) {
        let email = posted.expect("a session came from something else than a right password");
        let request = request.expect("a session came from no login");
        let asked = &mut self.asked[request];
        assert_eq!(asked.browser, browser, "another browser's login went on");
        assert!(!self.blocked.contains(email), "a blocked user logged in");
        asked.proved.push((email.to_owned(), self.now));
        let session = Session {
            email: email.to_owned(),
            at: self.now,
            used_at: self.now,
        };
        self.sessions.insert(browser, session);
    }

    /// A browser answered the consent page that `email` was shown with yes. It counts if that is still its user.
    pub(super) fn accepted(&mut self, browser: usize, request: usize, email: &str) {
        let is_user = |session: &Session| session.email == email && session.lasts(self.now);
        let asked = &mut self.asked[request];
        if asked.browser == browser && self.sessions.get(&browser).is_some_and(is_user) {
            asked.accepted.insert(email.to_owned());
            if asked.client == "tpc" {
                self.consents.insert(email.to_owned());
                self.accepts += 1;
            }
        }
    }

    /// A browser was sent to a callback with a code for the request `state`; its ID token has these claims.
    pub(super) fn code(&mut self, browser: usize, request: usize, claims: &Value) {
        let email = claims["email"].as_str().expect("email was asked for");
        let auth_time = claims["auth_time"].as_i64().expect("max_age was sent");
        let subject = claims["sub"].as_str().expect("a subject");
        let now = self.now;
        let asked = &mut self.asked[request];
        assert_eq!(asked.browser, browser, "a code in another browser");
        asked.codes += 1;
        assert!(asked.codes <= asked.sent, "one request got two codes");
        assert!(now <= asked.at + LOGIN, "a login that took too long");
        let session = self.sessions.get_mut(&browser);
        let session = session.expect("a code in a browser where nobody is logged in");
        assert_eq!(session.email, email, "a code for somebody else");
        assert_eq!(session.at, auth_time, "a code for another login");
        assert!(
            session.lasts(now),
            "a code from a session that has ended: {session:?}"
        );
        session.used_at = now;
        assert!(!self.blocked.contains(email), "a code for a blocked user");
        let proved = asked.proved.contains(&(email.to_owned(), auth_time));
        assert!(
            asked.prompt != "login" || proved,
            "prompt=login, and no password in this login"
        );
        let too_old = asked
            .max_age
            .is_some_and(|max_age| auth_time + max_age < now);
        assert!(!too_old || proved, "the login is older than max_age");
        assert!(
            asked.client != "tpc" || self.consents.contains(email),
            "a third party got a code without consent"
        );
        assert!(
            asked.prompt != "consent" || asked.accepted.contains(email),
            "prompt=consent, and nobody was asked"
        );
        let known = self.subjects.entry(email.to_owned());
        let known = known.or_insert_with(|| subject.to_owned());
        assert_eq!(known, subject);
        self.codes += 1;
    }

    /// The sessions of a user end everywhere.
    pub(super) fn end_sessions_of(&mut self, email: &str) {
        self.sessions.retain(|_, session| session.email != email);
    }

    /// Who let the third party do anything.
    pub(super) fn consenting_subjects(&self) -> BTreeSet<&str> {
        let emails = self.consents.iter();
        emails
            .filter_map(|email| self.subjects.get(email))
            .map(String::as_str)
            .collect()
    }
}

impl Session {
    fn lasts(&self, now: i64) -> bool {
        now < (self.at + SESSION).min(self.used_at + IDLE)
    }
}
