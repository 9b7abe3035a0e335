//! Random walks over the dispatcher: repeats, two tabs, the back button, forged and late posts, restarts.
//!
//! A ledger keeps by itself what really happened in the browser. Whatever the walk, a code is offered only for what the
//! ledger has.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::json;

use super::world::{World, at, request};
use crate::{
    authorize::{
        Answer, Approval, AuthorizationRequest, Event, Page, Progress, Prompt, Screen, Step,
    },
    consent::Question,
};

const USERS: [&str; 2] = ["ada", "bob"];

/// What a tab may ask for; the last ones may show no page, or go where pages are owed in any case.
const REQUESTS: [&str; 12] = [
    "scope=openid",
    "scope=openid%20email",
    "scope=openid%20email%20read:orders&audience=https://orders.test",
    "scope=read:orders%20write:orders&audience=https://orders.test",
    "scope=openid&prompt=login",
    "scope=openid%20email&prompt=consent",
    "scope=openid&max_age=100",
    "scope=openid&max_age=0",
    "scope=openid%20email&redirect_uri=app:/cb",
    "scope=openid%20email&prompt=none",
    "response_type=token%20id_token&nonce=n&scope=openid%20email%20read:orders&audience=https://orders.test",
    "response_type=code%20id_token&nonce=n&scope=openid%20email&prompt=consent",
];

/// What happens next in the browser, or behind its back.
#[derive(Clone, Debug)]
enum Op {
    Begin(usize, usize),
    Look(usize),
    Password(usize, usize),
    /// Brings a ticket for a password that was typed elsewhere.
    Ticket(usize, usize),
    /// Posts the consent page that was shown so many pages ago.
    Consent(usize, usize, bool),
    /// Posts a consent page that nobody showed.
    ForgedConsent(usize, usize, Vec<String>),
    Confirm(usize, usize),
    Screen(usize, bool),
    Identifier(usize, bool),
    LogInElsewhere(usize),
    LogOut,
    Wait(i64),
    Block(usize, bool),
    RevokeConsent(usize),
    /// An administrator gives and takes permissions.
    Permit(Vec<String>),
    /// Another browser's stored login is put in the place of this tab's.
    Restart,
}

fn op() -> impl Strategy<Value = Op> {
    let (tab, user) = (0_usize..2, 0_usize..2);
    let items = proptest::collection::vec("email|read:orders|write:orders|x", 0..3);
    prop_oneof![
        3 => (tab.clone(), 0..REQUESTS.len()).prop_map(|(tab, request)| Op::Begin(tab, request)),
        6 => tab.clone().prop_map(Op::Look),
        4 => (tab.clone(), user.clone()).prop_map(|(tab, user)| Op::Password(tab, user)),
        1 => (tab.clone(), user.clone()).prop_map(|(tab, user)| Op::Ticket(tab, user)),
        6 => (tab.clone(), 0_usize..3, any::<bool>()).prop_map(|(tab, back, yes)| Op::Consent(tab, back, yes)),
        1 => (tab.clone(), user.clone(), items).prop_map(|(tab, user, items)| Op::ForgedConsent(tab, user, items)),
        2 => (tab.clone(), user.clone()).prop_map(|(tab, user)| Op::Confirm(tab, user)),
        1 => (tab.clone(), any::<bool>()).prop_map(|(tab, sign_up)| Op::Screen(tab, sign_up)),
        1 => (tab, any::<bool>()).prop_map(|(tab, empty)| Op::Identifier(tab, empty)),
        1 => user.clone().prop_map(Op::LogInElsewhere),
        1 => Just(Op::LogOut),
        2 => (0_i64..2000).prop_map(Op::Wait),
        1 => (user.clone(), any::<bool>()).prop_map(|(user, blocked)| Op::Block(user, blocked)),
        1 => user.prop_map(Op::RevokeConsent),
        1 => proptest::collection::vec("read:orders|write:orders", 0..3).prop_map(Op::Permit),
        1 => Just(Op::Restart),
    ]
}

