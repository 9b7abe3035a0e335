//! Random walks over logins, by HTTP: people at three browsers who repeat themselves, go back, open tabs, post too late,
//! nothing, or what another browser was shown, while servers start anew and an administrator ends sessions and blocks.

mod forms;
mod model;

use std::{collections::BTreeMap, rc::Rc};

use axum::body::Body;
use grantor_protocol::{
    document::Document,
    model::{Client, Prompts, UserGrant},
    tenant::TenantId,
    users::UserId,
};
use grantor_storage::{Selection, Window};
use http::Request;
use serde_json::{Value, json};

use self::model::{CALLBACKS, Model};
use crate::support::{Browser, PASSWORD, Page, TestServer, on_both_engines};

on_both_engines!(a_code_is_for_whom_the_browser_proved_to_be_and_for_what_was_agreed_to);

const WALKS: u64 = 4;
const STEPS: usize = 200;
const BROWSERS: usize = 3;
const SESSION_COOKIE: &str = "__Host-grantor_session";
const CONNECTION: &str = "Username-Password-Authentication";
/// Who is there from the beginning; every password is one user's alone.
const PEOPLE: [(&str, &str); 2] = [
    ("ada@orchard.test", PASSWORD),
    ("bob@orchard.test", "Plums-and-cherries-8"),
];

/// The same numbers for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// A page that was shown, and in which request's login.
#[derive(Clone)]
struct Shown {
    page: Rc<Page>,
    request: Option<usize>,
}

struct Walk<'a> {
    nodes: [TestServer; 2],
    clock: &'a TestServer,
    chance: Chance,
    cookies: Vec<BTreeMap<String, String>>,
    pages: Vec<Vec<Shown>>,
    /// Which request a login of the server belongs to, by the `state` of its pages.
    logins: BTreeMap<String, usize>,
    people: Vec<(String, String)>,
    model: Model,
    tape: Vec<String>,
}

async fn a_code_is_for_whom_the_browser_proved_to_be_and_for_what_was_agreed_to(
    server: TestServer,
) {
    let server = prepared(server).await;
    let (mut codes, mut accepts) = (0, 0);
    for seed in 1..=WALKS {
        let identifier_first = json!({"identifier_first": seed % 2 == 0});
        server.change::<Prompts>("prompts", &identifier_first).await;
        let mut walk = Walk::begin(&server, seed).await;
        for _ in 0..STEPS {
            walk.step().await;
        }
        walk.only_who_agreed_has_grants().await;
        codes += walk.model.codes;
        accepts += walk.model.accepts;
        walk.forget_everything().await;
    }
    // Else the walks went nowhere and proved nothing.
    assert!(
        50 < codes && 5 < accepts,
        "{codes} codes, {accepts} consents"
    );
}

async fn prepared(server: TestServer) -> TestServer {
    for (client_id, first_party) in [("web", true), ("tpc", false)] {
        let body = json!({
            "client_id": client_id, "name": client_id, "client_secret": "s3cret", "app_type": "regular_web",
            "grant_types": ["authorization_code"], "callbacks": CALLBACKS, "is_first_party": first_party,
        });
        server.put::<Client>(&body).await;
    }
    let server = server.with_people(&["web", "tpc"]).await;
    let (email, password) = PEOPLE[1];
    let body = json!({"connection": CONNECTION, "email": email, "password": password});
    let request = Request::post("/dbconnections/signup").header("content-type", "application/json");
    let answer = server
        .send(request.body(Body::from(body.to_string())).unwrap())
        .await;
    assert_eq!(answer.status, 200);
    server
}

async fn grants(server: &TestServer) -> Vec<Value> {
    let selection = Selection {
        link: None,
        window: Window::Offset {
            start: 0,
            limit: 50,
        },
        with_total: false,
    };
    let tenant = TenantId::default_tenant();
    let list = server.app.store.list(&tenant, &UserGrant::KIND, &selection);
    let records = list.await.unwrap().records;
    records.into_iter().map(|record| record.body).collect()
}

impl Drop for Walk<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // What led there; the seed leads there again.
            for line in &self.tape {
                eprintln!("{line}");
            }
        }
    }
}

impl<'a> Walk<'a> {
    async fn begin(server: &'a TestServer, seed: u64) -> Self {
        let owned = |(email, password): (&str, &str)| (email.to_owned(), password.to_owned());
        Self {
            nodes: [server.another_node().await, server.another_node().await],
            clock: server,
            chance: Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            cookies: vec![BTreeMap::new(); BROWSERS],
            pages: vec![Vec::new(); BROWSERS],
            logins: BTreeMap::new(),
            people: PEOPLE.map(owned).to_vec(),
            model: Model::default(),
            tape: vec![format!("seed {seed}")],
        }
    }

