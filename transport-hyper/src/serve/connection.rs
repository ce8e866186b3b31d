//! Connections: taken, secured, served, broken off.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::GRACE;
use super::answer::answer;
use super::shared::{Shared, stopped};

const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Before the next try when no connection can be taken: most often there are too many open files, and time mends it.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What every connection needs.
#[derive(Clone)]
pub(super) struct Front {
    pub(super) acceptor: TlsAcceptor,
    pub(super) shared: Arc<Shared>,
    pub(super) stopping: watch::Receiver<bool>,
}

impl Front {
    /// Takes connections until the stop, and then waits for them, not for long.
    pub(super) async fn accept(mut self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            let this = self.clone();
            tokio::select! {
                () = stopped(&mut self.stopping) => break,
                accepted = listener.accept() => match accepted {
                    Ok(_) if self.shared.is_out() => {}
                    Ok((stream, _)) => { connections.spawn(this.serve(stream)); }
                    Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
        drop(listener);
        self.shared.end_watches();
        let all_done = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, all_done).await.is_err() {
            connections.shutdown().await;
        }
    }

    async fn serve(mut self, stream: TcpStream) {
        let mut outages = self.shared.outages();
        // A watch's line is small, and its reader waits for it.
        stream.set_nodelay(true).ok();
        let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_TIMEOUT, self.acceptor.accept(stream)).await else {
            return;
        };
        let hang_up = Arc::new(Notify::new());
        let service = service_fn(|request| answer(Arc::clone(&self.shared), Arc::clone(&hang_up), request));
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new());
        builder.http2().timer(TokioTimer::new());
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let mut is_stopping = false;
        loop {
            tokio::select! {
                // Its errors are the client's business, who has gone.
                _ = connection.as_mut() => return,
                () = hang_up.notified() => return,
                _ = outages.changed() => return,
                () = stopped(&mut self.stopping), if !is_stopping => {
                    is_stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}
