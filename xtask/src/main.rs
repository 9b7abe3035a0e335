//! The workspace's own commands: `cargo xtask ci` is what a developer and CI run.
//!
//! Standard library only, so that it builds in a second and works before anything else does.

mod ci;
mod coverage;
#[cfg(test)]
mod laws;
mod report;
mod repository;
mod screenshots;
mod setup;

use std::{env, io, io::Write as _, process::ExitCode};

const HELP: &str = "\
Usage: cargo xtask COMMAND

  ci                 everything that must pass: format, build, lints, licences, tests, papers
  setup              installs what the tests need; quick when it is there already
  test               the tests of the workspace and the outside tests, without the lints
  outside [ARGS]     the outside tests alone; ARGS go to pytest
  coverage [--check] writes docs/coverage.md from the names of the tests, or compares only
  bench [ARGS]       the benchmarks; ARGS go to them
  screenshots [PAGE] every page that people see, or one, as pictures in target/screenshots
";

/// What a command that failed has to say.
type Outcome<T = ()> = Result<T, String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    let outcome = match command {
        "ci" => ci::all(),
        "setup" => setup::run().map(drop),
        "test" => ci::tests(),
        "outside" => ci::outside(rest),
        "coverage" => coverage::run(rest),
        "bench" => ci::bench(rest),
        "screenshots" => screenshots::run(rest),
        "help" | "--help" | "-h" => say(HELP),
        other => Err(format!("no command {other}\n\n{HELP}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            let _ = writeln!(io::stderr(), "{}", text.trim_end());
            ExitCode::FAILURE
        }
    }
}

/// One line, or several, for the person who waits.
fn say(text: &str) -> Outcome {
    writeln!(io::stdout(), "{}", text.trim_end()).map_err(|error| format!("stdout: {error}"))
}