    async fn step(&mut self) {
        self.clock.clock.advance(1);
        self.model.now = self.clock.app.env.now().seconds();
        let browser = self.chance.below(BROWSERS);
        match self.chance.below(40) {
            0..=8 => self.ask(browser).await,
            9..=27 => self.submit(browser, browser).await,
            28..=29 => self.submit(browser, (browser + 1) % BROWSERS).await,
            30..=32 => self.go_back(browser, browser).await,
            33 => self.go_back(browser, (browser + 1) % BROWSERS).await,
            34 => self.mix(browser).await,
            35 => self.log_out(browser).await,
            36 => self.wait(),
            37 => self.lose_cookies(browser),
            38 => self.restart().await,
            _ => self.administer().await,
        }
    }

    fn say(&mut self, text: &str) {
        let now = self.model.now;
        self.tape.push(format!("{now} {text}"));
    }

    async fn ask(&mut self, browser: usize) {
        let client = self.chance.of(&["web", "tpc"]);
        // Half of the callbacks of a walk would be confirmation pages otherwise.
        let callback = CALLBACKS[usize::from(self.chance.once_in(4))];
        let prompt = self.chance.of(&["", "", "", "login", "consent", "none"]);
        let max_age = self.chance.of(&[None, None, Some(40)]);
        let screen = self.chance.of(&["", "", "", "signup"]);
        let request = self
            .model
            .ask(browser, (client, callback), (prompt, max_age));
        let address = self.address(request, screen);
        self.visit(browser, &address, Some(request)).await;
    }

    fn address(&self, request: usize, screen: &str) -> String {
        let asked = &self.model.asked[request];
        let age = asked.max_age.unwrap_or(10_000_000);
        let mut query = format!(
            "client_id={}&redirect_uri={}&response_type=code&scope=openid%20email&state={request}&max_age={age}",
            asked.client, asked.callback
        );
        for (name, value) in [("prompt", asked.prompt), ("screen_hint", screen)] {
            if !value.is_empty() {
                query.extend(["&", name, "=", value]);
            }
        }
        format!("/authorize?{query}")
    }

    /// An address that `of` was shown, typed into `browser`.
    async fn go_back(&mut self, browser: usize, of: usize) {
        let Some(shown) = self.any_page(of) else {
            return;
        };
        let own = self.chance.once_in(3).then_some(shown.request).flatten();
        match own {
            // The back button, as far as the application.
            Some(request) if self.model.asked[request].browser == browser => {
                self.model.ask_again(request);
                let address = self.address(request, "");
                self.visit(browser, &address, Some(request)).await;
            }
            _ => {
                let state = shown.page.attribute("name=\"state\"", "value");
                let path = self.chance.of(&[
                    "/u/login",
                    "/u/signup",
                    "/u/consent",
                    "/u/confirm",
                    "/u/login/identifier",
                    "/u/login/password",
                    "/authorize/resume",
                ]);
                let address = format!("{path}?state={}", state.unwrap_or_default());
                self.visit(browser, &address, shown.request).await;
            }
        }
    }

    /// A page that was shown in `browser`, likely the last.
    fn any_page(&mut self, browser: usize) -> Option<Shown> {
        let pages = self.pages[browser].len().checked_sub(1)?;
        let back = if self.chance.once_in(4) {
            self.chance.below(pages + 1)
        } else {
            0
        };
        Some(self.pages[browser][pages - back].clone())
    }

    async fn visit(&mut self, browser: usize, address: &str, request: Option<usize>) {
        self.say(&format!("browser {browser} goes to {address}"));
        let node = self.chance.below(2);
        let before = self.cookies[browser].get(SESSION_COOKIE).cloned();
        let mut tab = Browser::new(&self.nodes[node]);
        tab.cookies = std::mem::take(&mut self.cookies[browser]);
        let page = tab.go(address).await;
        self.cookies[browser] = tab.cookies;
        let after = self.cookies[browser].get(SESSION_COOKIE);
        assert_eq!(before.as_ref(), after, "an address changed the session");
        self.arrive(browser, request, page).await;
    }

