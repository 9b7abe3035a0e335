//! Random uses of refresh tokens, checked against a model of its own.
//!
//! The usual suite walks a little. The long walk, 10 000 runs on each engine:
//! `REFRESH_TOKEN_RUNS=10000 cargo test -p grantor-server --test it refresh_tokens::walk`.

use grantor_protocol::model::Client;
use serde_json::{Value, json};

use super::{
    model::{Expected, Model, Settings},
    *,
};
use crate::support::on_both_engines;

on_both_engines!(families_do_what_the_model_says_whatever_comes);

/// Runs in the usual suite.
const RUNS: u64 = 40;
/// Steps of a run.
const STEPS: usize = 16;
const CLIENTS: [&str; 2] = ["web", "phone"];
const ADA_AT: &str = "/users/auth0%7Cada";

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
}

struct Walk<'a> {
    server: &'a TestServer,
    chance: Chance,
    model: Model,
    /// What was done, for whoever reads of a failure.
    tape: Vec<String>,
}

async fn families_do_what_the_model_says_whatever_comes(server: TestServer) {
    let server = prepared(server).await;
    let runs = std::env::var("REFRESH_TOKEN_RUNS");
    let runs = runs.map_or(RUNS, |runs| runs.parse().unwrap());
    for seed in 1..=runs {
        let mut batch = server.app.store.batch();
        batch.revoke_tokens_of_user(&tenant(), ADA);
        server.app.store.commit(batch).await.unwrap();
        let mut walk = Walk {
            server: &server,
            chance: Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            model: Model::default(),
            tape: vec![format!("seed {seed}")],
        };
        for client in 0..CLIENTS.len() {
            let settings = walk.choose(client).await;
            walk.model.settings.push(settings);
        }
        walk.log_in().await;
        for _ in 0..STEPS {
            walk.step().await;
        }
        walk.look().await;
    }
}

