//! The connections that wait for the next request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::client::conn::{http1, http2};

use crate::connect::{Body, Sender};

/// More idle HTTP/1.1 connections than this are closed.
const MOST_IDLE: usize = 4;

/// The open connections to one server: idle ones over HTTP/1.1, or the one that all requests share over HTTP/2.
#[derive(Clone, Default)]
pub(crate) struct Connections(Arc<Mutex<Open>>);

#[derive(Default)]
struct Open {
    http1: Vec<http1::SendRequest<Body>>,
    http2: Option<Shared>,
    /// How often everything was closed: what is older is not taken back.
    generation: u64,
    /// Tells HTTP/2 connections apart.
    serial: u64,
}

#[derive(Clone)]
struct Shared {
    sender: http2::SendRequest<Body>,
    serial: u64,
}

impl Connections {
    /// A connection that is ready for a request, if there is one.
    pub(crate) async fn idle(&self) -> Option<Lent> {
        loop {
            let mut lent = self.take()?;
            // Waits for what the last exchange left to do; fails once the connection is closed.
            if lent.ready().await {
                return Some(lent);
            }
        }
    }

    fn take(&self) -> Option<Lent> {
        let mut open = self.open();
        open.http2.take_if(|shared| shared.sender.is_closed());
        let (sender, serial) = match &open.http2 {
            Some(shared) => (Sender::Http2(shared.sender.clone()), shared.serial),
            None => (Sender::Http1(open.http1.pop()?), 0),
        };
        Some(Lent { connections: self.clone(), generation: open.generation, serial, sender: Some(sender) })
    }

    /// What a connection that is dialled from now on is to be [added](Self::add) with.
    pub(crate) fn generation(&self) -> u64 {
        self.open().generation
    }

    /// Takes in a new connection, and lends it out. If all were [cleared](Self::clear) since `generation`, it is lent this
    /// once only: it was dialled with the credentials of before.
    pub(crate) fn add(&self, sender: Sender, generation: u64) -> Lent {
        let mut open = self.open();
        open.serial = open.serial.wrapping_add(1);
        let serial = open.serial;
        if let (Sender::Http2(sender), true) = (&sender, generation == open.generation) {
            open.http2 = Some(Shared { sender: sender.clone(), serial });
        }
        Lent { connections: self.clone(), generation, serial, sender: Some(sender) }
    }

    /// Lends nothing any more of what is open; exchanges in progress go on.
    pub(crate) fn clear(&self) {
        let mut open = self.open();
        open.generation = open.generation.wrapping_add(1);
        open.http1.clear();
        open.http2 = None;
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Nothing that is done under the lock can leave it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is lent to one exchange.
///
/// [`Lent::give_back`] says that the exchange came to its proper end. Without it the connection is not used again: over
/// HTTP/1.1 it could not be, and over HTTP/2 an exchange that was cut short or given up may mean that the path is dead,
/// which the next request should not have to find out again.
pub(crate) struct Lent {
    connections: Connections,
    generation: u64,
    serial: u64,
    /// Absent once it was given back.
    sender: Option<Sender>,
}

impl Lent {
    pub(crate) const fn sender(&mut self) -> Option<&mut Sender> {
        self.sender.as_mut()
    }

    pub(crate) const fn is_http2(&self) -> bool {
        matches!(self.sender, Some(Sender::Http2(_)))
    }

    async fn ready(&mut self) -> bool {
        match &mut self.sender {
            Some(Sender::Http1(sender)) => sender.ready().await.is_ok(),
            Some(Sender::Http2(sender)) => sender.ready().await.is_ok(),
            None => false,
        }
    }

    pub(crate) fn give_back(mut self) {
        // An HTTP/2 connection stays where it is shared; this drops one of its sending ends.
        if let Some(Sender::Http1(sender)) = self.sender.take() {
            let mut open = self.connections.open();
            if open.generation == self.generation && open.http1.len() < MOST_IDLE && !sender.is_closed() {
                open.http1.push(sender);
            }
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(Sender::Http2(_)) = self.sender {
            let mut open = self.connections.open();
            open.http2.take_if(|shared| shared.serial == self.serial);
        }
    }
}