/// A tab, and what really happened in it since its login began.
struct Tab {
    request: AuthorizationRequest,
    progress: Progress,
    begun_at: i64,
    shown: Vec<Question>,
    /// Who proved itself here, in which run of the browser's session.
    logins: BTreeSet<(String, u32)>,
    /// Who did so with a ticket.
    tickets: BTreeSet<(String, u32)>,
    consents: BTreeMap<(String, u32), BTreeSet<String>>,
    answered: BTreeSet<(String, u32)>,
    confirmed: BTreeSet<(String, u32)>,
}

/// What really happened in the browser.
struct Ledger {
    /// Who is logged in, since when, last used when, and in which run: a number that grows when the session is another.
    session: Option<(String, i64)>,
    run: u32,
    /// What each user agreed to and did not take back.
    agreed: BTreeMap<String, BTreeSet<String>>,
}

struct Walk {
    world: World,
    tabs: [Tab; 2],
    ledger: Ledger,
    third_party: bool,
    issued: usize,
}

impl Walk {
    fn new(third_party: bool) -> Self {
        let mut world = World::asking("scope=openid");
        world.change_client(&json!({"is_first_party": !third_party,
            "grant_types": ["authorization_code", "implicit"]}));
        world.change_api(
            &json!({"skip_consent_for_verifiable_first_party_clients": !third_party,
            "enforce_policies": true}),
        );
        world.limits.absolute_seconds = 5000;
        world.limits.idle_seconds = 5000;
        let tab = |request: &AuthorizationRequest| Tab {
            request: request.clone(),
            progress: Progress::default(),
            begun_at: 0,
            shown: Vec::new(),
            logins: BTreeSet::new(),
            tickets: BTreeSet::new(),
            consents: BTreeMap::new(),
            answered: BTreeSet::new(),
            confirmed: BTreeSet::new(),
        };
        let tabs = [tab(&world.request), tab(&world.request)];
        Self {
            world,
            tabs,
            ledger: Ledger {
                session: None,
                run: 0,
                agreed: BTreeMap::new(),
            },
            third_party,
            issued: 0,
        }
    }

    /// Runs `act` with the world turned to `tab`.
    fn in_tab<T>(&mut self, tab: usize, act: impl FnOnce(&mut World) -> T) -> T {
        self.world.request.clone_from(&self.tabs[tab].request);
        self.world.progress.clone_from(&self.tabs[tab].progress);
        let outcome = act(&mut self.world);
        self.tabs[tab].progress.clone_from(&self.world.progress);
        outcome
    }

    /// Who the ledger says is logged in.
    fn user(&self) -> Option<(String, u32)> {
        let (user, since) = self.ledger.session.as_ref()?;
        let lasts = self.world.now < since + 5000;
        lasts.then(|| (user.clone(), self.ledger.run))
    }

    /// A session of another user, or after a logout, is another run; logging in again as the same user is not.
    fn note_login(&mut self, user: &str) -> (String, u32) {
        let same = self
            .ledger
            .session
            .as_ref()
            .is_some_and(|(known, _)| known == user);
        if !same {
            self.ledger.run += 1;
        }
        self.ledger.session = Some((user.to_owned(), self.world.now));
        (user.to_owned(), self.ledger.run)
    }

