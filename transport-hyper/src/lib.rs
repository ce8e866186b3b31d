//! HTTP to one Kubernetes API server: a request goes out, an answer or a stream of chunks comes back.
//!
//! This is the only crate of Quorate that knows of sockets, TLS and credentials. It decides nothing: statuses, bodies,
//! paging and the deadline of each request belong to [`quorate_core`].
//!
//! # What it promises
//!
//! - **Trust.** The server's certificate is verified against the cluster's own CA, never against the system's roots, and
//!   without a CA nothing starts. A kubeconfig's `insecure-skip-tls-verify` is honoured, and then no credential is sent;
//!   nor is one ever sent over plain `http://`. No redirect is followed.
//! - **Rotation.** A token file is read for every request, CA and client certificate files for every new connection. After
//!   a 401, credentials that lie in files are read again and the request is repeated once, over a new connection.
//! - **Honest failures.** Each [`Failure`](quorate_core::api::Failure) says what was tried, what came back, and whether
//!   the request may have been applied. Only a request of which no byte was acted upon is sent again without asking.
//! - **Silence about secrets.** Tokens, keys and the contents of files are in no `Debug` output and in no error.
//! - **Bounded reading.** A body longer than its request allows is not read to its end.
//!
//! # What the caller must do
//!
//! 1. Build a [`Config`]; it reads files, and reports all faults at once.
//! 2. Make one [`Client`] for each connection that must not be delayed by others. Writes of Leases have one of their own.
//! 3. Call [`Client::send`] inside a tokio runtime with its I/O and time drivers enabled, and put a deadline of your own on
//!    each answer. Dropping the future, or the [`Response`], ends the exchange.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use quorate_core::api::meta::Namespace;
//! use quorate_core::api::{ListPage, Request, Resource};
//! use quorate_transport_hyper::{Client, Config, InCluster};
//!
//! let config = Config::in_cluster(&InCluster::from_process())?;
//! let namespace = Namespace::parse(config.namespace().unwrap_or("default"))?;
//! let client = Client::new(config);
//!
//! let page = ListPage {
//!     resource: Resource::PODS,
//!     namespace: Some(&namespace),
//!     label_selector: None,
//!     name: None,
//!     limit: 500,
//!     continue_token: None,
//! };
//! let request = Request::list(&page, 64 << 20);
//! let mut response = client.send(&request).await?;
//! println!("status {}", response.status());
//! while let Some(chunk) = response.chunk().await? {
//!     println!("{} bytes", chunk.len());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! - `ring` (default) or `aws-lc-rs`: who does the cryptography. Features add up over a build, so both may come on; then
//!   `ring` is used. The process-wide default provider of rustls is neither read nor set.
//! - `kubeconfig` (default): configuration by kubeconfig files. A program that only runs inside a cluster needs no YAML.
//! - `server`: the module `serve`, a development server for tests and demonstrations. Never for production.
//!
//! # Out of scope
//!
//! Proxies (also those that the environment names), compressed bodies, exec plugins and other ways to obtain credentials:
//! a kubeconfig that asks for one is refused with a text that says so.

#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
compile_error!(
    "quorate-transport-hyper needs someone to do its cryptography: enable its feature `ring` or its feature `aws-lc-rs`"
);

mod client;
mod config;
mod connect;
mod connections;
mod credentials;
mod failure;
#[cfg(feature = "kubeconfig")]
mod kubeconfig;
mod material;
mod response;
mod secret;
#[cfg(feature = "server")]
pub mod serve;
mod server;
mod tls;

pub use client::Client;
pub use config::{Config, ConfigError, Fault, InCluster};
#[cfg(feature = "kubeconfig")]
pub use config::{Environment, Selection};
pub use response::Response;
