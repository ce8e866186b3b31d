//! The server.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http::{HeaderMap, StatusCode, Version};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{ServerConfig, pki_types};

use super::{Body, Issued, Pki};

pub type Answer = http::Response<Body>;
type Handler = dyn Fn(Seen) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync;

/// What the server will agree to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocols {
    Http1,
    Http2,
    /// HTTP/1.1, without a word about it in the handshake.
    Unannounced,
}

/// A request, as the server saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Counted from one.
    pub request: usize,
    /// Counted from one.
    pub connection: usize,
    pub version: Version,
    pub target: String,
    pub headers: HeaderMap,
    pub client_certificates: usize,
}

impl Seen {
    pub fn authorization(&self) -> Option<&str> {
        self.headers.get("authorization").map(|value| value.to_str().unwrap())
    }
}

pub struct Server {
    pub port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    shutdown: Shutdown,
}

/// Ends the connections there are, in the manner of a server that goes away: GOAWAY, or closing what is idle.
#[derive(Clone)]
pub struct Shutdown {
    begin: watch::Sender<()>,
    open: watch::Sender<usize>,
}

impl Shutdown {
    pub fn begin(&self) {
        self.begin.send_replace(());
    }

    /// Waits until the server has closed all of its connections.
    pub async fn finished(&self) {
        self.open.subscribe().wait_for(|open| *open == 0).await.unwrap();
    }
}

pub fn answer(status: u16, body: Body) -> Answer {
    let mut answer = http::Response::new(body);
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    answer
}

pub fn ok(text: &'static str) -> Answer {
    answer(200, Body::whole(text))
}

impl Server {
    /// A server at 127.0.0.1 whose certificate says so.
    pub async fn start<F, A>(pki: &Pki, protocols: Protocols, handler: F) -> Self
    where
        F: Fn(Seen) -> A + Send + Sync + 'static,
        A: Future<Output = Answer> + Send + 'static,
    {
        Self::start_as(&pki.issue(&["127.0.0.1"]), None, protocols, handler).await
    }

    /// A server with this certificate, which insists on client certificates of that authority.
    pub async fn start_as<F, A>(certificate: &Issued, clients: Option<&Pki>, protocols: Protocols, handler: F) -> Self
    where
        F: Fn(Seen) -> A + Send + Sync + 'static,
        A: Future<Output = Answer> + Send + 'static,
    {
        let handler: Arc<Handler> = Arc::new(move |seen| Box::pin(handler(seen)));
        let tls = acceptor(certificate, clients, protocols);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shutdown = Shutdown { begin: watch::Sender::new(()), open: watch::Sender::new(0) };
        let server = Self { port: listener.local_addr().unwrap().port(), seen: Arc::default(), shutdown };
        let state = Arc::new(Serving {
            handler,
            tls,
            seen: Arc::clone(&server.seen),
            shutdown: server.shutdown.clone(),
            connections: AtomicUsize::new(0),
        });
        tokio::spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                let state = Arc::clone(&state);
                let connection = state.connections.fetch_add(1, Ordering::SeqCst) + 1;
                state.shutdown.open.send_modify(|open| *open += 1);
                tokio::spawn(async move {
                    state.serve(tcp, connection, protocols).await;
                    state.shutdown.open.send_modify(|open| *open -= 1);
                });
            }
        });
        server
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn shutdown(&self) -> Shutdown {
        self.shutdown.clone()
    }
}

pub fn acceptor(certificate: &Issued, clients: Option<&Pki>, protocols: Protocols) -> TlsAcceptor {
    TlsAcceptor::from(Arc::new(server_config(certificate, clients, protocols)))
}

fn server_config(certificate: &Issued, clients: Option<&Pki>, protocols: Protocols) -> ServerConfig {
    let provider = Arc::new(ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(pki) => builder.with_client_cert_verifier(
            WebPkiClientVerifier::builder_with_provider(pki.roots(), provider).build().unwrap(),
        ),
    };
    let mut config = builder.with_single_cert(certificate.chain(), certificate.private_key()).unwrap();
    config.alpn_protocols = match protocols {
        Protocols::Http1 => vec![b"http/1.1".to_vec()],
        Protocols::Http2 => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        Protocols::Unannounced => Vec::new(),
    };
    config
}

struct Serving {
    handler: Arc<Handler>,
    tls: TlsAcceptor,
    seen: Arc<Mutex<Vec<Seen>>>,
    shutdown: Shutdown,
    connections: AtomicUsize,
}

impl Serving {
    async fn serve(self: &Arc<Self>, tcp: TcpStream, connection: usize, protocols: Protocols) {
        let mut begin = self.shutdown.begin.subscribe();
        let Ok(stream) = self.tls.accept(tcp).await else { return };
        let client_certificates =
            stream.get_ref().1.peer_certificates().map_or(0, <[pki_types::CertificateDer<'_>]>::len);
        let service = service_fn(|request: http::Request<hyper::body::Incoming>| {
            let mut seen = self.seen.lock().unwrap();
            let request = Seen {
                request: seen.len() + 1,
                connection,
                version: request.version(),
                target: request.uri().path_and_query().unwrap().to_string(),
                headers: request.headers().clone(),
                client_certificates,
            };
            seen.push(request.clone());
            let answer = (self.handler)(request);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let io = TokioIo::new(stream);
        match protocols {
            Protocols::Http1 | Protocols::Unannounced => {
                let mut connection =
                    std::pin::pin!(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
                tokio::select! {
                    _ = connection.as_mut() => {}
                    _ = begin.changed() => {
                        connection.as_mut().graceful_shutdown();
                        let _ = connection.await;
                    }
                }
            }
            Protocols::Http2 => {
                let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                let mut connection = std::pin::pin!(builder.serve_connection(io, service));
                tokio::select! {
                    _ = connection.as_mut() => {}
                    _ = begin.changed() => {
                        connection.as_mut().graceful_shutdown();
                        let _ = connection.await;
                    }
                }
            }
        }
    }
}
