//! The parts of the benchmark, and what they share.

pub(crate) mod apply;
pub(crate) mod logins;
pub(crate) mod management;
pub(crate) mod refresh;
pub(crate) mod scale;
pub(crate) mod starts;
pub(crate) mod tokens;

use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    fill::{self, Filled},
    report::Report,
};

/// What the sections work with.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) binary: PathBuf,
    pub(crate) report: Report,
    /// Whether durable writes run on PostgreSQL as well.
    pub(crate) postgres: bool,
    /// Databases by their number of clients; filled once.
    clients: BTreeMap<usize, Filled>,
}

impl Bench {
    pub(crate) const fn new(binary: PathBuf, report: Report, postgres: bool) -> Self {
        Self {
            binary,
            report,
            postgres,
            clients: BTreeMap::new(),
        }
    }

    /// A database with `count` clients; what earlier sections did to it stays.
    async fn with_clients(&mut self, count: usize) -> anyhow::Result<Filled> {
        if let Some(filled) = self.clients.remove(&count) {
            return Ok(filled);
        }
        self.report.progress(&format!("making {count} clients"));
        fill::clients(&self.binary, count).await
    }

    fn keep(&mut self, count: usize, filled: Filled) {
        self.clients.insert(count, filled);
    }
}
