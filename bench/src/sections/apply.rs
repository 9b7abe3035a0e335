//! `grantor apply` of many objects, and once more when nothing is to be done.

use std::process::Stdio;

use anyhow::bail;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{cpu::Clock, sections::Bench};

/// Objects of each kind: 10 000 together.
const APIS: usize = 1_000;
const APPS: usize = 4_500;
/// Most seconds it may take.
const MOST_SECONDS: f64 = 10.0;

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("wanted.json");
    std::fs::write(&file, wanted().to_string())?;
    let mut seconds = Vec::new();
    for _ in 0..2 {
        let clock = Clock::start();
        let status = Command::new(&bench.binary)
            .args(["apply", "--yes", "--data-dir"])
            .arg(directory.path().join("data"))
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .status()
            .await?;
        if !status.success() {
            bail!("grantor apply failed");
        }
        seconds.push(clock.seconds());
    }
    let names = ["apply of 10 000 objects", "apply of 10 000 objects again"];
    for (name, seconds) in names.into_iter().zip(seconds) {
        bench.report.figure(name, seconds, "s");
        bench.report.budget(name, seconds, "s", MOST_SECONDS);
    }
    Ok(())
}

/// The file: each application may use one API.
fn wanted() -> Value {
    let identifier = |number| format!("https://api-{number}.bench.test");
    let apis: Vec<Value> = (0..APIS)
        .map(|number| {
            json!({
                "name": format!("API {number}"), "identifier": identifier(number),
                "scopes": ["read:bench", "write:bench"],
            })
        })
        .collect();
    let applications: Vec<Value> = (0..APPS)
        .map(|number| json!({"name": format!("App {number}"), "app_type": "non_interactive"}))
        .collect();
    let grants: Vec<Value> = (0..APPS)
        .map(|number| {
            json!({
                "app": format!("App {number}"), "audience": identifier(number % APIS),
                "scope": ["read:bench"],
            })
        })
        .collect();
    json!({"apis": apis, "apps": applications, "client_grants": grants})
}
