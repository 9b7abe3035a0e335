//! A browser, a tenant and one pending login, with what a server would store.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    authorize::{
        Account, AccountState, Answer, AuthorizationRequest, Confirmation, Event, Facts, Late,
        LoginForm, Page, PlainChallenges, Progress, Reading, Step, advance, next_step, read,
    },
    consent::{self, Question},
    env::Timestamp,
    model::{Client, ResourceServer, TenantSettings, UserGrant},
    parameters::Parameters,
    session::{Authentication, AuthenticationMethod, BrowserSession, Limits, Persistence},
    tenant::Issuer,
};

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

pub(super) struct World {
    client: Value,
    api: Value,
    pub(super) now: i64,
    pub(super) request: AuthorizationRequest,
    pub(super) progress: Progress,
    pub(super) session: Option<BrowserSession>,
    sessions_begun: u32,
    pub(super) limits: Limits,
    pub(super) blocked: BTreeSet<String>,
    pub(super) gone: BTreeSet<String>,
    /// The user that is loaded in place of the session's.
    pub(super) loaded_instead: Option<String>,
    pub(super) permissions: Vec<String>,
    pub(super) user_grants: BTreeMap<String, UserGrant>,
    pub(super) hinted_subject: Option<String>,
    pub(super) login_form: LoginForm,
    pub(super) confirmation: Confirmation,
}

fn default_client() -> Value {
    json!({"client_id": "web", "name": "Shop", "grant_types": ["authorization_code"],
        "callbacks": ["https://shop.test/cb", "app:/cb", "http://localhost:3000/cb", "http://127.0.0.1:3000/cb"]})
}

pub(super) fn request(client: &Value, query: &str, now: i64) -> AuthorizationRequest {
    let settings: TenantSettings = serde_json::from_value(json!({"id": "settings"})).unwrap();
    let client: Client = serde_json::from_value(client.clone()).unwrap();
    let reading = Reading {
        client: &client,
        settings: &settings,
        issuer: &Issuer::new("https", "login.test"),
        organization_name: None,
        domain_metadata: &[],
        plain_challenges: PlainChallenges::Refused,
    };
    let query = if query.contains("response_type=") {
        query.to_owned()
    } else {
        format!("response_type=code&{query}")
    };
    let parameters = Parameters::parse_form(query.as_bytes()).unwrap();
    read(&parameters, &reading, at(now)).unwrap()
}

impl World {
    pub(super) fn asking(query: &str) -> Self {
        let client = default_client();
        let request = request(&client, query, 0);
        Self {
            client,
            api: json!({"id": "1", "identifier": "https://orders.test",
                "scopes": [{"value": "read:orders"}, {"value": "write:orders"}]}),
            now: 0,
            request,
            progress: Progress::default(),
            session: None,
            sessions_begun: 0,
            limits: Limits {
                absolute_seconds: 1_000_000,
                idle_seconds: 1_000_000,
            },
            blocked: BTreeSet::new(),
            gone: BTreeSet::new(),
            loaded_instead: None,
            permissions: Vec::new(),
            user_grants: BTreeMap::new(),
            hinted_subject: None,
            login_form: LoginForm::Combined,
            confirmation: Confirmation::Wanted,
        }
    }

    pub(super) fn with_session(user_id: &str, query: &str) -> Self {
        let mut world = Self::asking(query);
        world.log_in_elsewhere(user_id);
        world
    }

    /// A new login in the same browser.
    pub(super) fn begin(&mut self, query: &str) {
        self.request = request(&self.client, query, self.now);
        self.progress = Progress::default();
    }

    pub(super) fn change_client(&mut self, changes: &Value) {
        let changes = changes.as_object().unwrap().clone();
        self.client.as_object_mut().unwrap().extend(changes);
    }

    pub(super) fn change_api(&mut self, changes: &Value) {
        let changes = changes.as_object().unwrap().clone();
        self.api.as_object_mut().unwrap().extend(changes);
    }

    pub(super) fn later(&mut self, seconds: i64) {
        self.now += seconds;
    }

    pub(super) fn step(&self) -> Step {
        self.with_facts(|facts| next_step(&self.request, facts, at(self.now)))
    }

    /// Records what happened on a page, as a server would.
    pub(super) fn advance(&mut self, event: Event) -> Result<(), Late> {
        let progress =
            self.with_facts(|facts| advance(&self.request, facts, event, at(self.now)))?;
        // What is stored is what counts.
        let stored = serde_json::to_string(&progress).unwrap();
        self.progress = serde_json::from_str(&stored).unwrap();
        Ok(())
    }

