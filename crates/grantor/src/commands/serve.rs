//! `grantor serve`.

use std::{io::IsTerminal, net::SocketAddr};

use anyhow::Context;
use clap::Args;
use grantor_server::{config::Config, env, serve::Server, telemetry};

use crate::{options::Options, output};

/// Start the server.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen [default: 127.0.0.1:8443]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Plain HTTP, for loopback and for a trusted proxy that speaks TLS
    #[arg(long)]
    http: bool,
}

impl Serve {
    /// Serves until a signal says to stop.
    pub(crate) async fn run(&self, options: &Options) -> anyhow::Result<()> {
        let config = self.config(options)?;
        telemetry::start(config.log_format.as_deref(), &config.log_level)
            .map_err(anyhow::Error::msg)?;
        options.make_data_dir()?;
        let server = Server::start(&config, env::system()).await?;
        greet(&server, options);
        signal().await?;
        tracing::info!("stopping: requests in flight are finished first");
        server.stop().await;
        Ok(())
    }

    fn config(&self, options: &Options) -> anyhow::Result<Config> {
        let mut values = options.values()?;
        if let Some(listen) = self.listen {
            values.set(
                "server.listen",
                listen.to_string().into(),
                "the command line",
            )?;
        }
        if self.http {
            values.set("server.http", true.into(), "the command line")?;
        }
        Ok(values.into_config(options.data_dir.clone()))
    }
}

/// On a terminal, says where it is and what to do next; elsewhere, one line of log.
fn greet(server: &Server, options: &Options) {
    let url = &server.base_url;
    if !std::io::stderr().is_terminal() {
        tracing::info!(url, "serving");
        return;
    }
    let faint = |text: &str| output::styled(output::FAINT, text);
    output::note(format!(
        "\n  {}  {}",
        output::styled(output::STRONG, "Grantor"),
        faint(env!("CARGO_PKG_VERSION"))
    ));
    output::note(format!(
        "  {}  {}",
        faint("issuer   "),
        output::styled(output::GOOD, format!("{url}/"))
    ));
    output::note(format!(
        "  {}  {}",
        faint("data     "),
        options.data_dir.display()
    ));
    if let Some(authority) = &server.authority {
        output::note(format!(
            "\n  {}",
            faint("TLS is signed by a development authority. To make SDKs trust it:")
        ));
        let path = std::fs::canonicalize(authority).unwrap_or_else(|_| authority.clone());
        let path = path.display();
        output::note(format!(
            "    export NODE_EXTRA_CA_CERTS={path} REQUESTS_CA_BUNDLE={path} SSL_CERT_FILE={path}"
        ));
    }
    if server.is_first_start {
        let dir = options.data_dir.display();
        output::note(format!(
            "\n  {}",
            output::styled(output::STRONG, "A first token, in another terminal:")
        ));
        output::note(format!(
            "    grantor api create --data-dir {dir} --name Orders --identifier https://orders.example --scope read:orders"
        ));
        output::note(format!(
            "    grantor app create --data-dir {dir} --name 'Nightly job' --type non_interactive"
        ));
        output::note(format!(
            "    grantor client-grant create --data-dir {dir} --client-id ID --audience https://orders.example --scope read:orders"
        ));
        output::note(format!(
            "    grantor token --data-dir {dir} --client-id ID --audience https://orders.example"
        ));
        output::note(format!(
            "\n  {}",
            faint(&format!(
                "An application that may manage everything is in {dir}/management-client.json."
            ))
        ));
    }
    output::note(format!(
        "\n  {}\n",
        faint("Ctrl-C stops it; requests in flight are finished first.")
    ));
}

/// Waits for Ctrl-C or, on Unix, for a polite kill.
async fn signal() -> anyhow::Result<()> {
    let context = "signals cannot be listened to";
    #[cfg(unix)]
    {
        let mut terminate =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
                .context(context)?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted.context(context),
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.context(context)
}
