//! The bare hello-world that everything is compared with: the same HTTP stack, no work.

use anyhow::Context;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// The argument that makes this program the hello-world.
pub(crate) const ARGUMENT: &str = "hello";

/// Serves until killed; prints its port first.
pub(crate) async fn serve() -> anyhow::Result<()> {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let mut out = tokio::io::stdout();
    tokio::io::AsyncWriteExt::write_all(
        &mut out,
        format!("{}\n", socket.local_addr()?.port()).as_bytes(),
    )
    .await?;
    tokio::io::AsyncWriteExt::flush(&mut out).await?;
    let router = axum::Router::new().route("/", axum::routing::get(|| async { "hello" }));
    axum::serve(socket, router).await?;
    Ok(())
}

/// Starts this program again as the hello-world.
pub(crate) async fn spawn() -> anyhow::Result<(Child, u16)> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg(ARGUMENT)
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let out = child.stdout.take().context("no standard output")?;
    let line = BufReader::new(out)
        .lines()
        .next_line()
        .await?
        .context("the hello-world said nothing")?;
    Ok((child, line.trim().parse()?))
}