    fn authentication(&self, user_id: &str) -> Authentication {
        let methods = vec![AuthenticationMethod::Password];
        Authentication::proven(user_id.to_owned(), methods, at(self.now))
    }

    /// The password fitted: the session begins or is renewed, and the login has its proof.
    pub(super) fn log_in(&mut self, user_id: &str) -> Result<(), Late> {
        self.log_in_by(user_id, |authentication, session_id| Event::LoggedIn {
            authentication,
            session_id,
        })
    }

    /// The same with a ticket that came with the request.
    pub(super) fn bring_ticket(&mut self, user_id: &str) -> Result<(), Late> {
        self.log_in_by(user_id, |authentication, session_id| Event::BroughtTicket {
            authentication,
            session_id,
        })
    }

    fn log_in_by(
        &mut self,
        user_id: &str,
        event: impl FnOnce(Authentication, String) -> Event,
    ) -> Result<(), Late> {
        let before = self.session.clone();
        self.log_in_elsewhere(user_id);
        let session_id = self.session.as_ref().unwrap().id.clone();
        let authentication = self.authentication(user_id);
        let after = std::mem::replace(&mut self.session, before);
        self.advance(event(authentication, session_id))?;
        self.session = after;
        Ok(())
    }

    /// The user logs in to something else in the same browser.
    pub(super) fn log_in_elsewhere(&mut self, user_id: &str) {
        self.sessions_begun += 1;
        let logged_in = BrowserSession::log_in(
            self.session.as_ref(),
            &self.authentication(user_id),
            format!("session-{}", self.sessions_begun),
            Persistence::Persistent,
            self.limits,
        );
        self.session = Some(logged_in.session);
    }

    pub(super) fn log_out(&mut self) {
        self.session = None;
    }

    /// Answers the consent page that is owed now.
    pub(super) fn answer(&mut self, answer: Answer) -> Result<(), Late> {
        let Step::Show(Page::Consent(question)) = self.step() else {
            return Err(Late);
        };
        self.answer_question(question, answer)
    }

    /// Answers a consent page that showed `items` to `user_id`.
    pub(super) fn answer_shown(
        &mut self,
        user_id: &str,
        items: &[&str],
        answer: Answer,
    ) -> Result<(), Late> {
        let question = Question {
            user_id: user_id.to_owned(),
            items: items.iter().map(|&item| item.to_owned()).collect(),
            known: Vec::new(),
        };
        self.answer_question(question, answer)
    }

    pub(super) fn answer_question(
        &mut self,
        question: Question,
        answer: Answer,
    ) -> Result<(), Late> {
        self.advance(Event::AnsweredConsent(question.clone(), answer))?;
        if answer == Answer::Yes {
            let before = self.user_grants.get(&question.user_id);
            let scope = consent::merge(before, &question.items);
            let grant = json!({"id": "1", "clientID": "web", "user_id": question.user_id,
                "audience": "https://orders.test", "scope": scope});
            let grant = serde_json::from_value(grant).unwrap();
            self.user_grants.insert(question.user_id, grant);
        }
        Ok(())
    }

    pub(super) fn confirm(&mut self, user_id: &str) -> Result<(), Late> {
        self.advance(Event::Confirmed {
            user_id: user_id.to_owned(),
        })
    }

    /// Loads the facts, as a server would.
    fn with_facts<T>(&self, look: impl FnOnce(&Facts<'_>) -> T) -> T {
        let client: Client = serde_json::from_value(self.client.clone()).unwrap();
        let api: ResourceServer = serde_json::from_value(self.api.clone()).unwrap();
        let asked = self.request.target.api() == Some("https://orders.test");
        let user_id = self
            .session
            .as_ref()
            .map(|session| session.user_id.as_str())
            .filter(|user_id| !self.gone.contains(*user_id));
        let loaded = self.loaded_instead.as_deref().or(user_id);
        let account = loaded.map(|user_id| Account {
            user_id,
            state: if self.blocked.contains(user_id) {
                AccountState::Blocked
            } else {
                AccountState::Active
            },
            permissions: &self.permissions,
        });
        look(&Facts {
            client: &client,
            resource_server: asked.then_some(&api),
            client_grant: None,
            session: self.session.as_ref(),
            limits: self.limits,
            account,
            user_grant: user_id.and_then(|user_id| self.user_grants.get(user_id)),
            hinted_subject: self.hinted_subject.as_deref(),
            progress: &self.progress,
            login_form: self.login_form,
            confirmation: self.confirmation,
        })
    }
}
