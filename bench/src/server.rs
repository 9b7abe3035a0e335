//! The server under test: the release binary in a fresh directory, set up by its own command line.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
};

use crate::{cpu::ProcessCpu, load::exchange};

/// A running server.
#[derive(Debug)]
pub(crate) struct Grantor {
    pub(crate) port: u16,
    binary: PathBuf,
    directory: PathBuf,
    child: Child,
    cpu: ProcessCpu,
}

/// An application that may ask for tokens, and the request it sends.
#[derive(Debug)]
pub(crate) struct Fixture {
    pub(crate) request: String,
}

/// The release binary, which stands beside this program.
pub(crate) fn binary() -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("grantor");
    if !path.exists() {
        bail!(
            "{} is missing; run `cargo build --release` first",
            path.display()
        );
    }
    Ok(path)
}

impl Grantor {
    /// Starts the server on `directory` and waits until it accepts connections.
    pub(crate) async fn start(
        binary: &Path,
        directory: &Path,
        environment: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let child = Command::new(binary)
            .args([
                "serve",
                "--http",
                "--listen",
                &format!("127.0.0.1:{port}"),
                "--data-dir",
            ])
            .arg(directory)
            .env("GRANTOR_LOG_LEVEL", "warn")
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let cpu = ProcessCpu::of(child.id().context("the server ended")?);
        let server = Self {
            port,
            binary: binary.to_owned(),
            directory: directory.to_owned(),
            child,
            cpu,
        };
        for _ in 0..5_000 {
            if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Ok(server);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        bail!("the server does not listen")
    }

    /// Asks for the first token with the application that a first start makes.
    pub(crate) async fn first_token(&self) -> anyhow::Result<()> {
        self.management_token().await.map(drop)
    }

    /// A token for the Management API.
    pub(crate) async fn management_token(&self) -> anyhow::Result<String> {
        let text = std::fs::read_to_string(self.directory.join("management-client.json"))?;
        let client: Value = serde_json::from_str(&text)?;
        let audience = format!("http://127.0.0.1:{}/api/v2/", self.port);
        let request = self.token_request(&client, &audience)?;
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        let mut buffer = Vec::new();
        let body = exchange(&mut stream, &request, &mut buffer).await?;
        let answer: Value = serde_json::from_slice(buffer.get(body..).unwrap_or_default())?;
        Ok(answer
            .get("access_token")
            .and_then(Value::as_str)
            .context("no token")?
            .to_owned())
    }

    fn token_request(&self, client: &Value, audience: &str) -> anyhow::Result<String> {
        let member = |name| {
            client
                .get(name)
                .and_then(Value::as_str)
                .with_context(|| format!("no {name}"))
        };
        let body = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&audience={audience}",
            member("client_id")?,
            member("client_secret")?
        );
        Ok(format!(
            "POST /oauth/token HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        ))
    }

    /// An API that signs with `algorithm`, an application, and the grant between them.
    pub(crate) async fn fixture(&self, algorithm: &str) -> anyhow::Result<Fixture> {
        let audience = format!("https://{}.bench", algorithm.to_lowercase());
        let scope = ["--scope", "read:bench", "--scope", "write:bench"];
        let api = [
            "api",
            "create",
            "--name",
            algorithm,
            "--identifier",
            &audience,
            "--signing-alg",
            algorithm,
        ];
        self.command(&[&api[..], &scope[..]].concat()).await?;
        let client = self
            .command(&[
                "app",
                "create",
                "--name",
                algorithm,
                "--type",
                "non_interactive",
            ])
            .await?;
        let client_id = client
            .get("client_id")
            .and_then(Value::as_str)
            .context("no client_id")?;
        let grant = [
            "client-grant",
            "create",
            "--client-id",
            client_id,
            "--audience",
            &audience,
        ];
        self.command(&[&grant[..], &scope[..]].concat()).await?;
        Ok(Fixture {
            request: self.token_request(&client, &audience)?,
        })
    }

    async fn command(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let output = Command::new(&self.binary)
            .args(arguments)
            .args(["--json", "--data-dir"])
            .arg(&self.directory)
            .stderr(Stdio::inherit())
            .output()
            .await?;
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        self.cpu.seconds()
    }

    pub(crate) fn resident_mib(&self) -> anyhow::Result<f64> {
        self.cpu.resident_mib()
    }

    /// Ends the server.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.child.kill().await?;
        Ok(())
    }
}
