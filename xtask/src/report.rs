//! Steps with a name, a time and a result; and the count of tests that they ran.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{Outcome, say};

/// What ran so far.
pub(crate) struct Report {
    started: Instant,
    passed: u64,
    failed: u64,
    broken: Vec<String>,
}

impl Report {
    /// Nothing ran so far.
    pub(crate) fn start() -> Self {
        Self {
            started: now(),
            passed: 0,
            failed: 0,
            broken: Vec::new(),
        }
    }

    /// Runs a command as one step. Says whether it went well, so that a caller can stop there.
    pub(crate) fn step(&mut self, name: &str, command: &mut Command) -> Outcome<bool> {
        say(&format!("==> {name}"))?;
        let started = now();
        let counts = run_counted(command);
        let took = started.elapsed();
        match counts {
            Ok(counts) => {
                self.passed += counts.passed;
                self.failed += counts.failed;
                say(&format!("    {name}: ok in {}", seconds(took)))?;
                Ok(true)
            }
            Err((counts, text)) => {
                self.passed += counts.passed;
                // A step may break without a test that failed: a lint, a build, a crash.
                self.failed += counts.failed.max(1);
                self.broken.push(name.to_owned());
                say(&format!(
                    "    {name}: FAILED after {}: {text}",
                    seconds(took)
                ))?;
                Ok(false)
            }
        }
    }

    /// A step that was left out, and why.
    #[expect(clippy::unused_self, reason = "reads like its neighbours")]
    pub(crate) fn skip(&self, name: &str, why: &str) -> Outcome {
        say(&format!("==> {name}\n    {name}: skipped, {why}"))
    }

    /// The closing lines.
    pub(crate) fn close(self) -> Outcome {
        say(&format!(
            "\nall steps took {}",
            seconds(self.started.elapsed())
        ))?;
        for name in &self.broken {
            say(&format!("FAILED: {name}"))?;
        }
        say(&format!("{} passed, {} failed", self.passed, self.failed))?;
        match self.broken.len() {
            0 => Ok(()),
            count => Err(format!("{count} step(s) failed")),
        }
    }
}

/// Tests that passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
}

/// Runs a command, shows its output and counts the tests in it.
fn run_counted(command: &mut Command) -> Result<Counts, (Counts, String)> {
    let mut counts = Counts::default();
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| (counts, format!("{program}: {error}")))?;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            let _ = writeln!(io::stdout(), "{line}");
            if let Some(found) = counted(&line) {
                counts.passed += found.passed;
                counts.failed += found.failed;
            }
        }
    }
    match child.wait() {
        Ok(status) if status.success() => Ok(counts),
        Ok(status) => Err((counts, status.to_string())),
        Err(error) => Err((counts, error.to_string())),
    }
}

/// The counts in the closing line of `cargo test` or pytest.
fn counted(line: &str) -> Option<Counts> {
    let cargo = line.strip_prefix("test result: ");
    let pytest = line.trim_matches(['=', ' ']);
    let summary = match cargo {
        Some(summary) => summary,
        // pytest closes with "3 passed, 1 failed in 2.10s", in any order, with other words between.
        None if pytest.starts_with(|first: char| first.is_ascii_digit())
            && pytest.contains(" in ")
            && (pytest.contains(" passed")
                || pytest.contains(" failed")
                || pytest.contains(" error")) =>
        {
            pytest
        }
        None => return None,
    };
    let number_before = |word: &str| {
        let words: Vec<&str> = summary.split([' ', ',', ';', '.']).collect();
        words
            .windows(2)
            .find_map(|pair| match pair {
                [number, next] if next.starts_with(word) => number.parse::<u64>().ok(),
                _ => None,
            })
            .unwrap_or(0)
    };
    Some(Counts {
        passed: number_before("passed"),
        failed: number_before("failed") + number_before("error"),
    })
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a tool that shows how long its steps take"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_both_runners_are_counted() {
        let cases = [
            (
                "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured",
                12,
                0,
            ),
            ("test result: FAILED. 3 passed; 2 failed; 0 ignored", 3, 2),
            ("5 passed in 0.31s", 5, 0),
            (
                "===== 2 failed, 7 passed, 1 skipped in 63.20s (0:01:03) =====",
                7,
                2,
            ),
            ("1 error in 0.10s", 0, 1),
        ];
        for (line, passed, failed) in cases {
            assert_eq!(counted(line), Some(Counts { passed, failed }), "{line}");
        }
    }

    #[test]
    fn other_lines_are_not_counted() {
        for line in [
            "running 3 tests",
            "test a ... ok",
            "",
            "3 files changed in a.rs",
        ] {
            assert_eq!(counted(line), None, "{line}");
        }
    }

    #[test]
    fn a_command_that_fails_is_a_failed_step() {
        let outcome = run_counted(&mut Command::new("false"));
        assert!(outcome.is_err());
        assert!(run_counted(&mut Command::new("no-such-program-here")).is_err());
    }
}
