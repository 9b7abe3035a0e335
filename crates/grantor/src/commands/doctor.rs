//! `grantor doctor`.

use std::path::Path;

use clap::Args;
use grantor_protocol::env::Timestamp;
use grantor_server::{config::Config, env, hosts::is_loopback, serve, tls::OwnCertificate};
use grantor_storage::Store;
use serde_json::{Value, json};

use crate::{options::Options, output};

/// Say what is wrong.
#[derive(Debug, Args)]
pub(crate) struct Doctor {}

/// One finding: what was looked at, whether it is well, and what to know or do.
struct Finding {
    what: &'static str,
    well: bool,
    text: String,
}

fn well(what: &'static str, text: impl Into<String>) -> Finding {
    Finding {
        what,
        well: true,
        text: text.into(),
    }
}

fn ill(what: &'static str, text: impl Into<String>) -> Finding {
    Finding {
        what,
        well: false,
        text: text.into(),
    }
}

impl Doctor {
    /// Looks at everything, and fails if something is wrong.
    pub(crate) async fn run(&self, options: &Options) -> anyhow::Result<()> {
        let findings = match options.load_config() {
            Err(error) => vec![ill("configuration", error.to_string())],
            Ok(config) => examine(options, &config).await,
        };
        let wrong = findings.iter().filter(|finding| !finding.well).count();
        if options.json {
            let rows = findings
                .iter()
                .map(|found| json!({"what": found.what, "ok": found.well, "text": found.text}));
            output::json(&Value::Array(rows.collect()));
        } else {
            for found in &findings {
                let mark = if found.well {
                    output::styled(output::GOOD, "ok   ")
                } else {
                    output::styled(output::BAD, "wrong")
                };
                output::line(format!("{mark}  {:13}  {}", found.what, found.text));
            }
        }
        anyhow::ensure!(
            wrong == 0,
            "{wrong} of {} checks found something wrong",
            findings.len()
        );
        Ok(())
    }
}

async fn examine(options: &Options, config: &Config) -> Vec<Finding> {
    let file = options.config_file();
    let mut findings = vec![well(
        "configuration",
        file.map_or("no file; the defaults hold".to_owned(), |path| {
            format!("{} is in order", path.display())
        }),
    )];
    findings.push(directory(&config.data_dir));
    findings.extend(permissions(&config.data_dir));
    findings.push(clock());
    findings.push(host(config));
    findings.push(certificate(config));
    findings.push(database(config).await);
    findings
}

fn directory(path: &Path) -> Finding {
    let probe = path.join(".doctor");
    if !path.is_dir() {
        return ill(
            "data",
            format!("{} does not exist; `grantor init` makes it", path.display()),
        );
    }
    match std::fs::write(&probe, b"probe").and_then(|()| std::fs::remove_file(&probe)) {
        Ok(()) => well("data", format!("{} can be written", path.display())),
        Err(error) => ill(
            "data",
            format!("{} cannot be written: {error}", path.display()),
        ),
    }
}

#[cfg(unix)]
fn permissions(data_dir: &Path) -> Vec<Finding> {
    use std::os::unix::fs::PermissionsExt;
    let mode =
        |path: &Path| std::fs::metadata(path).map(|metadata| metadata.permissions().mode() & 0o777);
    let secret = [
        "master.key",
        "management-client.json",
        "development-authority.key",
    ]
    .map(|name| data_dir.join(name));
    let open = secret.iter().filter_map(|path| {
        mode(path)
            .ok()
            .filter(|mode| mode & 0o077 != 0)
            .map(|mode| (path, mode))
    });
    let mut findings: Vec<Finding> = open
        .map(|(path, mode)| {
            ill(
                "permissions",
                format!(
                    "{} can be read by others ({mode:o}); run chmod 600 {0}",
                    path.display()
                ),
            )
        })
        .collect();
    if findings.is_empty() {
        findings.push(well(
            "permissions",
            "secrets in the data directory belong to their owner alone",
        ));
    }
    findings
}

#[cfg(not(unix))]
fn permissions(_: &Path) -> Vec<Finding> {
    Vec::new()
}

/// The earliest instant that a right clock can show: this version did not exist before.
const BUILT: Timestamp = Timestamp::from_seconds(1_790_000_000);

fn clock() -> Finding {
    let now = env::system().now();
    if now < BUILT {
        return ill(
            "clock",
            format!(
                "it shows {}, before this version was made; tokens would be refused",
                now.rfc3339()
            ),
        );
    }
    well("clock", format!("it shows {}", now.rfc3339()))
}

fn host(config: &Config) -> Finding {
    if !config.hosts.is_empty() {
        return well(
            "host",
            format!("the default tenant answers to {}", config.hosts.join(", ")),
        );
    }
    if config.listen.ip().is_loopback() || is_loopback(&config.listen.to_string()) {
        return well(
            "host",
            "loopback only; set server.hosts for others to reach it",
        );
    }
    ill(
        "host",
        format!(
            "it listens on {} but server.hosts names no host to answer to",
            config.listen
        ),
    )
}

fn certificate(config: &Config) -> Finding {
    match &config.certificate {
        _ if config.http
            && config.trusted_proxies.is_empty()
            && !config.listen.ip().is_loopback() =>
        {
            ill(
                "TLS",
                "plain HTTP on a public address; name the proxy that speaks TLS in server.trusted_proxies",
            )
        }
        _ if config.http => well("TLS", "plain HTTP; a proxy or loopback is in front"),
        None if config.hosts.is_empty() => well(
            "TLS",
            "a development authority signs; set tls.certificate for real hosts",
        ),
        None => ill(
            "TLS",
            "server.hosts is set but tls.certificate is not; browsers will not trust the development authority",
        ),
        Some((chain, key)) => match OwnCertificate::load(chain.clone(), key.clone()) {
            Err(error) => ill("TLS", error.to_string()),
            Ok(_) => expiry(chain),
        },
    }
}

fn expiry(chain: &Path) -> Finding {
    let text = std::fs::read_to_string(chain).unwrap_or_default();
    let Ok(not_after) = grantor_jose::certificate::expiry(&text) else {
        return ill("TLS", format!("{} cannot be read", chain.display()));
    };
    let (now, until) = (env::system().now(), Timestamp::from_seconds(not_after));
    if until <= now {
        ill(
            "TLS",
            format!("the certificate expired at {}", until.rfc3339()),
        )
    } else if until <= now.plus_seconds(14 * 86_400) {
        ill(
            "TLS",
            format!("the certificate expires soon, at {}", until.rfc3339()),
        )
    } else {
        well(
            "TLS",
            format!("the certificate is good until {}", until.rfc3339()),
        )
    }
}

async fn database(config: &Config) -> Finding {
    let kind = if config.database_url.is_some() {
        "PostgreSQL"
    } else {
        "embedded database"
    };
    let newest = Store::SCHEMA_VERSION;
    match Store::schema_version(&serve::engine(config)).await {
        Err(error) => return ill("database", chain(&error)),
        Ok(version) if version < newest => {
            return well(
                "database",
                format!("{kind} at version {version}; the next start migrates it to {newest}"),
            );
        }
        Ok(_) => {}
    }
    match serve::open_store(config, &env::system(), false).await {
        Err(error) => ill("database", chain(&error)),
        Ok(_) => well(
            "database",
            format!("{kind} at version {newest}, and the master key fits"),
        ),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
