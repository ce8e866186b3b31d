//! A transport that counts what goes through it.

use std::sync::Arc;

use async_trait::async_trait;
use quorate_core::api::{Failure, Method, Request};
use quorate_runtime_tokio::{Answer, Transport};

use super::Monitor;

pub(in crate::elect) struct Counted<T> {
    pub(in crate::elect) inner: T,
    pub(in crate::elect) monitor: Arc<Monitor>,
}

#[async_trait]
impl<T: Transport> Transport for Counted<T> {
    async fn send(&self, request: Request) -> Result<Box<dyn Answer>, Failure> {
        let verb = verb(&request);
        let answer = self.inner.send(request).await;
        let code = answer.as_ref().map_or(0, |answer| answer.head().status);
        self.monitor.metrics.answered(verb, code);
        answer
    }
}

/// RBAC's word for what an election asks.
fn verb(request: &Request) -> &'static str {
    match request.method() {
        Method::Get if request.target().contains("watch=") => "watch",
        Method::Get => "get",
        Method::Post => "create",
        Method::Put => "update",
        _ => "other",
    }
}
