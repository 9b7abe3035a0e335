//! Sends a mail to a mail server, RFC 5321.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    transport::smtp::{
        self,
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
        extension::ClientId,
    },
};

use super::{
    letter::{domain_of, one_line},
    route::Server,
};

/// How long one command may take.
const COMMAND: Duration = Duration::from_secs(20);

/// How long a whole mail may take. A sender holds it for longer than this.
pub(super) const WHOLE: Duration = Duration::from_secs(60);

/// The port on which TLS begins with the first byte, RFC 8314 §3.3.
const TLS_PORT: u16 = 465;

/// Longest reason that is kept, in characters: it may quote the mail server.
const MAX_REASON: usize = 300;

/// Why a mail was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It may be sent later.
    Later(String),
    /// It will never be.
    Never(String),
}

/// How long what is needed for TLS is kept: a renewed authority is trusted after it.
const TLS_KEPT: Duration = Duration::from_secs(3600);

/// For how many mail servers it is kept.
const TLS_SERVERS: u64 = 256;

/// Speaks to mail servers.
#[derive(Clone)]
pub(super) struct Smtp {
    authorities: Option<PathBuf>,
    /// What is needed for TLS, by the server's name. Reading the system's authorities takes a while.
    tls: moka::sync::Cache<String, TlsParameters>,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp")
            .field("authorities", &self.authorities)
            .finish_non_exhaustive()
    }
}

/// Why a mail server cannot be asked over TLS.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the file of authorities cannot be read")]
    Authorities(#[from] std::io::Error),
    #[error("TLS cannot be used")]
    Tls(#[from] smtp::Error),
}

impl Smtp {
    /// Trusts the system's authorities and those in the file `authorities`.
    pub(super) fn new(authorities: Option<PathBuf>) -> Self {
        let tls = moka::sync::Cache::builder()
            .max_capacity(TLS_SERVERS)
            .time_to_live(TLS_KEPT)
            .build();
        Self { authorities, tls }
    }

    /// Sends `message` to `server`, at `address` if that was checked; says that it comes from `host`.
    pub(super) async fn send(
        &self,
        server: &Server,
        address: Option<SocketAddr>,
        host: &str,
        message: Message,
    ) -> Result<(), Failure> {
        let is_near = address.map_or_else(
            || server.host == "localhost" || server.host.starts_with("127."),
            |address| address.ip().is_loopback(),
        );
        let tls = self.tls(server, is_near).await.map_err(Failure::Later)?;
        let at = address.map_or_else(|| server.host.clone(), |address| address.ip().to_string());
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(at)
            .port(server.port)
            .timeout(Some(COMMAND))
            .hello_name(ClientId::Domain(domain_of(host).to_owned()))
            .tls(tls);
        if let Some((user, password)) = &server.login {
            let password = password.expose().to_owned();
            transport = transport.credentials(Credentials::new(user.clone(), password));
        }
        match tokio::time::timeout(WHOLE, transport.build().send(message)).await {
            Err(_) => Err(Failure::Later("The mail server is too slow.".to_owned())),
            Ok(Err(error)) => Err(refused(&error)),
            Ok(Ok(_)) => Ok(()),
        }
    }

    /// How TLS is used. On this machine nobody listens, and local mail servers have certificates of nobody; elsewhere a
    /// password goes over no wire that others can read.
    async fn tls(&self, server: &Server, is_near: bool) -> Result<Tls, String> {
        if is_near && server.port != TLS_PORT {
            return Ok(Tls::None);
        }
        let (this, name) = (self.clone(), server.host.clone());
        let parameters = tokio::task::spawn_blocking(move || {
            let made = this
                .tls
                .try_get_with(name.clone(), || this.parameters(name));
            made.map_err(|error| chain(&*error))
        });
        let parameters = parameters.await.map_err(|error| chain(&error))??;
        Ok(if server.port == TLS_PORT {
            Tls::Wrapper(parameters)
        } else if server.login.is_some() {
            Tls::Required(parameters)
        } else {
            Tls::Opportunistic(parameters)
        })
    }

    fn parameters(&self, name: String) -> Result<TlsParameters, Error> {
        let mut parameters = TlsParameters::builder(name);
        if let Some(path) = &self.authorities {
            let pem = std::fs::read(path)?;
            parameters = parameters.add_root_certificate(Certificate::from_pem(&pem)?);
        }
        Ok(parameters.build()?)
    }
}

/// What a refusal means. A login that fails is mended by the administrator, and the mails wait for that.
fn refused(error: &smtp::Error) -> Failure {
    let reason = chain(error);
    let code = error.status().map(u16::from);
    match code {
        Some(500..=529 | 531..=533 | 536 | 537 | 539..) => Failure::Never(reason),
        _ => Failure::Later(reason),
    }
}

/// The error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    one_line(&text).chars().take(MAX_REASON).collect()
}
