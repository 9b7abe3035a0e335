//! People who log in: every request that browser and application make for it, one after the other, and many people at once.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, bail};
use grantor_jose::digest::{base64url, sha256};
use tokio::{net::TcpStream, task::JoinSet};

use crate::{
    cpu::Clock,
    load::{Outcome, converse, header},
    people::{API, CALLBACK, CLIENT, PASSWORD},
};

/// What somebody proves to have begun the login, RFC 7636.
const VERIFIER: &str = "bench-verifier-bench-verifier-bench-verifier-bench";

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A signed token for the API, and an ID token.
    Api,
    /// An opaque token for userinfo, and an ID token.
    Userinfo,
}

/// What a visitor has logged in before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Session {
    /// Nothing: each login begins in a new browser and asks for the password.
    New,
    /// A session that answers for the password.
    Kept,
}

/// The application that people log in to, and what it asks for.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) audience: String,
    pub(crate) scope: String,
}

impl App {
    /// The shop of [`crate::people`].
    pub(crate) fn shop() -> Self {
        let (client_id, client_secret) = CLIENT;
        Self {
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            audience: API.to_owned(),
            scope: "openid profile email".to_owned(),
        }
    }
}

/// What a login ended with.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) refresh_token: Option<String>,
}

/// Many people at once, for a while.
#[derive(Clone, Debug)]
pub(crate) struct Crowd {
    pub(crate) port: u16,
    /// Who logs in, in turn.
    pub(crate) emails: Arc<[String]>,
    pub(crate) session: Session,
    pub(crate) concurrency: usize,
    pub(crate) span: Duration,
}

impl Crowd {
    /// Lets them log in; every login must end with tokens.
    pub(crate) async fn run(&self) -> anyhow::Result<Outcome> {
        let (clock, turn) = (Clock::start(), Arc::new(AtomicUsize::new(0)));
        let mut people = JoinSet::new();
        for _ in 0..self.concurrency {
            people.spawn(self.clone().person(Arc::clone(&turn)));
        }
        let mut outcome = Outcome::default();
        while let Some(finished) = people.join_next().await {
            outcome.latencies_ms.extend(finished??);
        }
        outcome.seconds = clock.seconds();
        Ok(outcome)
    }

    async fn person(self, turn: Arc<AtomicUsize>) -> anyhow::Result<Vec<f64>> {
        let mut visitor = Visitor::connect(self.port, App::shop()).await?;
        let mut latencies = Vec::new();
        let clock = Clock::start();
        while clock.seconds() < self.span.as_secs_f64() {
            let number = turn.fetch_add(1, Ordering::Relaxed);
            let number = number.checked_rem(self.emails.len()).unwrap_or_default();
            let email = self.emails.get(number).context("nobody logs in")?;
            if self.session == Session::New {
                visitor.cookies.clear();
            }
            let before = clock.milliseconds();
            visitor.log_in(email, Target::Api).await?;
            latencies.push(clock.milliseconds() - before);
        }
        Ok(latencies)
    }
}

/// One browser, and the application that it logs in to.
#[derive(Debug)]
pub(crate) struct Visitor {
    stream: TcpStream,
    port: u16,
    app: App,
    cookies: BTreeMap<String, String>,
    buffer: Vec<u8>,
}

/// What the server answered.
#[derive(Debug)]
struct Answer {
    /// Where the browser is sent.
    location: Option<String>,
    body: String,
}

