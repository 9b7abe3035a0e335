//! The Management API with few and with many clients, and durable writes: each answer means that the object is on disk.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use crate::{sections::Bench, server::Grantor};

/// How long each load runs.
const SPAN: Duration = Duration::from_secs(1);
const COUNTS: [usize; 3] = [100, 10_000, 100_000];
/// Connections of the loads at each count.
const CONCURRENCY: usize = 16;
/// Most clients that are read or changed in turn, and how many changes there are: no two of a client are alike.
const MOST: usize = 5_000;
const CHANGES: usize = 20_000;

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    for count in COUNTS {
        let filled = bench.with_clients(count).await?;
        let server = Grantor::start(&bench.binary, filled.directory.path(), &[]).await?;
        operations(bench, &server, &filled.clients, count).await?;
        server.stop().await?;
        bench.keep(count, filled);
    }
    writes(bench, "SQLite", &[]).await?;
    if bench.postgres {
        bench.report.progress("starting a PostgreSQL");
        let postgres = tokio::task::spawn_blocking(grantor_testkit::Postgres::start).await?;
        let url = postgres.fresh_database();
        writes(bench, "PostgreSQL", &[("GRANTOR_STORAGE_URL", url)]).await?;
    }
    Ok(())
}

async fn operations(
    bench: &mut Bench,
    server: &Grantor,
    clients: &[String],
    count: usize,
) -> anyhow::Result<()> {
    let token = server.management_token().await?;
    let some = || clients.iter().take(MOST);
    let create = new_client();
    let cases: [(&str, Arc<[String]>); 5] =
        [
            (
                "read one",
                some()
                    .map(|id| server.management_request(&format!("GET /clients/{id}"), &token, ""))
                    .collect(),
            ),
            (
                "list 50",
                [server.management_request("GET /clients?per_page=50", &token, "")].into(),
            ),
            (
                "list 50 with the total",
                [server.management_request(
                    "GET /clients?per_page=50&include_totals=true",
                    &token,
                    "",
                )]
                .into(),
            ),
            (
                "create",
                [server.management_request("POST /clients", &token, &create)].into(),
            ),
            (
                "change",
                some()
                    .cycle()
                    .zip(0..CHANGES)
                    .map(|(id, turn)| {
                        let change = json!({"description": format!("Change {turn}")}).to_string();
                        server.management_request(&format!("PATCH /clients/{id}"), &token, &change)
                    })
                    .collect(),
            ),
        ];
    for (name, requests) in cases {
        let (outcome, cpu) = server.in_turn(&requests, CONCURRENCY, SPAN).await?;
        let what = format!("{count} clients: {name}");
        bench.report.load(&what, &outcome, cpu);
    }
    Ok(())
}

fn new_client() -> String {
    json!({"name": "Benchmark", "app_type": "non_interactive"}).to_string()
}

async fn writes(
    bench: &mut Bench,
    engine: &str,
    environment: &[(&str, String)],
) -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let server = Grantor::start(&bench.binary, directory.path(), environment).await?;
    let token = server.management_token().await?;
    let requests = [server.management_request("POST /clients", &token, &new_client())].into();
    for concurrency in [1, 64] {
        let (outcome, cpu) = server.in_turn(&requests, concurrency, SPAN).await?;
        let what = format!("durable writes, {engine}, concurrency {concurrency}");
        bench.report.load(&what, &outcome, cpu);
    }
    server.stop().await
}
