//! Connections: how many there may be, and how long each may take. Knows nothing of what is asked for.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

/// Where the page is when nobody says otherwise and the place is free.
pub(crate) const USUAL_PORT: u16 = 16128;

/// So many connections at once; a browser has six.
const CONNECTIONS: u32 = 64;

/// What is said to one more.
const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// How patient we are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For the headers of a request, and for the next request of a connection that has had one.
    pub(crate) headers: Duration,
    /// For the body of a request.
    pub(crate) body: Duration,
    /// For everything that a connection does. Browsers open another one without saying a word.
    pub(crate) connection: Duration,
    /// For requests that are being answered when it is time to stop.
    pub(crate) farewell: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            headers: Duration::from_secs(15),
            body: Duration::from_secs(15),
            connection: Duration::from_secs(300),
            farewell: Duration::from_secs(3),
        }
    }
}

/// Takes a port of the loopback address: this one, or the usual one, or any when that is taken.
pub(crate) async fn bind(port: Option<u16>) -> io::Result<TcpListener> {
    let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match port {
        Some(port) => TcpListener::bind(address(port)).await,
        None => match TcpListener::bind(address(USUAL_PORT)).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                TcpListener::bind(address(0)).await
            }
            bound => bound,
        },
    }
}

/// Answers until `stop` says so; then lets those who are being answered finish, but not for long.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    patience: Patience,
    mut stop: watch::Receiver<bool>,
) {
    let free = Arc::new(Semaphore::new(CONNECTIONS as usize));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Too many open files, most likely: others will be closed.
                tracing::warn!("a connection could not be accepted: {error}");
                sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        match Arc::clone(&free).try_acquire_owned() {
            Ok(place) => {
                let (router, stop) = (router.clone(), stop.clone());
                tokio::spawn(async move {
                    answer(stream, router, patience, stop).await;
                    drop(place);
                });
            }
            Err(_) => refuse(stream),
        }
    }
    drop(listener);
    // All places are free again once everybody has left.
    let _ = timeout(patience.farewell, free.acquire_many(CONNECTIONS)).await;
}

/// One connection, to its end.
async fn answer(
    stream: TcpStream,
    router: Router,
    patience: Patience,
    mut stop: watch::Receiver<bool>,
) {
    // Iterations are small and should be seen when they are there.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(patience.headers);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        // Time is up, or it is time to stop.
        _ = timeout(patience.connection, stop.wait_for(|stop| *stop)) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            timeout(patience.farewell, connection)
                .await
                .unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Says that there is no place, to whoever is quick enough to hear it.
fn refuse(mut stream: TcpStream) {
    tokio::spawn(async move {
        let _ = timeout(Duration::from_secs(1), stream.write_all(BUSY)).await;
    });
}