    fn act(&mut self, op: Op) {
        match op {
            Op::Begin(tab, number) => self.begin(tab, number),
            Op::Look(tab) => {
                if let Step::Show(Page::Consent(question)) = self.in_tab(tab, |world| world.step())
                {
                    self.tabs[tab].shown.push(question);
                }
            }
            Op::Password(tab, user) => {
                let user = USERS[user];
                if self.in_tab(tab, |world| world.log_in(user)).is_ok() {
                    let proof = self.note_login(user);
                    self.tabs[tab].logins.insert(proof);
                }
            }
            Op::Ticket(tab, user) => {
                let user = USERS[user];
                if self.in_tab(tab, |world| world.bring_ticket(user)).is_ok() {
                    let proof = self.note_login(user);
                    self.tabs[tab].logins.insert(proof.clone());
                    self.tabs[tab].tickets.insert(proof);
                }
            }
            Op::Consent(tab, back, yes) => {
                let shown = self.tabs[tab].shown.iter().rev().nth(back).cloned();
                if let Some(question) = shown {
                    self.answer(tab, question, if yes { Answer::Yes } else { Answer::No });
                }
            }
            Op::ForgedConsent(tab, user, items) => {
                let question = Question {
                    user_id: USERS[user].to_owned(),
                    items,
                    known: Vec::new(),
                };
                self.answer(tab, question, Answer::Yes);
            }
            Op::Confirm(tab, user) => {
                if self.in_tab(tab, |world| world.confirm(USERS[user])).is_ok() {
                    let who = self.user().expect("somebody is logged in");
                    assert_eq!(
                        who.0, USERS[user],
                        "a confirmation of somebody else counted"
                    );
                    self.tabs[tab].confirmed.insert(who);
                }
            }
            Op::Screen(tab, sign_up) => {
                let screen = if sign_up {
                    Screen::SignUp
                } else {
                    Screen::Login
                };
                let _ = self.in_tab(tab, |world| world.advance(Event::ChoseScreen(screen)));
            }
            Op::Identifier(tab, empty) => {
                let text = if empty {
                    String::new()
                } else {
                    "ada".to_owned()
                };
                let event = Event::EnteredIdentifier(Some(text));
                let _ = self.in_tab(tab, |world| world.advance(event));
            }
            other => self.act_elsewhere(&other),
        }
    }

    fn act_elsewhere(&mut self, op: &Op) {
        match op {
            Op::LogInElsewhere(user) => {
                self.world.log_in_elsewhere(USERS[*user]);
                self.note_login(USERS[*user]);
            }
            Op::LogOut => {
                self.world.log_out();
                self.ledger.session = None;
            }
            Op::Wait(seconds) => self.world.later(*seconds),
            Op::Block(user, true) => {
                self.world.blocked.insert(USERS[*user].to_owned());
            }
            Op::Block(user, false) => {
                self.world.blocked.remove(USERS[*user]);
            }
            Op::RevokeConsent(user) => {
                self.world.user_grants.remove(USERS[*user]);
                self.ledger.agreed.remove(USERS[*user]);
            }
            Op::Permit(permissions) => self.world.permissions.clone_from(permissions),
            // Everything that counts is stored; nothing may depend on more.
            _ => {
                for tab in &mut self.tabs {
                    let request = serde_json::to_string(&tab.request).unwrap();
                    let progress = serde_json::to_string(&tab.progress).unwrap();
                    tab.request = serde_json::from_str(&request).unwrap();
                    tab.progress = serde_json::from_str(&progress).unwrap();
                }
            }
        }
    }

    fn begin(&mut self, tab: usize, number: usize) {
        let client = json!({"client_id": "web", "name": "Shop", "callbacks": ["https://shop.test/cb", "app:/cb"],
            "grant_types": ["authorization_code", "implicit"]});
        self.tabs[tab] = Tab {
            request: request(&client, REQUESTS[number], self.world.now),
            progress: Progress::default(),
            begun_at: self.world.now,
            shown: Vec::new(),
            logins: BTreeSet::new(),
            tickets: BTreeSet::new(),
            consents: BTreeMap::new(),
            answered: BTreeSet::new(),
            confirmed: BTreeSet::new(),
        };
    }

    fn answer(&mut self, tab: usize, question: Question, answer: Answer) {
        let posted = question.clone();
        let outcome = self.in_tab(tab, |world| world.answer_question(posted, answer));
        if outcome.is_err() {
            return;
        }
        let who = self.user().expect("somebody is logged in");
        assert_eq!(who.0, question.user_id, "consent of somebody else counted");
        self.tabs[tab].answered.insert(who.clone());
        if answer == Answer::Yes {
            let items = question.items.into_iter();
            self.ledger
                .agreed
                .entry(who.0.clone())
                .or_default()
                .extend(items.clone());
            self.tabs[tab]
                .consents
                .entry(who)
                .or_default()
                .extend(items);
        }
    }

