//! People who log in, with a password and with a session, and userinfo, among few users and among many; machine tokens
//! while everybody logs in.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use grantor_jose::{Algorithm, KeyType};
use grantor_protocol::{secret::Secret, tenant::TenantId};

use crate::{
    cpu::ProcessCpu,
    crowd::{App, Crowd, Session, Target, Visitor},
    load::Outcome,
    people::{self, Filled, PASSWORD},
    report::median,
    sections::{Bench, scale, tokens::signature_cpu},
    server::{Grantor, token_form},
};

/// How long each load runs.
const SPAN: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;
const COUNTS: [usize; 2] = [1_000, 1_000_000];
/// How many of the users are seen.
const SEEN: usize = 500;
/// People who log in at once: more than there are threads that hash.
const CONCURRENCY: usize = 8;
/// Hashes that are measured at once, and how many tokens open userinfo.
const HASHES: u32 = 20;
const TOKENS: usize = 50;
/// A login with an API signs an access token and an ID token.
const SIGNATURES: f64 = 2.0;

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let [few, many] = COUNTS;
    let few = Site::open(bench, few).await?;
    let many = Site::open(bench, many).await?;
    for site in [&few, &many] {
        logins(bench, site).await?;
        others(bench, site).await?;
    }
    saturated(bench, &few).await?;
    let requests = |site: &Site| -> Arc<[String]> { Arc::from([site.machine_request()]) };
    let sides = [
        ("machine token, 1000 users", &few.server, requests(&few)),
        (
            "machine token, 1 000 000 users",
            &many.server,
            requests(&many),
        ),
    ];
    scale::compare(bench, "1 000 000 users ÷ 1000: p99 of a token", sides).await?;
    few.server.stop().await?;
    many.server.stop().await
}

/// A server with so many users.
struct Site {
    count: usize,
    filled: Filled,
    server: Grantor,
}

impl Site {
    async fn open(bench: &mut Bench, count: usize) -> anyhow::Result<Self> {
        bench.report.progress(&format!("making {count} users"));
        let filled = people::fill(&bench.binary, count, SEEN).await?;
        let server = Grantor::start(&bench.binary, filled.directory.path(), &[]).await?;
        let site = Self {
            count,
            filled,
            server,
        };
        site.crowd(Session::New, CONCURRENCY, Duration::from_secs(1))
            .run()
            .await?;
        Ok(site)
    }

    fn crowd(&self, session: Session, concurrency: usize, span: Duration) -> Crowd {
        Crowd {
            port: self.server.port,
            emails: Arc::clone(&self.filled.emails),
            session,
            concurrency,
            span,
        }
    }

    /// Lets a crowd in; what came of it and the server's CPU seconds per login.
    async fn measured(
        &self,
        session: Session,
        concurrency: usize,
    ) -> anyhow::Result<(Outcome, f64)> {
        let before = self.server.cpu_seconds()?;
        let outcome = self.crowd(session, concurrency, SPAN).run().await?;
        let spent = self.server.cpu_seconds()? - before;
        let cpu = spent / outcome.requests_f64();
        Ok((outcome, cpu))
    }

    fn machine_request(&self) -> String {
        let machine = &self.filled.machine;
        self.server
            .token_request("", &token_form(&machine.client_id, machine))
    }
}

/// Logins with a password, against the hash and the signatures; they take turns, because what a hash costs depends on who
/// else uses the machine's memory.
async fn logins(bench: &mut Bench, site: &Site) -> anyhow::Result<()> {
    let signature = signature_cpu(KeyType::Rsa2048, Algorithm::RS256, 4_000)?;
    for concurrency in [1, CONCURRENCY] {
        let (mut ratios, mut hashes) = (Vec::new(), Vec::new());
        let (mut total, mut spent) = (Outcome::default(), 0.0);
        for _ in 0..ROUNDS {
            let (outcome, cpu) = site.measured(Session::New, concurrency).await?;
            let hash = hash_cpu().await?;
            ratios.push(cpu / (hash + SIGNATURES * signature));
            hashes.push(hash);
            spent += cpu * outcome.requests_f64();
            total.seconds += outcome.seconds;
            total.latencies_ms.extend(outcome.latencies_ms);
        }
        let what = format!("{} users: login, concurrency {concurrency}", site.count);
        let report = &mut bench.report;
        report.load(&what, &total, spent / total.requests_f64());
        report.figure("  its password hash", median(&mut hashes) * 1e6, "µs CPU");
        report.figure("  one of its signatures", signature * 1e6, "µs CPU");
        let what = format!("{what}, CPU ÷ (hash + signatures)");
        report.budget(&what, median(&mut ratios), "×", 1.15);
    }
    Ok(())
}

