//! Keeps a session with the local node: attaches again when it ends, and notices links that went down with it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use quorate_runtime_tokio::ConnectorError;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};

use super::LOOK_LIMIT;
use super::attach::{AttachError, OwnName, attach};
use super::functions;
use super::node::LocalNode;
use super::session::{CallError, Session};

/// How long a call waits for a node that starts again, instead of failing, which costs a pause.
const RETURN_LIMIT: Duration = Duration::from_secs(3);

/// A session that lasts so long was a good one.
const LASTING: Duration = Duration::from_secs(10);

/// The pauses between attempts to attach: a node that restarts is back in a second or so.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

#[derive(Debug)]
pub(super) struct Attachment {
    session: watch::Receiver<Result<Arc<Session>, String>>,
    known: Arc<Known>,
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
        let (mut pauses, mut own) = (Pauses::default(), OwnName::default());
        let (mut said, mut is_confirmed) = (String::new(), false);
        let first = loop {
            match attach(&node, &mut own).await {
                Ok(session) => break Arc::new(session),
                // A node that is about to end hangs up as one does that is shown a wrong cookie.
                Err(error) if error.is_final() && is_confirmed => return Err(error),
                Err(error) if error.is_final() => is_confirmed = true,
                Err(error) => {
                    is_confirmed = false;
                    say_once(&mut said, &error.in_full());
                }
            }
            sleep(pauses.next()).await;
        };
        info!("attached to {} as {}", node.name, first.own_name());
        let (tell, session) = watch::channel(Ok(Arc::clone(&first)));
        let (drops, dropped) = mpsc::unbounded_channel();
        let known = Arc::default();
        let keeper = Keeper { node, tell, drops, known: Arc::clone(&known), pauses: Pauses::default() };
        let task = tokio::spawn(keeper.run(first));
        Ok(Self { session, known, dropped: Mutex::new(dropped), task: task.abort_handle() })
    }

    /// The session that there is, or soon will be.
    pub(super) async fn session(&self) -> Result<Arc<Session>, CallError> {
        let mut session = self.session.clone();
        let lasts = |session: &Result<Arc<Session>, _>| session.as_ref().is_ok_and(|session| !session.has_ended());
        let _ = timeout(RETURN_LIMIT, session.wait_for(lasts)).await;
        self.session.borrow().clone().map_err(CallError::Detached)
    }

    /// Everybody whom the node has a link to.
    pub(super) async fn connected(&self) -> Result<BTreeSet<String>, ConnectorError> {
        let names = functions::connected(&*self.session().await?).await?;
        if let Ok(mut known) = self.known.lock() {
            known.clone_from(&names);
        }
        Ok(names)
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
    known: Arc<Known>,
    pauses: Pauses,
}

/// Whom the node had links to when it was asked last.
type Known = StdMutex<BTreeSet<String>>;

impl Keeper {
    async fn run(mut self, mut session: Arc<Session>) {
        loop {
            let began = Instant::now();
            let why = session.ended().await;
            // One that does not last is no better than one that fails: each has a name of its own, which the node never forgets.
            if began.elapsed() > LASTING {
                self.pauses = Pauses::default();
            }
            warn!("the connection to {} is lost: {why}; its links are left as they are", self.node.name);
            let _ = self.tell.send_replace(Err(why));
            session = self.attach_again().await;
            info!("attached again to {} as {}", self.node.name, session.own_name());
            let _ = self.tell.send_replace(Ok(Arc::clone(&session)));
            self.tell_of_drops(&session).await;
        }
    }

    /// A link that was there and is not any more has gone down with the node.
    async fn tell_of_drops(&self, session: &Session) {
        let Ok(Ok(names)) = timeout(LOOK_LIMIT, functions::connected(session)).await else { return };
        let known = self.known.lock().map(|known| known.clone()).unwrap_or_default();
        for name in known.difference(&names) {
            // If nobody listens, nobody wants to know.
            let _ = self.drops.send(name.clone());
        }
    }

    async fn attach_again(&mut self) -> Arc<Session> {
        let (mut said, mut own) = (String::new(), OwnName::default());
        loop {
            sleep(self.pauses.next()).await;
            match attach(&self.node, &mut own).await {
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
