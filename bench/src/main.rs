//! Benchmarks: one command runs server and load on one machine and prints the table of budgets.
//!
//! CPU seconds of the server per request are the figure that matters; rates and latencies depend on what else the machine
//! does. Every figure is compared with one that was measured in the same run. Nothing here is a test.

mod cpu;
mod hello;
mod load;
mod report;
mod server;

use std::time::Duration;

use anyhow::Context;
use grantor_jose::{Algorithm, KeyType, SigningKey};

use crate::{
    cpu::{Clock, ProcessCpu},
    load::{Load, Outcome},
    report::Report,
    server::{Fixture, Grantor},
};

/// How long each load runs.
const SPAN: Duration = Duration::from_secs(5);
/// How often starts are measured; the median counts.
const STARTS: usize = 7;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("hello") => return hello::serve().await,
        Some(other) => anyhow::bail!("unknown argument {other}; run without one"),
        None => {}
    }
    let binary = server::binary()?;
    let mut report = Report::new(&binary)?;
    let hello = hello_cpu().await?;
    report.line(&format!(
        "hello-world of the same HTTP stack: {:.1} µs CPU per request",
        hello * 1e6
    ));
    starts(&binary, &mut report).await?;
    tokens(&binary, hello, &mut report).await?;
    commits(&binary, &mut report).await?;
    report.finish();
    Ok(())
}

/// CPU seconds per request of a bare axum handler.
async fn hello_cpu() -> anyhow::Result<f64> {
    let (mut child, port) = hello::spawn().await?;
    let cpu = ProcessCpu::of(child.id().context("the hello-world ended")?);
    let request = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned();
    let load = Load {
        port,
        request,
        concurrency: 16,
        span: SPAN,
    };
    load.run().await?;
    let before = cpu.seconds()?;
    let outcome = load.run().await?;
    let spent = cpu.seconds()? - before;
    child.kill().await?;
    Ok(spent / outcome.requests_f64())
}

/// CPU seconds of one signature by the crypto library alone.
fn signature_cpu(kind: KeyType, algorithm: Algorithm, count: u32) -> anyhow::Result<f64> {
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

async fn starts(binary: &std::path::Path, report: &mut Report) -> anyhow::Result<()> {
    let (mut empty, mut existing) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let directory = tempfile::tempdir()?;
        let clock = Clock::start();
        let server = Grantor::start(binary, directory.path(), &[]).await?;
        server.first_token().await?;
        empty.push(clock.milliseconds());
        server.stop().await?;
        let clock = Clock::start();
        let server = Grantor::start(binary, directory.path(), &[]).await?;
        server.first_token().await?;
        existing.push(clock.milliseconds());
        server.stop().await?;
    }
    report.budget(
        "start to first token, empty directory",
        report::median(&mut empty),
        "ms",
        600.0,
    );
    report.budget(
        "start to first token, existing data",
        report::median(&mut existing),
        "ms",
        100.0,
    );
    Ok(())
}

async fn tokens(binary: &std::path::Path, hello: f64, report: &mut Report) -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let server = Grantor::start(
        binary,
        directory.path(),
        &[("GRANTOR_LIMITS_TOKEN_PER_SECOND", "1000000")],
    )
    .await?;
    report.budget("resident memory, idle", server.resident_mib()?, "MiB", 40.0);
    let cases = [
        ("RS256", KeyType::Rsa2048, Algorithm::RS256, 4_000),
        ("ES256", KeyType::P256, Algorithm::ES256, 40_000),
        ("EdDSA", KeyType::Ed25519, Algorithm::EdDSA, 40_000),
    ];
    for (name, kind, algorithm, count) in cases {
        let signature = signature_cpu(kind, algorithm, count)?;
        report.line(&format!(
            "\n{name}: the bare signature takes {:.1} µs CPU",
            signature * 1e6
        ));
        let fixture = server.fixture(name).await?;
        let mut best = f64::MAX;
        for concurrency in [1, 16, 64] {
            let (outcome, cpu) = measured(&server, &fixture, concurrency).await?;
            report.load(
                &format!("{name} token, concurrency {concurrency}"),
                &outcome,
                cpu,
            );
            best = best.min(cpu);
        }
        if name == "RS256" {
            report.budget(
                "RS256 token, CPU ÷ bare signature",
                best / signature,
                "×",
                1.11,
            );
        } else {
            let figure = (best - signature) / hello;
            report.budget(
                &format!("{name} token, (CPU − signature) ÷ hello-world"),
                figure,
                "×",
                2.5,
            );
        }
    }
    let request = "GET /.well-known/jwks.json HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned();
    let load = Load {
        port: server.port,
        request,
        concurrency: 16,
        span: SPAN,
    };
    let (outcome, cpu) = run(&server, &load).await?;
    report.load("key set, concurrency 16", &outcome, cpu);
    report.budget(
        "resident memory, after the load",
        server.resident_mib()?,
        "MiB",
        80.0,
    );
    server.stop().await
}

async fn measured(
    server: &Grantor,
    fixture: &Fixture,
    concurrency: usize,
) -> anyhow::Result<(Outcome, f64)> {
    let load = Load {
        port: server.port,
        request: fixture.request.clone(),
        concurrency,
        span: SPAN,
    };
    run(server, &load).await
}

async fn run(server: &Grantor, load: &Load) -> anyhow::Result<(Outcome, f64)> {
    let before = server.cpu_seconds()?;
    let outcome = load.run().await?;
    let cpu = (server.cpu_seconds()? - before) / outcome.requests_f64();
    Ok((outcome, cpu))
}

/// Durable commits per second through the Management API: every answer means that the object is on disk.
async fn commits(binary: &std::path::Path, report: &mut Report) -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let server = Grantor::start(
        binary,
        directory.path(),
        &[("GRANTOR_LIMITS_MANAGEMENT_PER_SECOND", "1000000")],
    )
    .await?;
    let token = server.management_token().await?;
    report.line("");
    for concurrency in [1, 64] {
        let body = r#"{"name":"Benchmark","app_type":"non_interactive"}"#;
        let request = format!(
            "POST /api/v2/clients HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            server.port,
            body.len()
        );
        let load = Load {
            port: server.port,
            request,
            concurrency,
            span: SPAN,
        };
        let (outcome, cpu) = run(&server, &load).await?;
        report.load(
            &format!("durable writes (POST /clients), concurrency {concurrency}"),
            &outcome,
            cpu,
        );
    }
    server.stop().await
}
