//! `grantor`: the command line, start-up and shut-down.

mod commands;
mod options;
mod output;
mod session;

use std::process::ExitCode;

use clap::Parser;

use crate::{commands::Command, options::Options};

/// An OAuth 2.0 and OpenID Connect authorization server.
///
/// Start one with `grantor serve`; set it up with `grantor api`, `grantor app` and `grantor client-grant`, or with
/// `grantor apply FILE`. Every command works while the server runs.
#[derive(Debug, Parser)]
#[command(name = "grantor", version, max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
First steps:
  grantor serve --data-dir data
  grantor api create --data-dir data --name Orders --identifier https://orders.example --scope read:orders
  grantor app create --data-dir data --name 'Nightly job' --type non_interactive
  grantor client-grant create --data-dir data --client-id ID --audience https://orders.example --scope read:orders";

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return output::failure(
                &anyhow::Error::new(error).context("the runtime does not start"),
            );
        }
    };
    match runtime.block_on(cli.command.run(&cli.options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output::failure(&error),
    }
}