    /// Looks at where a browser ended up.
    async fn arrive(&mut self, browser: usize, request: Option<usize>, page: Page) {
        let status = page.answer.status.as_u16();
        self.say(&format!("    {status} at {}", page.url));
        assert!(status < 500, "{}", page.html());
        if !page.url.starts_with('/') {
            let ends = CALLBACKS
                .iter()
                .any(|callback| page.url.starts_with(callback));
            assert!(ends, "sent to {}", page.url);
            let state = page.parameter("state").expect("the client's state");
            let request = state.parse().expect("the client's state");
            if let Some(code) = page.parameter("code") {
                let claims = self.redeem(request, &code).await;
                self.model.code(browser, request, &claims);
            }
            return;
        }
        let Some(state) = page.attribute("name=\"state\"", "value") else {
            return;
        };
        let known = self.logins.get(&state).copied();
        let request = known.or(request);
        if let Some(request) = request {
            self.logins.insert(state, request);
        }
        let page = Rc::new(page);
        self.pages[browser].push(Shown { page, request });
    }

    async fn redeem(&mut self, request: usize, code: &str) -> Value {
        let asked = &self.model.asked[request];
        let form = json!({
            "grant_type": "authorization_code", "client_id": asked.client, "client_secret": "s3cret",
            "code": code, "redirect_uri": asked.callback,
        });
        let node = self.chance.below(2);
        let answer = self.nodes[node].token(&form).await;
        answer.access_token();
        let id_token = answer.json()["id_token"].as_str().unwrap().to_owned();
        crate::support::decoded(&id_token).1
    }

    async fn log_out(&mut self, browser: usize) {
        self.say(&format!("browser {browser} logs out"));
        let mut tab = Browser::new(&self.nodes[0]);
        tab.cookies = std::mem::take(&mut self.cookies[browser]);
        let page = tab.go("/v2/logout").await;
        self.cookies[browser] = tab.cookies;
        assert!(page.answer.status.as_u16() < 500);
        assert!(!self.cookies[browser].contains_key(SESSION_COOKIE));
        self.model.sessions.remove(&browser);
    }

    fn wait(&mut self) {
        let seconds = self
            .chance
            .of(&[30, 60, 60, 600, 3500, 3601, 71 * 3600, 73 * 3600]);
        self.say(&format!("{seconds} s go by"));
        self.clock.clock.advance(seconds);
    }

    /// The browser is closed and forgets; or it comes up with cookies it had before.
    fn lose_cookies(&mut self, browser: usize) {
        let all = self.chance.once_in(2);
        self.say(&format!("browser {browser} loses cookies, all: {all}"));
        if all {
            self.cookies[browser].clear();
            self.model.sessions.remove(&browser);
        } else {
            self.cookies[browser].retain(|name, _| name == SESSION_COOKIE);
        }
    }

    async fn restart(&mut self) {
        let node = self.chance.below(2);
        self.say(&format!("server {node} starts anew"));
        self.nodes[node] = self.clock.another_node().await;
    }

    async fn administer(&mut self) {
        let number = self.chance.below(self.people.len());
        let email = self.people[number].0.clone();
        let Some(subject) = self.model.subjects.get(&email).cloned() else {
            return;
        };
        let (store, tenant) = (&self.clock.app.store, TenantId::default_tenant());
        let mut batch = store.batch();
        if self.chance.once_in(2) {
            self.say(&format!("the sessions of {email} end"));
            batch.end_sessions_of_user(&tenant, &subject);
            self.model.end_sessions_of(&email);
        } else {
            let blocked = self.model.blocked.remove(&email);
            if !blocked {
                self.model.blocked.insert(email.clone());
            }
            self.say(&format!("{email} is blocked: {}", !blocked));
            let id = UserId::parse(&subject).unwrap();
            let mut stored = store.find_user(&tenant, &id).await.unwrap().unwrap();
            stored.user.blocked = Some(!blocked);
            batch.replace_user(&tenant, &stored.user, stored.revision);
        }
        store.commit(batch).await.unwrap();
    }

    /// Nothing of one walk is there in the next.
    async fn forget_everything(&self) {
        let (store, tenant) = (&self.clock.app.store, TenantId::default_tenant());
        let mut batch = store.batch();
        for grant in grants(self.clock).await {
            let id = grant["id"].as_str().unwrap();
            batch.delete(&tenant, &UserGrant::KIND, id, self.clock.app.env.now());
        }
        for email in &self.model.blocked {
            let id = UserId::parse(&self.model.subjects[email]).unwrap();
            let mut stored = store.find_user(&tenant, &id).await.unwrap().unwrap();
            stored.user.blocked = Some(false);
            batch.replace_user(&tenant, &stored.user, stored.revision);
        }
        store.commit(batch).await.unwrap();
    }

    async fn only_who_agreed_has_grants(&self) {
        let agreed = self.model.consenting_subjects();
        for grant in grants(self.clock).await {
            let user = grant["user_id"].as_str().unwrap();
            let third_party = grant["client_id"] == "tpc";
            assert!(!third_party || agreed.contains(user), "{grant}");
        }
    }
}
