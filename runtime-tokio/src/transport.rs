//! What carries requests to the API server.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use quorate_core::api::{Failure, Head, Request};

/// Carries one request to the API server, and its answer back.
///
/// A transport decides nothing: statuses, retries and deadlines are the machine's affair. It does own the connections, TLS
/// and the credentials, and retries once by itself when a 401 makes it read the credentials again.
///
/// Dropping a future or an [`Answer`] drops the exchange: nothing of it may stay behind.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends the request and waits for the head of its answer.
    ///
    /// # Errors
    ///
    /// When there is no answer; the failure says whether the server may have seen the request.
    async fn send(&self, request: Request) -> Result<Box<dyn Answer>, Failure>;
}

/// Shared by several machines.
#[async_trait]
impl<T: Transport + ?Sized> Transport for Arc<T> {
    async fn send(&self, request: Request) -> Result<Box<dyn Answer>, Failure> {
        (**self).send(request).await
    }
}

/// An answer whose head has arrived.
#[async_trait]
pub trait Answer: Send {
    /// Status and headers.
    fn head(&self) -> Head<'_>;

    /// The next bytes of the body; `None` at its end.
    ///
    /// # Errors
    ///
    /// When the body ends before it is complete, or grows past the request's
    /// [`body_limit`](quorate_core::api::Request::body_limit).
    async fn chunk(&mut self) -> Result<Option<Bytes>, Failure>;
}
