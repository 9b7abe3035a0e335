//! Refresh tokens with rotation, on one family each and on one for all; silent authentication; revocation.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use grantor_jose::{Algorithm, KeyType};
use serde_json::{Value, json};
use tokio::{net::TcpStream, sync::Barrier, task::JoinSet};

use crate::{
    cpu::Clock,
    crowd::{App, Target, Visitor},
    load::{Outcome, exchange},
    people::{CALLBACK, PASSWORD},
    report::median,
    sections::{Bench, tokens::signature_cpu},
    server::Grantor,
};

/// How long each load runs.
const SPAN: Duration = Duration::from_secs(2);
const EMAIL: &str = "ada@shop.bench";
/// An API whose signature is cheap, so that it does not hide the rest.
const API: &str = "https://refresh.bench/api";
const CONCURRENCIES: [usize; 3] = [1, 16, 64];
/// Who refreshes at once, and how often, where families are compared.
const CROWD: usize = 16;
const TURNS: usize = 60;
const ROUNDS: usize = 5;
const REVOCATIONS: usize = 200;
/// Beside the signature, in seconds of CPU.
const BUDGET_US: f64 = 60.0;

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    engine(bench, "SQLite", &[]).await?;
    if bench.postgres {
        bench.report.progress("starting a PostgreSQL");
        let postgres = tokio::task::spawn_blocking(grantor_testkit::Postgres::start).await?;
        let url = postgres.fresh_database();
        engine(bench, "PostgreSQL", &[("GRANTOR_STORAGE_URL", url)]).await?;
    }
    Ok(())
}

async fn engine(
    bench: &mut Bench,
    name: &str,
    environment: &[(&str, String)],
) -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let server = Grantor::start(&bench.binary, directory.path(), environment).await?;
    let app = set_up(&server).await?;
    let mut visitor = Visitor::connect(server.port, app.clone()).await?;
    let mut families = Vec::new();
    for _ in 0..64 {
        families.push(family(&mut visitor).await?);
    }
    let signature = signature_cpu(KeyType::P256, Algorithm::ES256, 40_000)?;
    bench
        .report
        .figure("  one ES256 signature", signature * 1e6, "µs CPU");
    for concurrency in CONCURRENCIES {
        let before = server.cpu_seconds()?;
        let some = families.iter_mut().take(concurrency);
        let outcome = on_their_own(&server, &app, some).await?;
        let cpu = (server.cpu_seconds()? - before) / outcome.requests_f64();
        let what = format!("{name}: refresh with rotation, concurrency {concurrency}");
        bench.report.load(&what, &outcome, cpu);
        let what = format!("{what}, CPU − signature");
        let figure = (cpu - signature) * 1e6;
        // The budget is for the embedded database: of the other one the server pays for talking to it.
        if environment.is_empty() && concurrency >= CROWD {
            bench.report.budget(&what, figure, "µs", BUDGET_US);
        } else {
            bench.report.figure(&what, figure, "µs");
        }
    }
    contended(bench, name, &server, &app, &mut families).await?;
    silent(bench, name, &server, &mut visitor).await?;
    revocations(bench, name, &server, &app, &mut visitor).await?;
    server.stop().await
}

/// An API, an application whose refresh tokens rotate, and somebody who logs in to it.
async fn set_up(server: &Grantor) -> anyhow::Result<App> {
    let token = server.management_token().await?;
    let manage = |call: &'static str, body: Value| {
        let token = token.clone();
        async move { server.manage(call, &token, &body).await }
    };
    manage(
        "POST /resource-servers",
        json!({
            "name": "Refresh", "identifier": API, "signing_alg": "ES256", "allow_offline_access": true,
            "scopes": [{"value": "read:shop"}], "skip_consent_for_verifiable_first_party_clients": true,
        }),
    )
    .await?;
    let client = manage(
        "POST /clients",
        json!({
            "name": "Shop", "app_type": "regular_web", "callbacks": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            "refresh_token": {"rotation_type": "rotating", "expiration_type": "expiring", "leeway": 60},
        }),
    )
    .await?;
    let app = App {
        client_id: text(&client, "client_id")?,
        client_secret: text(&client, "client_secret")?,
        audience: API.to_owned(),
        scope: "offline_access read:shop".to_owned(),
    };
    let connections = manage("GET /connections", Value::Null).await?;
    let connection = connections.get(0).context("no connection")?;
    let enabled = json!([{"client_id": app.client_id, "status": true}]);
    let call = format!("PATCH /connections/{}/clients", text(connection, "id")?);
    server.manage(&call, &token, &enabled).await?;
    manage(
        "POST /users",
        json!({"connection": text(connection, "name")?, "email": EMAIL, "password": PASSWORD}),
    )
    .await?;
    Ok(app)
}

fn text(object: &Value, name: &str) -> anyhow::Result<String> {
    let found = object.get(name).and_then(Value::as_str);
    Ok(found.with_context(|| format!("no {name}"))?.to_owned())
}

/// The first refresh token of a new family.
async fn family(visitor: &mut Visitor) -> anyhow::Result<String> {
    let tokens = visitor.log_in(EMAIL, Target::Api).await?;
    tokens.refresh_token.context("no refresh token")
}

/// One connection to the token endpoint.
struct Refresher {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Refresher {
    async fn connect(server: &Grantor) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", server.port)).await?;
        stream.set_nodelay(true)?;
        let buffer = Vec::with_capacity(16 * 1024);
        Ok(Self { stream, buffer })
    }

    /// The successor of the token that `request` sends.
    async fn refresh(&mut self, request: &str) -> anyhow::Result<String> {
        let body = exchange(&mut self.stream, request, &mut self.buffer).await?;
        let answer: Value = serde_json::from_slice(self.buffer.get(body..).unwrap_or_default())?;
        text(&answer, "refresh_token")
    }
}

