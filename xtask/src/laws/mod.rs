//! Laws of the house that a machine can read off the files: `cargo test -p xtask`.
//!
//! What the compiler or clippy can hold (unsafe code, the clock, panics) is not repeated here.

mod arrows;
mod papers;
mod purity;
mod rules;
mod sizes;
mod tutorials;

use std::path::PathBuf;

use crate::repository::{self, read};

/// A source file: its path from the root and its text.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// The part before the unit tests, without comments.
    pub(crate) fn code(&self) -> String {
        let code = self.text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// The Rust files below a folder of the root.
pub(crate) fn sources(folder: &str) -> Vec<Source> {
    texts(repository::files(&repository::root().join(folder), &["rs"]))
}

/// The files with their texts.
pub(crate) fn texts(paths: Vec<PathBuf>) -> Vec<Source> {
    let read = |path: PathBuf| Source {
        text: read(&path).expect("a readable file"),
        path: repository::relative(&path),
    };
    paths.into_iter().map(read).collect()
}
