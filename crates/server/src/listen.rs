//! Accepting connections: TLS, limits on time and number, and a shut-down that lets requests finish.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, response::IntoResponse};
use grantor_protocol::{refusal::Refusal, rule::Rule};
use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto::Builder,
        graceful::{GracefulShutdown, Watcher},
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::{
    hosts::Arrival,
    http::{context::Connection, failure::Failure},
};

/// Most connections at once; more wait in the system's backlog.
const MAX_CONNECTIONS: usize = 10_000;
/// Time for a TLS handshake.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// Time until the head of the next request has arrived; more than the 60 s after which proxies drop an idle connection,
/// so that it is they who close it.
const IDLE_TIME: Duration = Duration::from_secs(75);
/// Time for a whole request, body and answer.
const REQUEST_TIME: Duration = Duration::from_secs(30);
/// Time for requests in flight to finish once the server stops.
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// One listening socket and what it serves.
pub struct Listener {
    /// The bound socket.
    pub socket: TcpListener,
    /// TLS, unless plain HTTP is served.
    pub tls: Option<TlsAcceptor>,
    /// How its connections arrive.
    pub arrival: Arrival,
    /// What it serves.
    pub router: Router,
}

/// What every connection of a listener needs.
struct Serving {
    tls: Option<TlsAcceptor>,
    arrival: Arrival,
    router: Router,
    stop: watch::Receiver<bool>,
}

impl Listener {
    /// Serves until `stop` turns true, then closes the socket and lets requests in flight finish.
    pub async fn serve(self, mut stop: watch::Receiver<bool>) {
        let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let graceful = GracefulShutdown::new();
        let (socket, tls, arrival, router) = (self.socket, self.tls, self.arrival, self.router);
        let serving = Arc::new(Serving {
            tls,
            arrival,
            router,
            stop: stop.clone(),
        });
        loop {
            let accepted = tokio::select! {
                accepted = accept(&socket, &permits) => accepted,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let Some((stream, peer, permit)) = accepted else {
                continue;
            };
            let (serving, watcher) = (Arc::clone(&serving), graceful.watcher());
            tokio::spawn(async move {
                serving.connection(stream, peer, watcher).await;
                drop(permit);
            });
        }
        // Whoever connects from now on is refused at once and can go to another node.
        drop(socket);
        if tokio::time::timeout(DRAIN_TIME, graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("some requests did not finish in time");
        }
    }
}

async fn accept(
    socket: &TcpListener,
    permits: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.ok()?;
    match socket.accept().await {
        Ok((stream, peer)) => {
            // Answers are small and complete; waiting to fill a packet only adds delay.
            let _ = stream.set_nodelay(true);
            Some((stream, peer, permit))
        }
        Err(error) => {
            // Out of file descriptors, mostly: give the connections that are there time to end.
            let error = &error as &(dyn std::error::Error + Send + Sync);
            tracing::warn!(error = error.to_string(), "a connection was not accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

impl Serving {
    async fn connection(&self, stream: TcpStream, peer: SocketAddr, watcher: Watcher) {
        let Some(acceptor) = &self.tls else {
            return self.requests(stream, peer, watcher).await;
        };
        let mut stop = self.stop.clone();
        let handshake = tokio::time::timeout(HANDSHAKE_TIME, acceptor.accept(stream));
        let stream = tokio::select! {
            shaken = handshake => shaken,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match stream {
            Ok(Ok(stream)) => self.requests(stream, peer, watcher).await,
            Ok(Err(error)) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "no TLS handshake");
            }
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    async fn requests<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &self,
        stream: S,
        peer: SocketAddr,
        watcher: Watcher,
    ) {
        let connection = Connection {
            peer: peer.ip().to_canonical(),
            arrival: self.arrival.clone(),
        };
        let router = self.router.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(connection.clone());
            let answer = router.clone().oneshot(request.map(Body::new));
            async move {
                let answer = tokio::time::timeout(REQUEST_TIME, answer).await;
                Ok::<_, Infallible>(match answer {
                    Ok(Ok(response)) => response,
                    Err(_) => Failure::from(Refusal::new(Rule::Unavailable)).into_response(),
                })
            }
        });
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(IDLE_TIME)
            .max_buf_size(64 * 1024);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(128)
            .max_header_list_size(32 * 1024);
        let served = watcher.watch(
            builder
                .serve_connection(TokioIo::new(stream), service)
                .into_owned(),
        );
        if let Err(error) = served.await {
            tracing::debug!(error, "a connection ended early");
        }
    }
}