/// What is sent for one refresh.
#[derive(Clone)]
struct Requests {
    port: u16,
    credential: String,
}

impl Requests {
    fn of(server: &Grantor, app: &App) -> Self {
        let App {
            client_id,
            client_secret,
            ..
        } = app;
        Self {
            port: server.port,
            credential: format!("client_id={client_id}&client_secret={client_secret}"),
        }
    }

    fn refresh(&self, token: &str) -> String {
        let form = format!("grant_type=refresh_token&refresh_token={token}");
        self.post("/oauth/token", &form)
    }

    fn revoke(&self, token: &str) -> String {
        self.post("/oauth/revoke", &format!("token={token}"))
    }

    fn post(&self, path: &str, form: &str) -> String {
        let form = format!("{form}&{}", self.credential);
        format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\n\r\n{form}",
            self.port,
            form.len()
        )
    }
}

/// Refreshes each family over a connection of its own, again and again.
async fn on_their_own(
    server: &Grantor,
    app: &App,
    families: impl Iterator<Item = &mut String>,
) -> anyhow::Result<Outcome> {
    let (clock, requests) = (Clock::start(), Requests::of(server, app));
    let mut connections = JoinSet::new();
    let (mut outcome, mut places) = (Outcome::default(), Vec::new());
    for (number, family) in families.enumerate() {
        let (requests, mut token) = (requests.clone(), family.clone());
        let mut refresher = Refresher::connect(server).await?;
        places.push(family);
        connections.spawn(async move {
            let mut latencies = Vec::new();
            while clock.seconds() < SPAN.as_secs_f64() {
                let before = clock.milliseconds();
                token = refresher.refresh(&requests.refresh(&token)).await?;
                latencies.push(clock.milliseconds() - before);
            }
            anyhow::Ok((number, token, latencies))
        });
    }
    while let Some(finished) = connections.join_next().await {
        let (number, token, latencies) = finished??;
        outcome.latencies_ms.extend(latencies);
        **places.get_mut(number).context("a family")? = token;
    }
    outcome.seconds = clock.seconds();
    Ok(outcome)
}

/// p99 where all refresh one family at the same moment, against each its own; by turns.
async fn contended(
    bench: &mut Bench,
    name: &str,
    server: &Grantor,
    app: &App,
    families: &mut [String],
) -> anyhow::Result<()> {
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let mut p99 = [0.0; 2];
        for (p99, size) in p99.iter_mut().zip([CROWD, 1]) {
            let some = families.get_mut(..size).context("families")?;
            let outcome = in_step(server, app, some).await?;
            *p99 = outcome.quantile_ms(0.99);
        }
        let [alone, together] = p99;
        ratios.push(together / alone);
    }
    let what = format!("{name}: refresh of one family by {CROWD} ÷ of {CROWD}: p99");
    bench.report.budget(&what, median(&mut ratios), "×", 2.0);
    Ok(())
}

/// Lets everybody refresh at the same moment, turn by turn: each a family of its own, or all the same one.
async fn in_step(server: &Grantor, app: &App, families: &mut [String]) -> anyhow::Result<Outcome> {
    let (clock, requests) = (Clock::start(), Requests::of(server, app));
    let barrier = Arc::new(Barrier::new(CROWD));
    let mut connections = JoinSet::new();
    for number in 0..CROWD {
        let place = number % families.len();
        let token = families.get(place).context("a family")?.clone();
        let (requests, barrier) = (requests.clone(), Arc::clone(&barrier));
        let mut refresher = Refresher::connect(server).await?;
        connections.spawn(async move {
            let (mut token, mut latencies) = (token, Vec::new());
            for _ in 0..TURNS {
                barrier.wait().await;
                let before = clock.milliseconds();
                token = refresher.refresh(&requests.refresh(&token)).await?;
                latencies.push(clock.milliseconds() - before);
            }
            anyhow::Ok((place, token, latencies))
        });
    }
    let mut outcome = Outcome::default();
    while let Some(finished) = connections.join_next().await {
        let (place, token, latencies) = finished??;
        outcome.latencies_ms.extend(latencies);
        *families.get_mut(place).context("a family")? = token;
    }
    outcome.seconds = clock.seconds();
    Ok(outcome)
}

/// Answers without a page to somebody who has a session.
async fn silent(
    bench: &mut Bench,
    name: &str,
    server: &Grantor,
    visitor: &mut Visitor,
) -> anyhow::Result<()> {
    let before = server.cpu_seconds()?;
    let (clock, mut outcome) = (Clock::start(), Outcome::default());
    while clock.seconds() < SPAN.as_secs_f64() {
        let began = clock.milliseconds();
        visitor.silently().await?;
        outcome.latencies_ms.push(clock.milliseconds() - began);
    }
    outcome.seconds = clock.seconds();
    let cpu = (server.cpu_seconds()? - before) / outcome.requests_f64();
    let what = format!("{name}: silent authentication, until the code");
    bench.report.load(&what, &outcome, cpu);
    Ok(())
}

/// Revokes families that nobody uses any more.
async fn revocations(
    bench: &mut Bench,
    name: &str,
    server: &Grantor,
    app: &App,
    visitor: &mut Visitor,
) -> anyhow::Result<()> {
    let requests = Requests::of(server, app);
    let mut revoke = Vec::new();
    for _ in 0..REVOCATIONS {
        revoke.push(requests.revoke(&family(visitor).await?));
    }
    let (outcome, cpu) = server.each_once(&revoke.into(), CROWD).await?;
    let what = format!("{name}: revocation, concurrency {CROWD}");
    bench.report.load(&what, &outcome, cpu);
    Ok(())
}