impl Visitor {
    pub(crate) async fn connect(port: u16, app: App) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            port,
            app,
            cookies: BTreeMap::new(),
            buffer: Vec::with_capacity(32 * 1024),
        })
    }

    /// Logs `email` in as far as needed, and exchanges the code.
    pub(crate) async fn log_in(&mut self, email: &str, target: Target) -> anyhow::Result<Tokens> {
        let mut answer = self.authorize(target, "").await?;
        loop {
            if let Some(location) = answer.location.take() {
                if location.starts_with(CALLBACK) {
                    return self.redeem(&code(&location)?).await;
                }
                answer = self.send(&format!("GET {location}"), "").await?;
                continue;
            }
            let (action, form) = filled(&answer.body, email)?;
            answer = self.send(&format!("POST {action}"), &form).await?;
        }
    }

    /// Asks whether there is a session, which answers with a code at once.
    pub(crate) async fn silently(&mut self) -> anyhow::Result<()> {
        let answer = self.authorize(Target::Userinfo, "&prompt=none").await?;
        code(&answer.location.context("no answer")?).map(drop)
    }

    async fn authorize(&mut self, target: Target, more: &str) -> anyhow::Result<Answer> {
        let challenge = base64url(&sha256(VERIFIER.as_bytes()));
        let App {
            client_id,
            audience,
            scope,
            ..
        } = &self.app;
        let audience = match target {
            Target::Api => format!("&audience={audience}"),
            Target::Userinfo => String::new(),
        };
        let scope = scope.replace(' ', "%20");
        let call = format!(
            "GET /authorize?client_id={client_id}&response_type=code&redirect_uri={CALLBACK}&state=bench&nonce=bench\
             &scope={scope}&code_challenge={challenge}&code_challenge_method=S256{audience}{more}"
        );
        self.send(&call, "").await
    }

    async fn redeem(&mut self, code: &str) -> anyhow::Result<Tokens> {
        let App {
            client_id,
            client_secret,
            ..
        } = &self.app;
        let form = format!(
            "grant_type=authorization_code&client_id={client_id}&client_secret={client_secret}&code={code}\
             &redirect_uri={CALLBACK}&code_verifier={VERIFIER}"
        );
        let answer = self.send("POST /oauth/token", &form).await?;
        serde_json::from_str(&answer.body).with_context(|| answer.body.clone())
    }

    async fn send(&mut self, call: &str, form: &str) -> anyhow::Result<Answer> {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = format!(
            "{call} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncookie: {}\r\naccept-language: en\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            self.port,
            cookies.join("; "),
            form.len()
        );
        let body = converse(&mut self.stream, &request, &mut self.buffer).await?;
        let text = std::str::from_utf8(&self.buffer)?;
        let (head, body) = text.split_at(body);
        if !head.starts_with("HTTP/1.1 2") && !head.starts_with("HTTP/1.1 3") {
            bail!("{call} was answered {text}");
        }
        for line in head.lines() {
            let pair = line
                .strip_prefix("set-cookie: ")
                .and_then(|line| line.split(';').next());
            if let Some((name, value)) = pair.and_then(|pair| pair.split_once('=')) {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(Answer {
            location: header(head, "location").map(str::to_owned),
            body: body.to_owned(),
        })
    }
}

/// The code in the address of the callback.
fn code(location: &str) -> anyhow::Result<String> {
    let code = location
        .split(['?', '&'])
        .find_map(|pair| pair.strip_prefix("code="));
    Ok(code
        .with_context(|| format!("no code: {location}"))?
        .to_owned())
}

/// Where the form of a login page goes, and what is sent.
fn filled(page: &str, email: &str) -> anyhow::Result<(String, String)> {
    let form = page
        .split("<form")
        .nth(1)
        .context("a page without a form")?;
    let attribute = |element: &str, name: &str| {
        let (_, rest) = element.split_once(&format!("{name}=\""))?;
        rest.split('"').next().map(str::to_owned)
    };
    let field = |name: &str| {
        let mark = format!("name=\"{name}\"");
        let element = form.split('<').find(|element| element.contains(&mark))?;
        attribute(element, "value")
    };
    let action = attribute(form, "action").context("a form that goes nowhere")?;
    let mut sent = format!(
        "state={}&csrf={}&username={email}",
        field("state").context("a form without a state")?,
        field("csrf").context("a form without a token")?,
    );
    if form.contains("name=\"password\"") {
        sent.extend(["&password=", PASSWORD]);
    }
    Ok((action, sent))
}
