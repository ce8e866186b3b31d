//! A loopback API server over TLS, certificates for it, and the files by which a client finds it.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test file uses its part")]

mod body;
mod files;
mod pki;
mod server;

pub use body::Body;
pub use files::{ServiceAccount, config, kubeconfig, list};
pub use pki::{Issued, Pki};
pub use server::{Answer, Protocols, Seen, Server, acceptor, answer, ok};

use quorate_core::api::{Failure, Request};
use quorate_transport_hyper::{Client, Response};

/// Longer than any body in these tests, but where the limit is the point.
pub const LIMIT: usize = 1 << 20;

/// Sends the usual request and reads the whole answer.
pub async fn get(client: &Client) -> Result<(u16, Vec<u8>), Failure> {
    let mut response = client.send(&list(LIMIT)).await?;
    let status = response.status();
    Ok((status, read(&mut response).await?))
}

pub async fn read(response: &mut Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

pub async fn send_failure(client: &Client, request: &Request) -> Failure {
    match client.send(request).await {
        Ok(response) => panic!("{response:?} where a failure is expected"),
        Err(failure) => failure,
    }
}
