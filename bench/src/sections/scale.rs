//! Whether many tenants or many clients make a token slower: small and large are loaded by turns, so that what else the
//! machine does falls on both.

use std::{sync::Arc, time::Duration};

use crate::{
    fill::{self, Filled},
    load::Outcome,
    report::median,
    sections::Bench,
    server::Grantor,
};

/// How long each load runs, how often, and with how many connections: few enough that requests do not mostly wait.
const SPAN: Duration = Duration::from_secs(1);
const ROUNDS: usize = 5;
const CONCURRENCY: usize = 4;
/// Many tenants, many clients.
const TENANTS: usize = 10_000;
/// Tenants beside them whose first token makes their key.
const KEYLESS: usize = 200;
const CLIENTS: [usize; 2] = [100, 100_000];
/// How much slower the slowest hundredth may become.
const MOST: f64 = 1.2;

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    tenants(bench).await?;
    clients(bench).await
}

async fn tenants(bench: &mut Bench) -> anyhow::Result<()> {
    bench.report.progress(&format!("making {TENANTS} tenants"));
    let (_, one) = fill::tenants(&bench.binary, 1, 0).await?;
    let (keyless, many) = fill::tenants(&bench.binary, TENANTS + KEYLESS, KEYLESS).await?;
    let (few, server) = (start(bench, &one).await?, start(bench, &many).await?);
    let requests = requests(&server, &many);
    let making = self::requests(&server, &keyless);
    let (outcome, cpu) = server.each_once(&making, 16).await?;
    let report = &mut bench.report;
    report.load("first token of a tenant, makes its key", &outcome, cpu);
    let (outcome, cpu) = server.each_once(&requests, CONCURRENCY).await?;
    let report = &mut bench.report;
    report.load("first token of a tenant since the start", &outcome, cpu);
    let sides = [
        ("one tenant", &few, self::requests(&few, &one)),
        ("10 000 tenants in turn", &server, requests),
    ];
    let what = "10 000 tenants ÷ one: p99 of an ES256 token";
    compare(bench, what, sides).await?;
    let resident = server.resident_mib()?;
    let report = &mut bench.report;
    report.budget(
        "resident memory, 10 000 tenants, loaded",
        resident,
        "MiB",
        80.0,
    );
    few.stop().await?;
    server.stop().await?;
    let server = start(bench, &many).await?;
    server.first_token().await?;
    let resident = server.resident_mib()?;
    let report = &mut bench.report;
    report.budget(
        "resident memory, 10 000 tenants, idle",
        resident,
        "MiB",
        40.0,
    );
    server.stop().await
}

async fn clients(bench: &mut Bench) -> anyhow::Result<()> {
    let few = bench.with_clients(CLIENTS[0]).await?;
    let many = bench.with_clients(CLIENTS[1]).await?;
    let (small, large) = (start(bench, &few).await?, start(bench, &many).await?);
    let in_turn = requests(&large, &many);
    let hot: Arc<[String]> = in_turn.iter().take(CLIENTS[0]).cloned().collect();
    for (name, budget, requests) in [
        (
            "100 000 clients in turn",
            "100 000 clients in turn ÷ 100: p99 of a token",
            in_turn,
        ),
        (
            "100 of 100 000 clients",
            "100 of 100 000 clients ÷ 100: p99 of a token",
            hot,
        ),
    ] {
        let sides = [
            ("100 clients", &small, self::requests(&small, &few)),
            (name, &large, requests),
        ];
        compare(bench, budget, sides).await?;
    }
    small.stop().await?;
    large.stop().await?;
    bench.keep(CLIENTS[0], few);
    bench.keep(CLIENTS[1], many);
    Ok(())
}

async fn start(bench: &Bench, filled: &Filled) -> anyhow::Result<Grantor> {
    Grantor::start(&bench.binary, filled.directory.path(), &[]).await
}

fn requests(server: &Grantor, filled: &Filled) -> Arc<[String]> {
    let forms = filled.tokens.iter();
    forms
        .map(|(host, form)| server.token_request(host, form))
        .collect()
}

/// Loads both sides by turns; the median of the rounds' ratios has the budget.
pub(super) async fn compare(
    bench: &mut Bench,
    what: &str,
    sides: [(&str, &Grantor, Arc<[String]>); 2],
) -> anyhow::Result<()> {
    let mut ratios = Vec::new();
    let mut totals = [(Outcome::default(), 0.0), (Outcome::default(), 0.0)];
    for round in 0..=ROUNDS {
        let mut p99s = Vec::new();
        for ((_, server, requests), (total, spent)) in sides.iter().zip(&mut totals) {
            let (outcome, cpu) = server.in_turn(requests, CONCURRENCY, SPAN).await?;
            // The first round warms both sides up.
            if round == 0 {
                continue;
            }
            p99s.push(outcome.quantile_ms(0.99));
            *spent += cpu * outcome.requests_f64();
            total.seconds += outcome.seconds;
            total.latencies_ms.extend(outcome.latencies_ms);
        }
        if let [small, large] = p99s[..] {
            ratios.push(large / small);
        }
    }
    let report = &mut bench.report;
    let mut cpus = Vec::new();
    for ((name, _, _), (total, spent)) in sides.iter().zip(&totals) {
        let cpu = spent / total.requests_f64();
        report.load(name, total, cpu);
        cpus.push(cpu);
    }
    if let [small, large] = cpus[..] {
        // Steadier than latencies on a machine that does other things as well.
        report.figure("  the second's CPU ÷ the first's", large / small, "×");
    }
    report.budget(what, median(&mut ratios), "×", MOST);
    Ok(())
}
