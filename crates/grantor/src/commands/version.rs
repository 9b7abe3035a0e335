//! `grantor version`.

use serde_json::json;

use crate::{options::Options, output};

/// Prints the version.
pub(super) fn print(options: &Options) {
    let version = env!("CARGO_PKG_VERSION");
    if options.json {
        output::json(&json!({"name": "grantor", "version": version}));
    } else {
        output::line(format!("grantor {version}"));
    }
}
