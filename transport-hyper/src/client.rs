//! One request out, one answer back.

use std::fmt;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderValue, StatusCode};
use hyper::body::Incoming;
use quorate_core::api::{Failure, FailureKind, Request, Sent};

use crate::config::Config;
use crate::connect::{Body, Dialler, Sender};
use crate::connections::{Connections, Lent};
use crate::failure::{Attempt, Trouble, is_unprocessed};
use crate::response::Response;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("quorate/", env!("CARGO_PKG_VERSION")));
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A client of one API server.
///
/// It keeps its connections open between requests: one over HTTP/2, which all requests share, or as many over HTTP/1.1 as
/// there are exchanges at once. Clones share them; **two clients made by [`Client::new`] share none**, so a request that
/// must not wait behind others gets a client of its own. Only writes of Leases have connections of their own in any client:
/// no list and no watch can hold up a leader.
///
/// Connecting may take 5 s, and so may the TLS handshake. A path that goes dead without a word is noticed within 45 s by
/// HTTP/2 pings, or TCP keepalive. Those are a second net: every answer wants a deadline of its own, which whoever calls
/// keeps by dropping the future or the [`Response`]. A connection whose exchange was dropped is not used again.
#[derive(Clone)]
pub struct Client {
    config: Config,
    dialler: Dialler,
    connections: Connections,
    /// Never lent to anything else.
    lease_writes: Connections,
}

impl Client {
    /// A client without any connection yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let (connections, lease_writes) = (Connections::default(), Connections::default());
        Self { config, dialler: Dialler::new(), connections, lease_writes }
    }

    /// The configuration that this client goes by.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Sends a request, and waits for the head of its answer. Whatever status comes back is an answer, redirects included.
    ///
    /// A request is sent again, once, in two cases only: when a connection that had been open before turns out to be closed
    /// and the server surely did not act upon the request; and after a 401 when there are credential files, which are read
    /// again for a new connection.
    ///
    /// # Errors
    ///
    /// When no head of an answer comes; [`Failure::sent`] says whether the server may have acted all the same.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime, or in one without its I/O and time drivers (tokio's own panic).
    pub async fn send(&self, request: &Request) -> Result<Response, Failure> {
        let response = self.send_once(request).await?;
        if response.status() != StatusCode::UNAUTHORIZED.as_u16() || !self.config.has_credential_files() {
            return Ok(response);
        }
        drop(response);
        // A client certificate belongs to its connection.
        self.connections.clear();
        self.lease_writes.clear();
        self.send_once(request).await
    }

    async fn send_once(&self, request: &Request) -> Result<Response, Failure> {
        let attempt = Attempt::new(request, &self.config.settings().server);
        let unsent = |trouble: &Trouble| attempt.failed(Sent::No, trouble);
        let authorization = self.authorization().await.map_err(|trouble| unsent(&trouble))?;
        let connections = if request.is_lease_write() { &self.lease_writes } else { &self.connections };
        if let Some(mut lent) = connections.idle().await {
            let message =
                self.message(request, authorization.clone(), lent.is_http2()).map_err(|trouble| unsent(&trouble))?;
            match exchange(&mut lent, message).await {
                Ok(answer) => return Ok(Response::new(answer, lent, request.body_limit(), attempt)),
                Err((Sent::Unknown, trouble)) => return Err(attempt.failed(Sent::Unknown, &trouble)),
                // The server closed it while nobody looked.
                Err((Sent::No, _)) => {}
            }
        }
        let generation = connections.generation();
        let sender = self.dialler.dial(&self.config).await.map_err(|trouble| unsent(&trouble))?;
        let mut lent = connections.add(sender, generation);
        let message = self.message(request, authorization, lent.is_http2()).map_err(|trouble| unsent(&trouble))?;
        match exchange(&mut lent, message).await {
            Ok(answer) => Ok(Response::new(answer, lent, request.body_limit(), attempt)),
            Err((sent, trouble)) => Err(attempt.failed(sent, &trouble)),
        }
    }

    /// The header as of this moment, read away from the threads that must not block.
    async fn authorization(&self) -> Result<Option<HeaderValue>, Trouble> {
        let Some(token) = &self.config.settings().token else { return Ok(None) };
        let read = if token.is_file() {
            let token = token.clone();
            tokio::task::spawn_blocking(move || token.authorization())
                .await
                .map_err(|error| Trouble::interrupted("reading the token", &error))?
        } else {
            token.authorization()
        };
        read.map(Some).map_err(|fault| Trouble::of_fault(FailureKind::Credentials, &fault))
    }

    fn message(
        &self,
        request: &Request,
        authorization: Option<HeaderValue>,
        is_http2: bool,
    ) -> Result<http::Request<Body>, Trouble> {
        let server = &self.config.settings().server;
        let not_a_message = |error: http::Error| Trouble::unreachable(&error);
        let url = server.url(request.target()).map_err(not_a_message)?;
        let mut message = http::Request::builder().method(request.method().as_str());
        // HTTP/2 takes the authority from the URL; HTTP/1.1 wants the path alone, and the authority as a header.
        message = if is_http2 {
            message.uri(url)
        } else {
            let target = url.path_and_query().map_or("/", |target| target.as_str());
            message.uri(target).header(HOST, server.authority())
        };
        message = message.header(USER_AGENT, AGENT).header(ACCEPT, JSON);
        if let Some(authorization) = authorization {
            message = message.header(AUTHORIZATION, authorization);
        }
        let (content_type, body) = request.body().unwrap_or_default();
        if !content_type.is_empty() {
            message = message.header(CONTENT_TYPE, content_type);
        }
        message.body(Body::new(Bytes::copy_from_slice(body))).map_err(not_a_message)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("config", &self.config).finish_non_exhaustive()
    }
}

async fn exchange(lent: &mut Lent, message: http::Request<Body>) -> Result<http::Response<Incoming>, (Sent, Trouble)> {
    let answer = match lent.sender() {
        Some(Sender::Http1(sender)) => sender.try_send_request(message).await,
        Some(Sender::Http2(sender)) => sender.try_send_request(message).await,
        None => return Err((Sent::No, Trouble::new(FailureKind::Interrupted, "the connection is gone"))),
    };
    answer.map_err(|mut failed| {
        // hyper hands the message back if it wrote none of it.
        let returned = failed.take_message().is_some();
        let error = failed.into_error();
        let sent = if returned || is_unprocessed(&error) { Sent::No } else { Sent::Unknown };
        (sent, Trouble::interrupted("the exchange", &error))
    })
}
