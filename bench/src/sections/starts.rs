//! How long it takes from the start of the process to the first token.

use crate::{cpu::Clock, report::median, sections::Bench, server::Grantor};

/// How often starts are measured; the median counts.
const STARTS: usize = 7;

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let (mut empty, mut existing) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let directory = tempfile::tempdir()?;
        for times in [&mut empty, &mut existing] {
            let clock = Clock::start();
            let server = Grantor::start(&bench.binary, directory.path(), &[]).await?;
            server.first_token().await?;
            times.push(clock.milliseconds());
            server.stop().await?;
        }
    }
    let (empty, existing) = (median(&mut empty), median(&mut existing));
    let report = &mut bench.report;
    report.budget("start to first token, empty directory", empty, "ms", 600.0);
    report.budget("start to first token, existing data", existing, "ms", 100.0);
    Ok(())
}
