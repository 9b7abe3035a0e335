//! What the command line asks for.

use std::path::PathBuf;

use anyhow::{Context, bail};

/// A part of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// Start to first token.
    Starts,
    /// Tokens per algorithm, the key set, memory.
    Tokens,
    /// Many tenants, many clients.
    Scale,
    /// Reads and durable writes of the Management API.
    Management,
    /// `grantor apply`.
    Apply,
    /// People who log in, and userinfo.
    Logins,
    /// Refresh tokens, silent authentication, revocation.
    Refresh,
}

/// All sections, in the order they run.
pub(crate) const ALL: [(&str, Section); 7] = [
    ("starts", Section::Starts),
    ("tokens", Section::Tokens),
    ("scale", Section::Scale),
    ("management", Section::Management),
    ("apply", Section::Apply),
    ("logins", Section::Logins),
    ("refresh", Section::Refresh),
];

/// The command line, read.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    /// What to run; all if none is named.
    pub(crate) sections: Vec<Section>,
    /// Where the figures go as JSON.
    pub(crate) json: Option<PathBuf>,
    /// Whether durable writes run on PostgreSQL as well.
    pub(crate) postgres: bool,
}

/// What is told when an argument is none.
const USAGE: &str = "usage: grantor-bench [starts] [tokens] [scale] [management] [apply] [logins] [refresh] [--postgres] [--json FILE]";

impl Arguments {
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut arguments = Self::default();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--json" => arguments.json = Some(words.next().context(USAGE)?.into()),
                "--postgres" => arguments.postgres = true,
                name => match ALL.iter().find(|(known, _)| *known == name) {
                    Some((_, section)) => arguments.sections.push(*section),
                    None => bail!("unknown argument {name}; {USAGE}"),
                },
            }
        }
        Ok(arguments)
    }

    pub(crate) fn runs(&self, section: Section) -> bool {
        self.sections.is_empty() || self.sections.contains(&section)
    }
}