impl Walk<'_> {
    async fn step(&mut self) {
        match self.chance.below(40) {
            0..=3 => self.log_in().await,
            4..=16 => self.refresh(0).await,
            17..=21 => self.refresh(1).await,
            22..=23 => self.refresh(2).await,
            24..=26 => self.refresh_of_another().await,
            27 => self.garbage().await,
            28..=29 => self.revoke().await,
            30 => {
                let client = self.chance.below(CLIENTS.len());
                self.model.settings[client] = self.choose(client).await;
            }
            31 => self.change_password().await,
            32 => self.block().await,
            33 => self.look().await,
            _ => {
                let seconds = self.chance.of(&[1, 4, 5, 9, 10, 49, 50, 199]);
                self.note(format!("{seconds} seconds"));
                self.server.clock.advance(seconds);
                self.model.now += seconds;
            }
        }
    }

    fn note(&mut self, what: String) {
        self.tape.push(what);
    }

    /// Gives a client other settings.
    async fn choose(&mut self, client: usize) -> Settings {
        let settings = Settings {
            rotates: self.chance.below(3) != 0,
            leeway: self.chance.of(&[0, 0, 5, 10]),
            life: self.chance.of(&[None, Some(200), Some(400)]),
            idle: self.chance.of(&[None, Some(50), Some(100)]),
        };
        self.note(format!("{}: {settings:?}", CLIENTS[client]));
        let rotation = ["non-rotating", "rotating"][usize::from(settings.rotates)];
        let members = json!({"refresh_token": {
            "rotation_type": rotation, "expiration_type": "expiring", "leeway": settings.leeway,
            "token_lifetime": settings.life.unwrap_or(1), "infinite_token_lifetime": settings.life.is_none(),
            "idle_token_lifetime": settings.idle.unwrap_or(1), "infinite_idle_token_lifetime": settings.idle.is_none(),
        }});
        self.server
            .change::<Client>(CLIENTS[client], &members)
            .await;
        settings
    }

    async fn log_in(&mut self) {
        let client = self.chance.below(CLIENTS.len());
        self.note(format!("login at {}", CLIENTS[client]));
        // Without openid nothing is signed, so that a run is quick.
        let tokens = tokens(self.server, CLIENTS[client], "scope=offline_access").await;
        let (token, access) = self.pair(&tokens);
        assert!(!self.model.knows(&token), "{:#?}", self.tape);
        self.model.logged_in(client, token, access);
    }

    fn pair(&self, tokens: &Value) -> (String, String) {
        let text = |name: &str| tokens[name].as_str().map(str::to_owned);
        let pair = text("refresh_token").zip(text("access_token"));
        pair.unwrap_or_else(|| panic!("{tokens} {:#?}", self.tape))
    }

    /// The client uses one of its tokens, `back` generations old.
    async fn refresh(&mut self, back: usize) {
        let family = self.chance.below(self.model.families());
        let client = self.model.client(family);
        self.use_token(client, family, back).await;
    }

    async fn refresh_of_another(&mut self) {
        let family = self.chance.below(self.model.families());
        let client = 1 - self.model.client(family);
        let back = self.chance.below(3);
        self.use_token(client, family, back).await;
    }

    async fn use_token(&mut self, client: usize, family: usize, back: usize) {
        let Some(token) = self.model.token(family, back).map(str::to_owned) else {
            return;
        };
        let expected = self.model.uses(client, family, back);
        let name = CLIENTS[client];
        self.note(format!(
            "{name}: family {family}, {back} back: {expected:?}"
        ));
        let answer = refresh(self.server, name, &token).await;
        let body = answer.json();
        let sentence = match expected {
            Expected::Refused => UNKNOWN,
            Expected::Blocked => "user is blocked",
            Expected::NewToken | Expected::KnownToken => {
                assert_eq!(answer.status, 200, "{body} {:#?}", self.tape);
                let (given, access) = self.pair(&body);
                if expected == Expected::NewToken {
                    assert!(!self.model.knows(&given), "{:#?}", self.tape);
                } else {
                    let newest = self.model.token(family, 0);
                    assert_eq!(Some(given.as_str()), newest, "{:#?}", self.tape);
                }
                self.model.gave(family, &given, access);
                return;
            }
        };
        let (status, said) = (answer.status.as_u16(), &body["error_description"]);
        assert_eq!((status, said), (403, &json!(sentence)), "{:#?}", self.tape);
        assert_eq!(body["error"], "invalid_grant");
    }

    /// A token that somebody altered.
    async fn garbage(&mut self) {
        let family = self.chance.below(self.model.families());
        let mut letters: Vec<_> = self.model.token(family, 0).unwrap().chars().collect();
        let place = 3 + self.chance.below(letters.len() - 4);
        letters[place] = if letters[place] == 'x' { 'y' } else { 'x' };
        let token: String = letters.into_iter().collect();
        self.note(format!("family {family}, letter {place} altered"));
        let name = CLIENTS[self.model.client(family)];
        refused(&refresh(self.server, name, &token).await);
    }

    async fn revoke(&mut self) {
        let family = self.chance.below(self.model.families());
        let (client, back) = (self.chance.below(CLIENTS.len()), self.chance.below(3));
        let Some(token) = self.model.token(family, back).map(str::to_owned) else {
            return;
        };
        self.note(format!("{} revokes family {family}", CLIENTS[client]));
        let mut body = json!({"client_id": CLIENTS[client], "token": token});
        if CLIENTS[client] == "web" {
            body["client_secret"] = json!("s3cret");
        }
        let request = Request::post("/oauth/revoke").header("content-type", "application/json");
        let request = request.body(Body::from(body.to_string())).unwrap();
        let answer = self.server.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
        self.model.revoked(client, family);
    }

    async fn change_password(&mut self) {
        self.note("a new password".to_owned());
        let password = format!("Apples-and-pears-{}", self.tape.len());
        let body = json!({"password": password});
        self.server.manage("PATCH", ADA_AT, body).await;
        self.model.password_changed();
    }

    async fn block(&mut self) {
        self.note("the user is blocked".to_owned());
        self.server
            .manage("PATCH", ADA_AT, json!({"blocked": true}))
            .await;
        self.model.user_blocked();
        self.look().await;
        self.refresh(0).await;
        self.note("and unblocked".to_owned());
        self.server
            .manage("PATCH", ADA_AT, json!({"blocked": false}))
            .await;
        self.model.blocked = false;
    }

    /// Looks which access tokens are good: userinfo wants more of one that is, and knows no other.
    async fn look(&self) {
        for (token, good) in self.model.access() {
            let authorization = format!("Bearer {token}");
            let request = Request::get("/userinfo").header("authorization", authorization);
            let request = request.body(Body::empty()).unwrap();
            let status = self.server.send(request).await.status.as_u16();
            let expected = if good { 403 } else { 401 };
            assert_eq!(status, expected, "{:#?}", self.tape);
        }
    }
}
