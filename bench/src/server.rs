//! The server under test: the release binary in a fresh directory, set up by its own command line.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
};

use crate::{
    cpu::ProcessCpu,
    load::{Load, Outcome, Until, converse, exchange},
};

/// A running server.
#[derive(Debug)]
pub(crate) struct Grantor {
    pub(crate) port: u16,
    binary: PathBuf,
    directory: PathBuf,
    child: Child,
    cpu: ProcessCpu,
}

/// An application that may ask for tokens of an API.
#[derive(Debug)]
pub(crate) struct Fixture {
    pub(crate) client_id: String,
    pub(crate) audience: String,
    client_secret: String,
}

/// The form with which `client_id` asks for a token; its secret and its API are those of `fixture`.
pub(crate) fn token_form(client_id: &str, fixture: &Fixture) -> String {
    form(client_id, &fixture.client_secret, &fixture.audience)
}

fn form(client_id: &str, client_secret: &str, audience: &str) -> String {
    format!(
        "grant_type=client_credentials&client_id={client_id}&client_secret={client_secret}&audience={audience}"
    )
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
        environment: &[(&str, String)],
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
            .env("GRANTOR_LIMITS_TOKEN_PER_SECOND", "1000000")
            .env("GRANTOR_LIMITS_MANAGEMENT_PER_SECOND", "1000000")
            .env("GRANTOR_LIMITS_SIGN_IN_PER_SECOND", "1000000")
            .envs(environment.iter().map(|(name, value)| (name, value)))
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
        let member = |name| member(&client, name);
        let form = form(member("client_id")?, member("client_secret")?, &audience);
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        let mut buffer = Vec::new();
        let request = self.token_request("", &form);
        let body = exchange(&mut stream, &request, &mut buffer).await?;
        let answer: Value = serde_json::from_slice(buffer.get(body..).unwrap_or_default())?;
        Ok(answer
            .get("access_token")
            .and_then(Value::as_str)
            .context("no token")?
            .to_owned())
    }

    /// `POST /oauth/token` of `form` at `host`; nothing means the address.
    pub(crate) fn token_request(&self, host: &str, form: &str) -> String {
        let own = format!("127.0.0.1:{}", self.port);
        let host = if host.is_empty() { &own } else { host };
        format!(
            "POST /oauth/token HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\n\r\n{form}",
            form.len()
        )
    }

    /// A request to the Management API under `bearer`.
    pub(crate) fn management_request(&self, call: &str, bearer: &str, body: &str) -> String {
        let content = if body.is_empty() {
            String::new()
        } else {
            format!(
                "content-type: application/json\r\ncontent-length: {}\r\n",
                body.len()
            )
        };
        let (method, path) = call.split_once(' ').unwrap_or(("GET", call));
        format!(
            "{method} /api/v2{path} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nauthorization: Bearer {bearer}\r\n{content}\r\n{body}",
            self.port,
        )
    }

    /// Calls the Management API under `bearer` and reads the answer.
    pub(crate) async fn manage(
        &self,
        call: &str,
        bearer: &str,
        body: &Value,
    ) -> anyhow::Result<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let request = self.management_request(call, bearer, &body);
        let mut buffer = Vec::new();
        let begin = converse(&mut stream, &request, &mut buffer).await?;
        let text = String::from_utf8_lossy(&buffer);
        if !text.starts_with("HTTP/1.1 2") {
            bail!("{call} was answered {text}");
        }
        let body = buffer.get(begin..).unwrap_or_default();
        Ok(serde_json::from_slice(body).unwrap_or_default())
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
        let client_id = member(&client, "client_id")?;
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
            client_id: client_id.to_owned(),
            client_secret: member(&client, "client_secret")?.to_owned(),
            audience,
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

    /// Sends each of `requests` once; answers with what came of it and the CPU seconds per request.
    pub(crate) async fn each_once(
        &self,
        requests: &Arc<[String]>,
        concurrency: usize,
    ) -> anyhow::Result<(Outcome, f64)> {
        self.measured(requests, concurrency, Until::Sent).await
    }

    /// Sends `requests` in turn for `span`; answers with what came of it and the CPU seconds per request.
    pub(crate) async fn in_turn(
        &self,
        requests: &Arc<[String]>,
        concurrency: usize,
        span: Duration,
    ) -> anyhow::Result<(Outcome, f64)> {
        self.measured(requests, concurrency, Until::Elapsed(span))
            .await
    }

    async fn measured(
        &self,
        requests: &Arc<[String]>,
        concurrency: usize,
        until: Until,
    ) -> anyhow::Result<(Outcome, f64)> {
        let load = Load {
            port: self.port,
            requests: Arc::clone(requests),
            concurrency,
            until,
        };
        let before = self.cpu.seconds()?;
        let outcome = load.run().await?;
        let cpu = (self.cpu.seconds()? - before) / outcome.requests_f64();
        Ok((outcome, cpu))
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

fn member<'a>(object: &'a Value, name: &str) -> anyhow::Result<&'a str> {
    let found = object.get(name).and_then(Value::as_str);
    found.with_context(|| format!("no {name}"))
}
