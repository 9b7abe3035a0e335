//! What is printed: figures as they come, and the table of budgets at the end.

use std::{io::Write, path::Path};

use crate::load::Outcome;

/// The report so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    budgets: Vec<(String, f64, &'static str, f64)>,
}

impl Report {
    /// Begins with the size of `binary`.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a file's size is far below 2^52"
    )]
    pub(crate) fn new(binary: &Path) -> anyhow::Result<Self> {
        let mut report = Self::default();
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

    /// Prints what a load came to.
    pub(crate) fn load(&self, what: &str, outcome: &Outcome, cpu_seconds: f64) {
        self.line(&format!(
            "{what:48} {:8.0}/s  {:7.1} µs CPU  p50 {:6.2} ms  p99 {:6.2} ms",
            outcome.requests_f64() / outcome.seconds,
            cpu_seconds * 1e6,
            outcome.quantile_ms(0.5),
            outcome.quantile_ms(0.99),
        ));
    }

    /// Notes a figure that has a budget.
    pub(crate) fn budget(&mut self, what: &str, figure: f64, unit: &'static str, budget: f64) {
        self.budgets.push((what.to_owned(), figure, unit, budget));
    }

    /// Prints the table.
    pub(crate) fn finish(&self) {
        self.line("\nBudgets");
        for (what, figure, unit, budget) in &self.budgets {
            let verdict = if figure <= budget { "met" } else { "MISSED" };
            self.line(&format!(
                "{what:48} {figure:9.2} {unit:3}  ≤ {budget:7.2} {unit:3}  {verdict}"
            ));
        }
    }
}

/// The median of `figures`.
pub(crate) fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
