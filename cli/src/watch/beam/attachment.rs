//! Keeps a session with the local node: attaches again when it ends, and notices links that go down.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{interval, sleep};
use tracing::{info, warn};

use super::LIST_INTERVAL;
use super::attach::{AttachError, attach};
use super::functions;
use super::node::LocalNode;
use super::session::{CallError, Session};

/// The pauses between attempts to attach: a node that restarts is back in a second or so.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

#[derive(Debug)]
pub(super) struct Attachment {
    session: watch::Receiver<Result<Arc<Session>, String>>,
    dropped: Mutex<mpsc::UnboundedReceiver<String>>,
    task: AbortHandle,
}

impl Attachment {
    /// Attaches, however long it takes until the node is there.
    ///
    /// # Errors
    ///
    /// When there is no use in waiting: the cookie or the name is another.
    pub(super) async fn new(node: LocalNode) -> Result<Self, AttachError> {
        let mut pauses = Pauses::default();
        let mut said = String::new();
        let first = loop {
            match attach(&node).await {
                Ok(session) => break Arc::new(session),
                Err(error) if error.is_final() => return Err(error),
                Err(error) => say_once(&mut said, &error.in_full()),
            }
            sleep(pauses.next()).await;
        };
        info!("attached to {} as {}", node.name, first.own_name());
        let (tell, session) = watch::channel(Ok(Arc::clone(&first)));
        let (drops, dropped) = mpsc::unbounded_channel();
        let task = tokio::spawn(Keeper { node, tell, drops, known: BTreeSet::new() }.run(first));
        Ok(Self { session, dropped: Mutex::new(dropped), task: task.abort_handle() })
    }

    /// The session that there is.
    pub(super) fn session(&self) -> Result<Arc<Session>, CallError> {
        self.session.borrow().clone().map_err(CallError::Detached)
    }

    /// Completes with the name of a node whose link has gone down.
    pub(super) async fn dropped(&self) -> String {
        match self.dropped.lock().await.recv().await {
            Some(name) => name,
            // The keeper never ends.
            None => std::future::pending().await,
        }
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The task.
struct Keeper {
    node: LocalNode,
    tell: watch::Sender<Result<Arc<Session>, String>>,
    drops: mpsc::UnboundedSender<String>,
    /// Whom the node had links to when it was asked last.
    known: BTreeSet<String>,
}

impl Keeper {
    async fn run(mut self, mut session: Arc<Session>) {
        loop {
            let why = self.look_after(&session).await;
            warn!("the connection to {} is lost: {why}; its links are left as they are", self.node.name);
            let _ = self.tell.send_replace(Err(why));
            session = self.attach_again().await;
            info!("attached again to {} as {}", self.node.name, session.own_name());
            let _ = self.tell.send_replace(Ok(Arc::clone(&session)));
        }
    }

    /// Until the session ends; says why it did.
    async fn look_after(&mut self, session: &Session) -> String {
        let mut every = interval(LIST_INTERVAL);
        loop {
            tokio::select! {
                why = session.ended() => return why,
                () = async { every.tick().await; self.look(session).await } => {}
            }
        }
    }

    /// A link that was there and is not any more has gone down; also with a node that has started again meanwhile.
    async fn look(&mut self, session: &Session) {
        let Ok(names) = functions::connected(session).await else { return };
        for name in self.known.difference(&names) {
            // If nobody listens, nobody wants to know.
            let _ = self.drops.send(name.clone());
        }
        self.known = names;
    }

    async fn attach_again(&self) -> Arc<Session> {
        let mut pauses = Pauses::default();
        let mut said = String::new();
        loop {
            sleep(pauses.next()).await;
            match attach(&self.node).await {
                Ok(session) => return Arc::new(session),
                Err(error) => {
                    let error = error.in_full();
                    say_once(&mut said, &error);
                    let _ = self.tell.send_replace(Err(error));
                }
            }
        }
    }
}

/// The same trouble again and again is told once.
fn say_once(said: &mut String, trouble: &str) {
    if said != trouble {
        warn!("cannot attach to the local node, trying again: {trouble}");
        trouble.clone_into(said);
    }
}

struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(PAUSES.0)
    }
}

impl Pauses {
    fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = pause.saturating_mul(2).min(PAUSES.1);
        pause
    }
}
