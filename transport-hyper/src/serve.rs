//! A development server: the fake API of [`quorate_core::testing`], over HTTP and TLS. Needs the feature `server`.
//!
//! It is **not a cluster**: nothing runs on it, nothing is kept, and what it answers is decided by [`FakeApi`] alone. Here
//! are only the things that a pure value cannot have: a socket, a certificate, a clock, and the faults of a network.
//!
//! # What it promises
//!
//! - HTTP/1.1 and HTTP/2 over TLS, by a certificate authority that is made at the start and forgotten at the end.
//! - A watch's lines leave as they come. A client that does not read them is hung up on when more than
//!   [`ServeOptions::watch_buffer`] bytes wait for it; no other client waits for a slow one.
//! - A request body of more than 3 MiB is answered by 413, a method that Kubernetes has no use for by 405.
//! - The same [`ServeOptions::seed`] and the same order of requests meet the same injected errors.
//!
//! # Faults at run time
//!
//! `GET /quorate/faults` shows the [`Faults`] as JSON, `POST` (or `PUT`) changes the ones that it names, by the fields of
//! [`FaultChange`]; both need the token of the kubeconfig, which counts there even after it expired.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use quorate_core::testing::FakeApi;
//! use quorate_transport_hyper::serve::{Serve, ServeOptions};
//!
//! let server = Serve::start(ServeOptions::default(), FakeApi::new(1)).await?;
//! std::fs::write("dev.kubeconfig", server.kubeconfig())?;
//! server.with(|api, _now| api.compact());
//! server.stop().await;
//! # Ok(())
//! # }
//! ```

mod admin;
mod answer;
mod asked;
mod body;
mod connection;
mod faults;
mod pki;
mod shared;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use quorate_core::testing::FakeApi;
use quorate_core::time::Now;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::connection::Front;
use self::pki::Pki;
use self::shared::Shared;

pub use self::faults::{ErrorRate, FaultChange, Faults, InvalidErrorRate};

/// The name of the kubeconfig's cluster, user and context, and of the user as the API sees it.
const NAME: &str = "quorate-dev-server";

/// How long exchanges may go on after the stop.
const GRACE: Duration = Duration::from_secs(5);

/// How a development server is started.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "built with `..Default::default()`; a further field breaks nobody")]
pub struct ServeOptions {
    /// Where to listen; port 0 lets the system choose one. `127.0.0.1:0` by default.
    pub listen: SocketAddr,
    /// Whether to offer HTTP/2 next to HTTP/1.1. On by default.
    pub http2: bool,
    /// How many bytes may wait for a client that does not read its watch; 64 MiB by default. A watch's first answer, which
    /// holds every object that is there, has to fit as well.
    pub watch_buffer: usize,
    /// The faults to begin with: none by default.
    pub faults: Faults,
    /// Where the chances of injected errors begin.
    pub seed: u64,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            http2: true,
            watch_buffer: 64 << 20,
            faults: Faults::default(),
            seed: 1,
        }
    }
}

/// A development server that runs. Dropping it stops it as well, without waiting for the end.
pub struct Serve {
    address: SocketAddr,
    authority: String,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    tasks: [JoinHandle<()>; 2],
}

impl Serve {
    /// Starts a server for this API, to which a user of all rights is added for the kubeconfig.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened at, or no certificate can be made.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime, or in one without its I/O and time drivers (tokio's own panic).
    pub async fn start(options: ServeOptions, api: FakeApi) -> Result<Self, ServeError> {
        let pki = Pki::make(options.listen.ip()).map_err(ServeError::certificate)?;
        let acceptor = pki.acceptor(options.http2).map_err(ServeError::certificate)?;
        let unreachable = |error| ServeError::listen(options.listen, &error);
        let listener = TcpListener::bind(options.listen).await.map_err(unreachable)?;
        let address = listener.local_addr().map_err(unreachable)?;
        let (stop, stopping) = watch::channel(false);
        let shared = Arc::new(Shared::new(api, pki.token.clone(), &options));
        let front = Front { acceptor, shared: Arc::clone(&shared), stopping: stopping.clone() };
        let tasks = [tokio::spawn(front.accept(listener)), tokio::spawn(Arc::clone(&shared).pump(stopping))];
        Ok(Self { address, authority: pki.authority, shared, stop, tasks })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL for clients on this machine.
    #[must_use]
    pub fn url(&self) -> String {
        let ip = match self.address.ip() {
            // Everywhere is nowhere to connect to.
            ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            ip => ip,
        };
        format!("https://{}", SocketAddr::new(ip, self.address.port()))
    }

    /// The certificate of the authority that signed the server's, as PEM.
    #[must_use]
    pub fn certificate_authority_pem(&self) -> &str {
        &self.authority
    }

    /// The bearer token of the kubeconfig's user. It is good for this server alone.
    #[must_use]
    pub fn token(&self) -> &str {
        self.shared.token()
    }

    /// A kubeconfig for this server: a user of all rights, and the namespace `default`. It holds the token.
    #[must_use]
    pub fn kubeconfig(&self) -> String {
        let authority = base64::engine::general_purpose::STANDARD.encode(&self.authority);
        format!(
            "apiVersion: v1\n\
             kind: Config\n\
             current-context: {NAME}\n\
             contexts:\n\
             - name: {NAME}\n  context: {{cluster: {NAME}, user: {NAME}, namespace: default}}\n\
             clusters:\n\
             - name: {NAME}\n  cluster:\n    server: {url}\n    certificate-authority-data: {authority}\n\
             users:\n\
             - name: {NAME}\n  user: {{token: {token}}}\n",
            url = self.url(),
            token = self.token(),
        )
    }

    /// Does something to the API, at this moment; what follows from it reaches the watches before this returns.
    ///
    /// All requests wait meanwhile.
    pub fn with<T>(&self, act: impl FnOnce(&mut FakeApi, Now) -> T) -> T {
        self.shared.with(act)
    }

    /// The faults that are on.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.shared.faults()
    }

    /// Turns faults on and off, and carries out those that happen once.
    pub fn change(&self, change: &FaultChange) {
        self.shared.change(change);
    }

    /// How many watches are open, or have ended and still have something to say to their client.
    #[must_use]
    pub fn open_watches(&self) -> usize {
        self.shared.open_watches()
    }

    /// Stops: no further connection is taken, watches end as if their time were over, and exchanges may finish for up to
    /// 5 s.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            // A task that panicked has stopped as well.
            task.await.ok();
        }
    }
}

impl fmt::Debug for Serve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve").field("address", &self.address).finish_non_exhaustive()
    }
}

/// A development server that could not be started.
#[derive(Debug)]
pub struct ServeError(String);

impl ServeError {
    fn listen(address: SocketAddr, error: &std::io::Error) -> Self {
        Self(format!("cannot listen at {address}: {error}; name another address, or port 0 for any that is free"))
    }

    fn certificate(error: impl fmt::Display) -> Self {
        Self(format!("cannot make a certificate: {error}"))
    }
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ServeError {}
