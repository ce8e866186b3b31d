//! `quorate_transport_hyper::Client` as a [`Transport`].

use async_trait::async_trait;
use bytes::Bytes;
use quorate_core::api::{Failure, Head, Request};
use quorate_transport_hyper::{Client, Response};

use crate::transport::{Answer, Transport};

#[async_trait]
impl Transport for Client {
    async fn send(&self, request: Request) -> Result<Box<dyn Answer>, Failure> {
        Ok(Box::new(Self::send(self, &request).await?))
    }
}

#[async_trait]
impl Answer for Response {
    fn head(&self) -> Head<'_> {
        Self::head(self)
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        Self::chunk(self).await
    }
}
