//! The load: so many connections, each sending the next request as soon as it has the answer to the last.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::cpu::Clock;

/// When a load is over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    /// After so long; the requests come round again.
    Elapsed(Duration),
    /// When each request was sent once.
    Sent,
}

/// What to send, and for how long.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) port: u16,
    /// Sent in turn by whichever connection is free.
    pub(crate) requests: Arc<[String]>,
    pub(crate) concurrency: usize,
    pub(crate) until: Until,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) seconds: f64,
    pub(crate) latencies_ms: Vec<f64>,
}

impl Outcome {
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of requests are far below 2^52"
    )]
    pub(crate) fn requests_f64(&self) -> f64 {
        self.latencies_ms.len() as f64
    }

    /// The latency that `share` of the requests did not exceed, in milliseconds.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a length is a whole number within it"
    )]
    pub(crate) fn quantile_ms(&self, share: f64) -> f64 {
        let mut sorted = self.latencies_ms.clone();
        sorted.sort_by(f64::total_cmp);
        let index = ((self.requests_f64() - 1.0) * share).max(0.0) as usize;
        sorted.get(index).copied().unwrap_or_default()
    }
}

impl Load {
    /// Runs the load; every answer must be a success.
    pub(crate) async fn run(&self) -> anyhow::Result<Outcome> {
        let (clock, turn) = (Clock::start(), Arc::new(AtomicUsize::new(0)));
        let mut connections = JoinSet::new();
        for _ in 0..self.concurrency {
            connections.spawn(self.clone().connection(Arc::clone(&turn)));
        }
        let mut outcome = Outcome::default();
        while let Some(finished) = connections.join_next().await {
            outcome.latencies_ms.extend(finished??);
        }
        outcome.seconds = clock.seconds();
        Ok(outcome)
    }

    async fn connection(self, turn: Arc<AtomicUsize>) -> anyhow::Result<Vec<f64>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.set_nodelay(true)?;
        let (mut latencies, mut buffer) = (Vec::new(), Vec::with_capacity(16 * 1024));
        let clock = Clock::start();
        while let Some(request) = self.next(&turn, clock) {
            let before = clock.milliseconds();
            exchange(&mut stream, request, &mut buffer).await?;
            latencies.push(clock.milliseconds() - before);
        }
        Ok(latencies)
    }

    fn next(&self, turn: &AtomicUsize, clock: Clock) -> Option<&str> {
        let turn = turn.fetch_add(1, Ordering::Relaxed);
        let index = match self.until {
            Until::Elapsed(span) if clock.seconds() < span.as_secs_f64() => {
                turn.checked_rem(self.requests.len())?
            }
            Until::Elapsed(_) => return None,
            Until::Sent => turn,
        };
        self.requests.get(index).map(String::as_str)
    }
}

/// Sends `request` and reads one whole answer into `buffer`. Returns where its body begins.
pub(crate) async fn exchange(
    stream: &mut TcpStream,
    request: &str,
    buffer: &mut Vec<u8>,
) -> anyhow::Result<usize> {
    let body = converse(stream, request, buffer).await?;
    if !buffer.starts_with(b"HTTP/1.1 2") {
        bail!("answered {}", String::from_utf8_lossy(buffer));
    }
    Ok(body)
}

/// The same, and the answer may be anything.
pub(crate) async fn converse(
    stream: &mut TcpStream,
    request: &str,
    buffer: &mut Vec<u8>,
) -> anyhow::Result<usize> {
    stream.write_all(request.as_bytes()).await?;
    buffer.clear();
    let body = loop {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        if let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break head + 4;
        }
    };
    let text = std::str::from_utf8(buffer.get(..body).unwrap_or_default())?;
    // RFC 9112 §6.3: such an answer has no body and says nothing of its length.
    let length = if text.starts_with("HTTP/1.1 204") {
        Some(0)
    } else {
        header(text, "content-length").and_then(|length| length.parse::<usize>().ok())
    };
    let length = length.context("an answer without a length")?;
    while buffer.len() < body + length {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection");
        }
    }
    Ok(body)
}

/// The value of a header in the head of an answer.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
