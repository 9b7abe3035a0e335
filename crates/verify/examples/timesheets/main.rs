//! The timesheets API of the documentation's scenarios, checked by nothing but issuer, audience and published keys.
//!
//! Settings come as arguments (`--issuer URL`) or from the environment (`TIMESHEETS_ISSUER`):
//!
//! - `issuer`: the authorization server, with its final slash; needed
//! - `audience`: this API's identifier; `https://timesheets.abc.test` otherwise
//! - `port`: where to listen on 127.0.0.1; 0, which means any, otherwise
//! - `ca`: a PEM file of root certificates to trust instead of the system's
//! - `secret`: the signing secret, if the API is registered with HS256
//! - `management-token`: a token with `blacklist:tokens`, to refuse blacklisted tokens

mod app;

use std::{io::Write, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use grantor_verify::{BlacklistedTokens, HttpFetcher, Verifier};
use reqwest::Certificate;

/// How often the blacklist is read.
const BLACKLIST_INTERVAL: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    // There is one provider in the program, so the first one stays.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let issuer = setting("issuer")?.context("--issuer is needed")?;
    let audience = setting("audience")?;
    let audience = audience.unwrap_or_else(|| "https://timesheets.abc.test".to_owned());
    let mut client = HttpFetcher::client_builder();
    if let Some(path) = setting("ca")? {
        let pem = std::fs::read(&path).with_context(|| format!("cannot read {path}"))?;
        client = client.tls_certs_only(Certificate::from_pem_bundle(&pem)?);
    }
    let client = client.build()?;

    let blacklist = Arc::new(BlacklistedTokens::new());
    let mut verifier = Verifier::builder()
        .issuer(&issuer)
        .audience(&audience)
        .blacklist(Arc::clone(&blacklist) as _);
    verifier = match setting("secret")? {
        Some(secret) => verifier.secret(secret),
        None => verifier.fetcher(Arc::new(HttpFetcher::new(client.clone()))),
    };
    let app = app::router(verifier.build()?);

    if let Some(token) = setting("management-token")? {
        let url = blacklist_url(&issuer, &audience);
        tokio::spawn(async move { follow(&client, &url, &token, &blacklist).await });
    }
    let port: u16 = setting("port")?
        .map_or(Ok(0), |port| port.parse())
        .context("--port")?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    writeln!(std::io::stdout(), "listening on http://{address}")?;
    axum::serve(listener, app).await?;
    Ok(())
}

/// `--name value`, or the variable `TIMESHEETS_NAME`.
fn setting(name: &str) -> Result<Option<String>> {
    let mut arguments = std::env::args().skip(1);
    let mut found = None;
    while let Some(argument) = arguments.next() {
        let value = arguments
            .next()
            .with_context(|| format!("{argument} needs a value"))?;
        match argument.strip_prefix("--") {
            Some(this) if this == name => found = Some(value),
            Some("issuer" | "audience" | "port" | "ca" | "secret" | "management-token") => {}
            _ => bail!("unknown argument {argument}"),
        }
    }
    let variable = format!("TIMESHEETS_{}", name.to_uppercase().replace('-', "_"));
    Ok(found.or_else(|| std::env::var(variable).ok()))
}

fn blacklist_url(issuer: &str, audience: &str) -> String {
    let audience: String = form_urlencoded::byte_serialize(audience.as_bytes()).collect();
    format!("{issuer}api/v2/blacklists/tokens?aud={audience}")
}

/// Reads the blacklist again and again. When that fails, what was read last stays.
async fn follow(client: &reqwest::Client, url: &str, token: &str, blacklist: &BlacklistedTokens) {
    let mut interval = tokio::time::interval(BLACKLIST_INTERVAL);
    loop {
        interval.tick().await;
        if let Err(error) = read(client, url, token, blacklist).await {
            tracing::warn!("the blacklist could not be read: {error:#}");
        }
    }
}

async fn read(
    client: &reqwest::Client,
    url: &str,
    token: &str,
    blacklist: &BlacklistedTokens,
) -> Result<()> {
    let answer = client
        .get(url)
        .bearer_auth(token)
        .send()
        .await?
        .error_for_status()?;
    blacklist.replace_with(&answer.bytes().await?)?;
    Ok(())
}
