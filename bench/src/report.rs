//! What is printed: figures as they come, and the table of budgets at the end; and the same as JSON.

use std::{io::Write, path::Path};

use serde_json::{Value, json};

use crate::{cpu::Clock, load::Outcome};

/// The report so far.
#[derive(Debug)]
pub(crate) struct Report {
    clock: Clock,
    budgets: Vec<Budget>,
    loads: Vec<Value>,
    figures: Vec<Value>,
}

#[derive(Debug)]
struct Budget {
    what: String,
    figure: f64,
    unit: &'static str,
    most: f64,
}

impl Budget {
    fn is_met(&self) -> bool {
        self.figure <= self.most
    }
}

impl Report {
    /// Begins with the size of `binary`.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a file's size is far below 2^52"
    )]
    pub(crate) fn new(binary: &Path) -> anyhow::Result<Self> {
        let mut report = Self {
            clock: Clock::start(),
            budgets: Vec::new(),
            loads: Vec::new(),
            figures: Vec::new(),
        };
        let busy = crate::cpu::load_average()?;
        report.figure("load of the machine before the run", busy, "processes");
        if 1.0 < busy {
            report.line("other work runs on this machine: trust CPU figures, not latencies");
        }
        let mib = std::fs::metadata(binary)?.len() as f64 / (1024.0 * 1024.0);
        report.budget("stripped release binary", mib, "MiB", 40.0);
        Ok(report)
    }

    /// Prints a line.
    #[expect(
        clippy::unused_self,
        reason = "a line belongs to the report like a budget does"
    )]
    pub(crate) fn line(&self, text: &str) {
        let _ = writeln!(std::io::stdout(), "{text}");
    }

    /// Says what goes on, with the seconds since the beginning.
    pub(crate) fn progress(&self, text: &str) {
        self.line(&format!("[{:5.1} s] {text}", self.clock.seconds()));
    }

    /// Prints what a load came to.
    pub(crate) fn load(&mut self, what: &str, outcome: &Outcome, cpu_seconds: f64) {
        let per_second = outcome.requests_f64() / outcome.seconds;
        let (p50, p99) = (outcome.quantile_ms(0.5), outcome.quantile_ms(0.99));
        self.line(&format!(
            "{what:48} {per_second:8.0}/s  {:7.1} µs CPU  p50 {p50:6.2} ms  p99 {p99:6.2} ms",
            cpu_seconds * 1e6,
        ));
        self.loads.push(json!({
            "what": what, "per_second": per_second, "cpu_us": cpu_seconds * 1e6, "p50_ms": p50, "p99_ms": p99,
        }));
    }

    /// Prints a figure that has no budget.
    pub(crate) fn figure(&mut self, what: &str, figure: f64, unit: &'static str) {
        self.line(&format!("{what:48} {figure:8.1} {unit}"));
        self.figures
            .push(json!({"what": what, "figure": figure, "unit": unit}));
    }

    /// Notes a figure that has a budget.
    pub(crate) fn budget(&mut self, what: &str, figure: f64, unit: &'static str, most: f64) {
        self.budgets.push(Budget {
            what: what.to_owned(),
            figure,
            unit,
            most,
        });
    }

    /// Prints the table.
    pub(crate) fn finish(&self) {
        self.line("\nBudgets");
        for budget in &self.budgets {
            let Budget {
                what,
                figure,
                unit,
                most,
            } = budget;
            let verdict = if budget.is_met() { "met" } else { "MISSED" };
            self.line(&format!(
                "{what:56} {figure:9.2} {unit:3}  ≤ {most:8.2} {unit:3}  {verdict}"
            ));
        }
        self.progress("done");
    }

    /// Writes everything to `path`.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let budgets: Vec<Value> = self
            .budgets
            .iter()
            .map(|budget| {
                json!({
                    "what": budget.what, "figure": budget.figure, "unit": budget.unit,
                    "budget": budget.most, "met": budget.is_met(),
                })
            })
            .collect();
        let cores = std::thread::available_parallelism()?.get();
        let all = json!({
            "cores": cores, "budgets": budgets, "figures": self.figures, "loads": self.loads,
        });
        std::fs::write(path, format!("{all:#}\n"))?;
        Ok(())
    }
}

/// The median of `figures`.
pub(crate) fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