    /// If a code is offered now, the ledger has everything that it takes.
    fn check(&mut self) {
        for number in 0..self.tabs.len() {
            if let Step::Issue(approval) = self.in_tab(number, |world| world.step()) {
                self.issued += 1;
                self.check_approval(&self.tabs[number], &approval);
            }
        }
    }

    fn check_approval(&self, tab: &Tab, approval: &Approval) {
        let who = self.user().expect("a code without a login");
        let since = self.ledger.session.as_ref().unwrap().1;
        let (user, now) = (who.0.as_str(), self.world.now);
        assert_eq!(approval.user_id(), user);
        assert_eq!(approval.session().authenticated_at, at(since));
        assert!(
            !self.world.blocked.contains(user),
            "a code for a blocked user"
        );
        assert!(now < tab.begun_at + 3600, "a code for a login that is over");
        let logged_in_here = tab.logins.contains(&who);
        if tab.request.prompt.wants_login() {
            assert!(logged_in_here, "prompt=login without a login");
        }
        if let Some(max_age) = tab.request.max_age_seconds {
            let young = max_age > 0 && now - since <= i64::try_from(max_age).unwrap();
            assert!(logged_in_here || young, "an old login passed max_age");
        }
        for scope in &approval.granted().scope {
            let standard = ["openid", "email"].contains(&scope.as_str());
            assert!(
                standard || self.world.permissions.contains(scope),
                "{scope} is not the user's"
            );
            assert!(
                tab.request.scope.contains(scope),
                "{scope} was not asked for"
            );
        }
        self.check_consent(tab, approval, &who);
        let verifiable = tab.request.return_address.redirect_uri.is_verifiable();
        let noticed = logged_in_here || tab.confirmed.contains(&who) || tab.answered.contains(&who);
        assert!(verifiable || noticed, "the user did not notice");
        if tab.request.is_silent() {
            assert!(tab.logins == tab.tickets && tab.answered.is_empty());
        }
    }

    fn check_consent(&self, tab: &Tab, approval: &Approval, who: &(String, u32)) {
        let always = tab.request.prompt.has(Prompt::CONSENT);
        let empty = BTreeSet::new();
        let here = tab.consents.get(who).unwrap_or(&empty);
        let ever = self.ledger.agreed.get(&who.0).unwrap_or(&empty);
        for item in approval
            .granted()
            .scope
            .iter()
            .filter(|item| *item != "openid")
        {
            if always {
                assert!(
                    here.contains(item),
                    "prompt=consent without consent to {item}"
                );
            } else if self.third_party {
                assert!(
                    here.contains(item) || ever.contains(item),
                    "no consent to {item}"
                );
            }
        }
        if always || self.third_party {
            let known = self.ledger.agreed.contains_key(&who.0);
            assert!(
                tab.answered.contains(who) || known && !always,
                "never asked"
            );
        }
    }
}

#[test]
fn no_walk_through_tabs_back_buttons_and_late_posts_reaches_a_code_without_its_proof() {
    let config = ProptestConfig::with_cases(1500);
    let mut runner = TestRunner::new(config);
    let issued = Cell::new(0_usize);
    let strategy = (any::<bool>(), proptest::collection::vec(op(), 1..60));
    runner
        .run(&strategy, |(third_party, ops)| {
            let mut walk = Walk::new(third_party);
            for op in ops {
                walk.act(op);
                walk.check();
            }
            issued.set(issued.get() + walk.issued);
            Ok(())
        })
        .unwrap();
    // A dispatcher that never issued would pass everything above.
    assert!(issued.get() > 500, "{}", issued.get());
}
