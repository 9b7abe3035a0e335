//! Prints the description of the Management API: `cargo run -p grantor-management --example openapi > docs/openapi.json`.

use std::io::Write;

fn main() -> std::io::Result<()> {
    let description = grantor_management::openapi();
    writeln!(std::io::stdout().lock(), "{description:#}")
}
