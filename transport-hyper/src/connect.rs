//! Making a connection: TCP, TLS, and the version of HTTP that the server prefers.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper::client::conn::{http1, http2};
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use quorate_core::api::FailureKind;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::config::Config;
use crate::failure::Trouble;

/// For resolving the name and connecting, over all of its addresses.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The part of [`CONNECT_TIMEOUT`] that the addresses share, so that a dead one leaves time for the next.
const ADDRESSES_TIMEOUT: Duration = Duration::from_secs(4);
/// For all of it: the connection, the TLS handshake and the first bytes of HTTP.
const DIAL_TIMEOUT: Duration = Duration::from_secs(10);

// A path that goes dead without a word is noticed within 45 s: client-go's figures. HTTP/1.1 has no ping, so TCP asks.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(15);
const TCP_KEEPALIVE_RETRIES: u32 = 3;
const TCP_KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);

pub(crate) type Body = Full<Bytes>;

/// The sending end of a connection. The connection closes when all of its sending ends and answers are dropped.
pub(crate) enum Sender {
    /// Takes one request at a time.
    Http1(http1::SendRequest<Body>),
    /// Takes many.
    Http2(http2::SendRequest<Body>),
}

/// Makes connections to one server.
#[derive(Clone, Debug)]
pub(crate) struct Dialler {
    tcp: Tcp,
}

impl Dialler {
    pub(crate) fn new() -> Self {
        Self { tcp: Tcp::new() }
    }

    /// Connects. No byte of any request has left when this fails.
    pub(crate) async fn dial(&self, config: &Config) -> Result<Sender, Trouble> {
        let tls = tls_setup(config).await?;
        let url = config.settings().server.url("/").map_err(|error| Trouble::unreachable(&error))?;
        let sender = async {
            match tls {
                None => http1_over(self.tcp.clone().call(url).await?).await,
                Some((tls, server_name)) => self.dial_tls(url, tls, server_name).await,
            }
        };
        tokio::time::timeout(DIAL_TIMEOUT, sender).await.unwrap_or_else(|_| {
            Err(timed_out("the server accepted the connection, and then no handshake", DIAL_TIMEOUT))
        })
    }

    async fn dial_tls(&self, url: Uri, tls: ClientConfig, server_name: ServerName<'static>) -> Result<Sender, Trouble> {
        let name = Arc::new(FixedServerNameResolver::new(server_name));
        let mut connector = HttpsConnector::new(self.tcp.clone(), Arc::new(tls), true, name);
        let stream = connector.call(url).await.map_err(|error| match error.downcast::<Trouble>() {
            Ok(trouble) => *trouble,
            Err(error) => Trouble::interrupted("the TLS handshake", &*error),
        })?;
        let is_http2 = match &stream {
            MaybeHttpsStream::Http(_) => false,
            MaybeHttpsStream::Https(stream) => stream.inner().get_ref().1.alpn_protocol() == Some(b"h2"),
        };
        if is_http2 { http2_over(stream).await } else { http1_over(stream).await }
    }
}

/// Connects a TCP stream, over all addresses that the name has.
#[derive(Clone, Debug)]
struct Tcp(HttpConnector);

impl Tcp {
    fn new() -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(ADDRESSES_TIMEOUT));
        tcp.set_keepalive(Some(PING_INTERVAL));
        tcp.set_keepalive_interval(Some(TCP_KEEPALIVE_INTERVAL));
        tcp.set_keepalive_retries(Some(TCP_KEEPALIVE_RETRIES));
        // Keepalive is silent while sent bytes wait to be acknowledged; this is for them.
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        tcp.set_tcp_user_timeout(Some(PING_INTERVAL + PING_TIMEOUT));
        Self(tcp)
    }
}

impl Service<Uri> for Tcp {
    type Response = TokioIo<TcpStream>;
    type Error = Trouble;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Trouble>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Trouble>> {
        self.0.poll_ready(context).map_err(|error| Trouble::unreachable(&error))
    }

    fn call(&mut self, url: Uri) -> Self::Future {
        let connecting = tokio::time::timeout(CONNECT_TIMEOUT, self.0.call(url));
        Box::pin(async move {
            match connecting.await {
                Ok(connected) => connected.map_err(|error| Trouble::unreachable(&error)),
                Err(_) => Err(timed_out("no connection", CONNECT_TIMEOUT)),
            }
        })
    }
}

/// Reads the CA and the client certificate anew, away from the threads that must not block.
async fn tls_setup(config: &Config) -> Result<Option<(ClientConfig, ServerName<'static>)>, Trouble> {
    let Some(tls) = &config.settings().tls else { return Ok(None) };
    let server_name = tls.server_name.clone();
    let config = config.clone();
    let read = move || config.settings().tls.as_ref().map(|tls| tls.client_config());
    match tokio::task::spawn_blocking(read).await {
        Ok(None) => Ok(None),
        Ok(Some(Ok(tls))) => Ok(Some((tls, server_name))),
        Ok(Some(Err((kind, fault)))) => Err(Trouble::of_fault(kind, &fault)),
        Err(error) => Err(Trouble::interrupted("reading the certificates", &error)),
    }
}

async fn http1_over<T>(io: T) -> Result<Sender, Trouble>
where
    T: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
{
    let (sender, connection) =
        http1::handshake(io).await.map_err(|error| Trouble::interrupted("the HTTP/1.1 handshake", &error))?;
    // Its errors reach whoever waits for an answer.
    tokio::spawn(async move { connection.await.ok() });
    Ok(Sender::Http1(sender))
}

async fn http2_over<T>(io: T) -> Result<Sender, Trouble>
where
    T: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
{
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .keep_alive_while_idle(true)
        .handshake(io)
        .await
        .map_err(|error| Trouble::interrupted("the HTTP/2 handshake", &error))?;
    tokio::spawn(async move { connection.await.ok() });
    Ok(Sender::Http2(sender))
}

fn timed_out(what: &str, after: Duration) -> Trouble {
    let message = format!("{what} within {} s; check the address, the network and the server", after.as_secs());
    Trouble::new(FailureKind::TimedOut, message)
}
