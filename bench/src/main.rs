//! Benchmarks: one command runs server and load on one machine and prints the table of budgets.
//!
//! CPU seconds of the server per request are the figure that matters; rates and latencies depend on what else the machine
//! does. Every figure is compared with one that was measured in the same run. Nothing here is a test.

mod arguments;
mod cpu;
mod crowd;
mod fill;
mod hello;
mod load;
mod people;
mod report;
mod sections;
mod server;

use crate::{
    arguments::{Arguments, Section},
    report::Report,
    sections::Bench,
};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    if std::env::args().nth(1).as_deref() == Some(hello::ARGUMENT) {
        return hello::serve().await;
    }
    let arguments = Arguments::read(std::env::args().skip(1))?;
    let binary = server::binary()?;
    let report = Report::new(&binary)?;
    let mut bench = Bench::new(binary, report, arguments.postgres);
    for (name, section) in arguments::ALL {
        if !arguments.runs(section) {
            continue;
        }
        bench.report.progress(name);
        match section {
            Section::Starts => sections::starts::run(&mut bench).await?,
            Section::Tokens => sections::tokens::run(&mut bench).await?,
            Section::Scale => sections::scale::run(&mut bench).await?,
            Section::Management => sections::management::run(&mut bench).await?,
            Section::Apply => sections::apply::run(&mut bench).await?,
            Section::Logins => sections::logins::run(&mut bench).await?,
            Section::Refresh => sections::refresh::run(&mut bench).await?,
        }
    }
    bench.report.finish();
    match &arguments.json {
        Some(path) => bench.report.write(path),
        None => Ok(()),
    }
}
