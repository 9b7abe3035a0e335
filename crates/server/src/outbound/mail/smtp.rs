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
        hand_over(server, at, tls, host, message).await
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

/// Hands `message` to the mail server at `at`.
async fn hand_over(
    server: &Server,
    at: String,
    tls: Tls,
    host: &str,
    message: Message,
) -> Result<(), Failure> {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use grantor_protocol::{env::Timestamp, secret::Secret};
    use rcgen::{CertificateParams, Issuer, KeyPair};
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use tokio::{
        io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
        net::TcpListener,
    };
    use tokio_rustls::TlsAcceptor;

    use super::{super::Letter, *};

    /// An authority's certificate in PEM, and what a server called `localhost` needs for TLS under it.
    fn authority() -> (String, TlsAcceptor) {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        let own_key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let own = own.signed_by(&own_key, &issuer).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.der().clone()], key)
            .unwrap();
        (certificate.pem(), TlsAcceptor::from(Arc::new(config)))
    }

    async fn say(wire: &mut (impl AsyncWrite + Unpin), text: &str) {
        wire.write_all(text.as_bytes()).await.ok();
    }

    /// Answers commands until STARTTLS or the end; answers with the commands that came.
    async fn converse(
        wire: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>,
        offers: &str,
    ) -> Vec<String> {
        let mut heard = Vec::new();
        let mut line = String::new();
        while wire.read_line(&mut line).await.is_ok_and(|read| 0 < read) {
            let command = std::mem::take(&mut line).trim_end().to_owned();
            let verb = command.split(' ').next().unwrap_or_default().to_owned();
            heard.push(command);
            match verb.as_str() {
                "EHLO" => say(wire, offers).await,
                "DATA" => say(wire, "354 go on\r\n").await,
                "STARTTLS" => {
                    say(wire, "220 go on\r\n").await;
                    return heard;
                }
                _ => say(wire, "250 ok\r\n").await,
            }
        }
        heard
    }

    /// A mail server on which one connection is made; what it heard before and after TLS began.
    async fn mail_server(
        acceptor: Option<TlsAcceptor>,
    ) -> (u16, tokio::task::JoinHandle<(Vec<String>, Vec<String>)>) {
        let socket = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = socket.local_addr().unwrap().port();
        let task = tokio::spawn(async move {
            let (connection, _) = socket.accept().await.unwrap();
            let mut wire = BufReader::new(connection);
            say(&mut wire, "220 mail.test\r\n").await;
            let Some(acceptor) = acceptor else {
                return (converse(&mut wire, "250 mail.test\r\n").await, Vec::new());
            };
            let before = converse(&mut wire, "250-mail.test\r\n250 STARTTLS\r\n").await;
            let Ok(wire) = acceptor.accept(wire.into_inner()).await else {
                return (before, Vec::new());
            };
            let mut wire = BufReader::new(wire);
            let after = converse(&mut wire, "250-mail.test\r\n250 AUTH PLAIN\r\n").await;
            (before, after)
        });
        (port, task)
    }

    /// Sends a mail to a server at `port` as if it were far away.
    async fn send(port: u16, authorities: Option<PathBuf>) -> Result<(), Failure> {
        let server = Server {
            host: "localhost".to_owned(),
            port,
            login: Some(("ada".to_owned(), Secret::new("hunter2".to_owned()))),
        };
        let letter = Letter {
            template: "verify_email".to_owned(),
            to: "ana@orchard.test".to_owned(),
            from: None,
            subject: "Confirm".to_owned(),
            html: "<p>Hi</p>".to_owned(),
            text: "Hi\n".to_owned(),
            host: "login.orchard.test".to_owned(),
            client_id: None,
            user_id: None,
        };
        let message = letter
            .message("m1", &[], Timestamp::from_seconds(0))
            .unwrap();
        let smtp = Smtp::new(authorities);
        let tls = smtp.tls(&server, false).await.unwrap();
        let at = "127.0.0.1".to_owned();
        hand_over(&server, at, tls, "login.orchard.test", message).await
    }

    #[tokio::test]
    async fn j17_a_password_goes_over_tls_with_a_certificate_that_is_trusted() {
        let (pem, acceptor) = authority();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), pem).unwrap();
        let (port, server) = mail_server(Some(acceptor)).await;
        // The server hangs up in the middle of the mail; what counts is where the password was heard.
        let _ = send(port, Some(file.path().to_owned())).await;
        let (before, after) = server.await.unwrap();
        let logs_in = |heard: &[String]| heard.iter().any(|command| command.starts_with("AUTH"));
        assert_eq!(before.last().unwrap(), "STARTTLS");
        assert!(!logs_in(&before) && logs_in(&after), "{after:?}");
        assert!(
            after.contains(&"EHLO login.orchard.test".to_owned()),
            "{after:?}"
        );
    }

    #[tokio::test]
    async fn j17_nothing_is_sent_over_tls_that_nobody_vouches_for_or_without_tls() {
        let (_, acceptor) = authority();
        for acceptor in [Some(acceptor), None] {
            let (port, server) = mail_server(acceptor).await;
            let sent = send(port, None).await;
            assert!(matches!(sent, Err(Failure::Later(_))), "{sent:?}");
            let (before, after) = server.await.unwrap();
            for command in before.iter().chain(&after) {
                let verb = command.split(' ').next().unwrap();
                assert!(["EHLO", "STARTTLS", "QUIT"].contains(&verb), "{command}");
            }
        }
    }
}
