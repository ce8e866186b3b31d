//! The exchanges in flight: a handful at most, each a future that yields the next part of its answer.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::ops::Bound::{Excluded, Unbounded};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use quorate_core::api::{Failure, Request};
use quorate_core::machine::RequestId;

use crate::transport::{Answer, Transport};

/// What an exchange has brought.
pub(crate) enum Part {
    /// The head; the body follows.
    Head(Box<dyn Answer>),
    /// The next bytes; more follow.
    Chunk(Bytes, Box<dyn Answer>),
    End,
    Failed(Failure),
}

type NextPart<'t> = Pin<Box<dyn Future<Output = Part> + Send + 't>>;

pub(crate) struct Exchanges<'t> {
    transport: &'t dyn Transport,
    in_flight: BTreeMap<RequestId, NextPart<'t>>,
    last_served: RequestId,
}

impl<'t> Exchanges<'t> {
    pub(crate) const fn new(transport: &'t dyn Transport) -> Self {
        Self { transport, in_flight: BTreeMap::new(), last_served: RequestId::NONE }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.in_flight.is_empty()
    }

    pub(crate) fn begin(&mut self, id: RequestId, request: Request) {
        let transport = self.transport;
        let head = async move { transport.send(request).await.map_or_else(Part::Failed, Part::Head) };
        self.in_flight.insert(id, Box::pin(head));
    }

    /// Goes on reading the body of an answer that has begun.
    pub(crate) fn go_on(&mut self, id: RequestId, mut answer: Box<dyn Answer>) {
        let next = async move {
            match answer.chunk().await {
                Ok(Some(bytes)) => Part::Chunk(bytes, answer),
                Ok(None) => Part::End,
                Err(failure) => Part::Failed(failure),
            }
        };
        self.in_flight.insert(id, Box::pin(next));
    }

    /// Drops the exchange, and with it whatever it holds of a connection.
    pub(crate) fn cancel(&mut self, id: RequestId) {
        self.in_flight.remove(&id);
    }

    /// The next part of any answer. Dropping this future loses nothing.
    pub(crate) async fn next(&mut self) -> (RequestId, Part) {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// Begins behind the exchange that was served last, so that a busy one starves nobody.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<(RequestId, Part)> {
        let last = self.last_served;
        let ready = poll_some(self.in_flight.range_mut((Excluded(last), Unbounded)), context)
            .or_else(|| poll_some(self.in_flight.range_mut(..=last), context));
        let Some((id, part)) = ready else { return Poll::Pending };
        self.in_flight.remove(&id);
        self.last_served = id;
        Poll::Ready((id, part))
    }
}

fn poll_some<'e, 't: 'e>(
    exchanges: impl Iterator<Item = (&'e RequestId, &'e mut NextPart<'t>)>,
    context: &mut Context<'_>,
) -> Option<(RequestId, Part)> {
    for (id, next) in exchanges {
        if let Poll::Ready(part) = next.as_mut().poll(context) {
            return Some((*id, part));
        }
    }
    None
}
