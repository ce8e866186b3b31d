//! The membership handle: a live view of the peers, for a tokio program.

mod changes;
mod host;
mod shared;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use quorate_core::membership::{LinkConfig, Member, Membership, MembershipConfig, Report, Standing};
use quorate_core::name::NodeName;
use quorate_core::time::Instant;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tracing::{Instrument as _, Span};

pub use self::changes::Changes;
use self::host::Host;
pub use self::shared::Stopped;
use self::shared::{Ending, Shared};
use crate::clock::Clock;
use crate::connector::Connector;
use crate::driver::run_by;
use crate::trace;
use crate::transport::Transport;

/// A live view of the peers, kept by a task of its own.
///
/// Dropping the handle stops the task, and drops the exchanges and connector calls that are under way; links stay as they are.
/// [`shutdown`](Self::shutdown) waits for it as well.
///
/// What happens is traced with the target `quorate::membership`, at the level of its
/// [severity](quorate_core::membership::Event::severity), in a span `membership` that names the selector and the namespaces.
///
/// Each replica needs a seed of its own, here and for links, or they all pause alike: see
/// [`random_seed`](crate::random_seed()).
///
/// # Example
///
/// ```no_run
/// # #[cfg(feature = "hyper")]
/// # async fn example(client: quorate_transport_hyper::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use quorate_core::api::LabelSelector;
/// use quorate_core::membership::MembershipOptions;
/// use quorate_core::membership::listing::ListingOptions;
/// use quorate_runtime_tokio::{MembershipHandle, random_seed};
///
/// let selector = Some(LabelSelector::parse("app=web")?);
/// let listing = ListingOptions { selector, seed: random_seed(), ..Default::default() };
/// let config = MembershipOptions { listing, ..Default::default() }.build()?;
/// let membership = MembershipHandle::start(config, client);
/// let mut changes = membership.changes();
/// while let Some(event) = changes.next().await {
///     println!("{event}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MembershipHandle {
    shared: Arc<Shared>,
    reports: mpsc::UnboundedSender<Report>,
    /// Never sends: when it is gone, the task ends.
    stop: oneshot::Sender<Infallible>,
    task: Task,
}

impl MembershipHandle {
    /// Follows the peers.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime (tokio's own panic).
    #[must_use]
    pub fn start(config: MembershipConfig, transport: impl Transport + 'static) -> Self {
        let span = trace::span(&config);
        Self::spawn(Membership::new(config), span, transport, None)
    }

    /// Follows the peers, and lets links follow them.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime (tokio's own panic).
    #[must_use]
    pub fn start_linked(
        config: MembershipConfig,
        links: LinkConfig,
        transport: impl Transport + 'static,
        connector: impl Connector + 'static,
    ) -> Self {
        let span = trace::span(&config);
        Self::spawn(Membership::linked(config, links), span, transport, Some(Arc::new(connector)))
    }

    fn spawn(
        mut machine: Membership,
        span: Span,
        transport: impl Transport + 'static,
        connector: Option<Arc<dyn Connector>>,
    ) -> Self {
        let clock = Clock::start();
        let shared = Arc::new(Shared::new(clock));
        let (reports, reported) = mpsc::unbounded_channel();
        let (stop, stopping) = oneshot::channel::<Infallible>();
        let ending = Ending(Arc::clone(&shared));
        let run = async move {
            let mut host = Host::new(Arc::clone(&ending.0), reported, connector);
            tokio::select! {
                _ = run_by(clock, &mut machine, &transport, &mut host) => {}
                _ = stopping => {}
            }
            host.stop().await;
        };
        Self { shared, reports, stop, task: Task(tokio::spawn(run.instrument(span))) }
    }

    /// All members that are known at this moment, admitted or not, by name.
    #[must_use]
    pub fn view(&self) -> BTreeMap<NodeName, Arc<Member>> {
        self.shared.view()
    }

    /// The member of this name.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<Arc<Member>> {
        self.shared.member(name)
    }

    /// How current the view is. When that changes in reason it is an event as well; how long it lasts is told only here.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.shared.standing()
    }

    /// How long ago the view was last known to be current: zero when it is live, `None` before the first view.
    ///
    /// It also grows when the task has ended unasked, whatever the standing was then.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.shared.age()
    }

    /// What the wall clock showed at an instant that this membership speaks of, such as the one since when it is degraded, if
    /// it was not set meanwhile. What lies ahead is now.
    #[must_use]
    pub fn wall(&self, at: Instant) -> SystemTime {
        self.shared.wall(at)
    }

    /// Completes when the first view is complete. Dropping the future loses nothing.
    ///
    /// It waits as long as that takes: [`standing`](Self::standing) tells why it takes so long, and a time limit is the
    /// caller's own.
    ///
    /// # Errors
    ///
    /// When the task has ended before.
    pub async fn synced(&self) -> Result<(), Stopped> {
        self.shared.synced().await
    }

    /// Everything that happens from now on, after a `Joined` for each member that is known already, and the standing.
    ///
    /// Each stream is told of everything in order, however much happens at once. One that is read so slowly that it misses
    /// events is told how the view differs from what it was told last, with
    /// [`Gone`](quorate_core::membership::Departure::Gone) for whoever left in whatever way; what it missed of links, of the
    /// source and of who was left out is lost to it. [`Changes::missed`] tells that it happened, and so does a warning.
    #[must_use]
    pub fn changes(&self) -> Changes {
        Changes::new(Arc::clone(&self.shared))
    }

    /// We ourselves are going: nobody is dialled any more, and nobody is hung up on.
    pub fn drain(&self) {
        // It fails only when the task has ended, and then there is nothing to drain.
        let _ = self.reports.send(Report::Drain);
    }

    /// Stops, and waits until nothing of it runs any more: neither the task, nor an exchange, nor a call of the connector.
    /// Links stay as they are.
    ///
    /// A connector whose calls block their thread is waited for. Dropping the future stops all the same.
    pub async fn shutdown(self) {
        let Self { stop, mut task, .. } = self;
        drop(stop);
        // A task that panicked has ended as well.
        let _ = (&mut task.0).await;
    }
}

/// Ends when it is dropped.
#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
