//! Machine tokens per algorithm, against the bare signature and the hello-world; the key set; memory.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use grantor_jose::{Algorithm, KeyType, SigningKey};

use crate::{
    cpu::ProcessCpu,
    hello,
    load::{Load, Until},
    sections::Bench,
    server::{Grantor, token_form},
};

/// How long each load runs.
const SPAN: Duration = Duration::from_secs(2);

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let hello = hello_cpu().await?;
    bench
        .report
        .figure("hello-world of the same HTTP stack", hello * 1e6, "µs CPU");
    let directory = tempfile::tempdir()?;
    let server = Grantor::start(&bench.binary, directory.path(), &[]).await?;
    server.first_token().await?;
    let resident = server.resident_mib()?;
    let report = &mut bench.report;
    report.budget("resident memory, idle", resident, "MiB", 40.0);
    let cases = [
        ("RS256", KeyType::Rsa2048, Algorithm::RS256, 4_000),
        ("ES256", KeyType::P256, Algorithm::ES256, 40_000),
        ("EdDSA", KeyType::Ed25519, Algorithm::EdDSA, 40_000),
    ];
    for (name, kind, algorithm, count) in cases {
        let signature = signature_cpu(kind, algorithm, count)?;
        let what = format!("{name}: the bare signature");
        bench.report.figure(&what, signature * 1e6, "µs CPU");
        let best = best_cpu(bench, &server, name).await?;
        let report = &mut bench.report;
        if algorithm == Algorithm::RS256 {
            let ratio = best / signature;
            report.budget("RS256 token, CPU ÷ bare signature", ratio, "×", 1.11);
        } else {
            let ratio = (best - signature) / hello;
            let what = format!("{name} token, (CPU − signature) ÷ hello-world");
            report.budget(&what, ratio, "×", 2.5);
        }
    }
    let request = "GET /.well-known/jwks.json HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned();
    let (outcome, cpu) = server.in_turn(&Arc::from([request]), 16, SPAN).await?;
    let resident = server.resident_mib()?;
    let report = &mut bench.report;
    report.load("key set, concurrency 16", &outcome, cpu);
    report.budget("resident memory, after the load", resident, "MiB", 80.0);
    server.stop().await
}

/// The least CPU per token over some concurrencies.
async fn best_cpu(bench: &mut Bench, server: &Grantor, algorithm: &str) -> anyhow::Result<f64> {
    let fixture = server.fixture(algorithm).await?;
    let form = token_form(&fixture.client_id, &fixture);
    let requests = Arc::from([server.token_request("", &form)]);
    let mut best = f64::MAX;
    for concurrency in [1, 16, 64] {
        let (outcome, cpu) = server.in_turn(&requests, concurrency, SPAN).await?;
        let what = format!("{algorithm} token, concurrency {concurrency}");
        bench.report.load(&what, &outcome, cpu);
        best = best.min(cpu);
    }
    Ok(best)
}

/// CPU seconds per request of a bare axum handler.
async fn hello_cpu() -> anyhow::Result<f64> {
    let (mut child, port) = hello::spawn().await?;
    let cpu = ProcessCpu::of(child.id().context("the hello-world ended")?);
    let request = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned();
    let load = Load {
        port,
        requests: Arc::from([request]),
        concurrency: 16,
        until: Until::Elapsed(SPAN),
    };
    load.run().await?;
    let before = cpu.seconds()?;
    let outcome = load.run().await?;
    let spent = cpu.seconds()? - before;
    child.kill().await?;
    Ok(spent / outcome.requests_f64())
}

/// CPU seconds of one signature by the crypto library alone.
pub(super) fn signature_cpu(
    kind: KeyType,
    algorithm: Algorithm,
    count: u32,
) -> anyhow::Result<f64> {
    let generated = SigningKey::generate(kind)?;
    let key = SigningKey::from_pkcs8(kind, &generated.pkcs8)?;
    let message = [7_u8; 400];
    let cpu = ProcessCpu::of(std::process::id());
    let before = cpu.seconds()?;
    for _ in 0..count {
        std::hint::black_box(key.sign(algorithm, &message)?);
    }
    Ok((cpu.seconds()? - before) / f64::from(count))
}