/// CPU seconds of one password's check.
async fn hash_cpu() -> anyhow::Result<f64> {
    let (passwords, tenant) = (people::passwords()?, TenantId::default_tenant());
    let password = Secret::new(PASSWORD.to_owned());
    let hash = passwords.hash(&tenant, &password).await?;
    let cpu = ProcessCpu::of(std::process::id());
    let before = cpu.seconds()?;
    for _ in 0..HASHES {
        passwords.check(&tenant, &password, Some(&hash)).await?;
    }
    Ok((cpu.seconds()? - before) / f64::from(HASHES))
}

/// Logins with a session, and userinfo.
async fn others(bench: &mut Bench, site: &Site) -> anyhow::Result<()> {
    let count = site.count;
    for concurrency in [1, CONCURRENCY] {
        let (outcome, cpu) = site.measured(Session::Kept, concurrency).await?;
        let what = format!("{count} users: login with a session, concurrency {concurrency}");
        bench.report.load(&what, &outcome, cpu);
    }
    for (name, target) in [("opaque", Target::Userinfo), ("signed", Target::Api)] {
        let requests = userinfo(site, target).await?;
        let (outcome, cpu) = site.server.in_turn(&requests, CONCURRENCY, SPAN).await?;
        let what = format!("{count} users: userinfo, {name} token");
        bench.report.load(&what, &outcome, cpu);
    }
    Ok(())
}

/// Requests for userinfo with tokens of some users.
async fn userinfo(site: &Site, target: Target) -> anyhow::Result<Arc<[String]>> {
    let mut requests = Vec::new();
    for email in site.filled.emails.iter().take(TOKENS) {
        let mut visitor = Visitor::connect(site.server.port, App::shop()).await?;
        let token = visitor.log_in(email, target).await?.access_token;
        requests.push(format!(
            "GET /userinfo HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nauthorization: Bearer {token}\r\n\r\n",
            site.server.port
        ));
    }
    Ok(requests.into())
}

/// Machine tokens alone, and while more people log in than can be served; by turns.
async fn saturated(bench: &mut Bench, site: &Site) -> anyhow::Result<()> {
    let requests: Arc<[String]> = Arc::from([site.machine_request()]);
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let (idle, cpu) = site.server.in_turn(&requests, 1, SPAN).await?;
        bench
            .report
            .load("machine token, nobody logs in", &idle, cpu);
        let crowd = site.crowd(Session::New, 2 * CONCURRENCY, 2 * SPAN);
        let crowd = tokio::spawn(async move { crowd.run().await });
        // The CPU of the logins is in this figure, so only the latencies are told.
        tokio::time::sleep(SPAN / 4).await;
        let (busy, _) = site.server.in_turn(&requests, 1, SPAN).await?;
        let (idle, busy) = (idle.quantile_ms(0.99), busy.quantile_ms(0.99));
        bench
            .report
            .figure("  p99 while logins are saturated", busy, "ms");
        ratios.push(busy / idle);
        let logins = crowd.await.context("the crowd")??;
        let per_second = logins.requests_f64() / logins.seconds;
        bench
            .report
            .figure("  logins meanwhile", per_second, "per second");
    }
    let what = "machine token while logins are saturated ÷ idle: p99";
    bench.report.budget(what, median(&mut ratios), "×", 2.0);
    Ok(())
}
