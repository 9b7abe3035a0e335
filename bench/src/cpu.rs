//! Reading CPU time and memory of a process.

use std::time::Instant;

use anyhow::Context;

/// Ticks per second of `/proc/PID/stat`; 100 on every Linux that matters.
const TICKS_PER_SECOND: f64 = 100.0;

/// The CPU time of one process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProcessCpu(u32);

impl ProcessCpu {
    pub(crate) const fn of(pid: u32) -> Self {
        Self(pid)
    }

    /// User and system seconds since the process began.
    pub(crate) fn seconds(self) -> anyhow::Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0))
            .context("the process has ended")?;
        // The name in parentheses may hold blanks; what is counted comes behind it.
        let (_, rest) = stat.rsplit_once(')').context("/proc has another form")?;
        let fields: Vec<f64> = rest
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse().ok())
            .collect();
        Ok(fields.iter().sum::<f64>() / TICKS_PER_SECOND)
    }

    /// Resident memory in MiB.
    pub(crate) fn resident_mib(self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0))
            .context("the process has ended")?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .context("/proc has another form")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }
}

/// How many processes wanted to run during the last minute, on average.
pub(crate) fn load_average() -> anyhow::Result<f64> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    let first = text.split_whitespace().next();
    Ok(first.context("/proc has another form")?.parse()?)
}

/// A wall clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn seconds(self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }

    pub(crate) fn milliseconds(self) -> f64 {
        self.seconds() * 1e3
    }
}
