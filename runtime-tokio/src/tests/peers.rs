//! A connector that behaves as a test wants it to.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use quorate_core::membership::Member;
use tokio::sync::mpsc;

use crate::{Connector, ConnectorError, StillAnswers};

/// What a call does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Manner {
    #[default]
    Works,
    /// Disconnects nobody: whoever has the name answers.
    Answers,
    Fails,
    Hangs,
    Panics,
}

/// A clone is the same connector.
#[derive(Clone)]
pub(super) struct Peers(Arc<Inner>);

struct Inner {
    manner: Mutex<Manner>,
    /// What was called, in order: `+` and `-` with a name.
    calls: Mutex<Vec<String>>,
    linked: Mutex<BTreeSet<String>>,
    running: AtomicUsize,
    drop: mpsc::UnboundedSender<String>,
    dropped: tokio::sync::Mutex<mpsc::UnboundedReceiver<String>>,
}

impl Peers {
    pub(super) fn new() -> Self {
        let (drop, dropped) = mpsc::unbounded_channel();
        Self(Arc::new(Inner {
            manner: Mutex::default(),
            calls: Mutex::default(),
            linked: Mutex::default(),
            running: AtomicUsize::new(0),
            drop,
            dropped: dropped.into(),
        }))
    }

    pub(super) fn behave(&self, manner: Manner) {
        *self.0.manner.lock().unwrap() = manner;
    }

    /// The link to this peer goes down by itself.
    pub(super) fn drop_link(&self, name: &str) {
        assert!(self.0.linked.lock().unwrap().remove(name));
        self.0.drop.send(name.into()).unwrap();
    }

    /// The calls since the last time.
    pub(super) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.0.calls.lock().unwrap())
    }

    pub(super) fn linked(&self) -> BTreeSet<String> {
        self.0.linked.lock().unwrap().clone()
    }

    /// How many calls are under way.
    pub(super) fn running(&self) -> usize {
        self.0.running.load(Ordering::SeqCst)
    }

    async fn act(&self, what: char, peer: &Member) -> Result<(), ConnectorError> {
        let _running = Running::begin(&self.0.running);
        self.0.calls.lock().unwrap().push(format!("{what}{}", peer.name));
        let manner = *self.0.manner.lock().unwrap();
        match manner {
            Manner::Works => {}
            Manner::Answers => return Err(StillAnswers::new("it answers").into()),
            Manner::Fails => return Err("nobody\nis there".into()),
            Manner::Hangs => std::future::pending().await,
            Manner::Panics => panic!("no such luck"),
        }
        let mut linked = self.0.linked.lock().unwrap();
        let changed =
            if what == '+' { linked.insert(peer.name.to_string()) } else { linked.remove(peer.name.as_str()) };
        assert!(changed, "{what}{}", peer.name);
        Ok(())
    }
}

struct Running<'c>(&'c AtomicUsize);

impl<'c> Running<'c> {
    fn begin(count: &'c AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Connector for Peers {
    async fn connect(&self, peer: &Member) -> Result<(), ConnectorError> {
        self.act('+', peer).await
    }

    async fn disconnect(&self, peer: &Member) -> Result<(), ConnectorError> {
        self.act('-', peer).await
    }

    async fn connected(&self) -> Result<Option<BTreeSet<String>>, ConnectorError> {
        Ok(Some(self.linked()))
    }

    async fn dropped(&self) -> String {
        if *self.0.manner.lock().unwrap() == Manner::Panics {
            panic!("no such luck");
        }
        match self.0.dropped.lock().await.recv().await {
            Some(name) => name,
            None => std::future::pending().await,
        }
    }
}
