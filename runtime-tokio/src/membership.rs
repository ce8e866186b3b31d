//! The membership handle: a live view of the peers, for a tokio program.

mod changes;
mod host;
mod shared;

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_core::membership::{LinkConfig, Member, Membership, MembershipConfig, Report, Standing};
use quorate_core::name::NodeName;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub use self::changes::Changes;
use self::host::Host;
use self::shared::Shared;
use crate::connector::Connector;
use crate::driver::run_with;
use crate::transport::Transport;

/// A live view of the peers, kept by a task of its own.
///
/// Dropping the handle stops the task, and drops the exchanges and connector calls that are under way; links stay as they are.
///
/// # Example
///
/// ```no_run
/// # #[cfg(feature = "hyper")]
/// # async fn example(client: quorate_transport_hyper::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use quorate_core::api::LabelSelector;
/// use quorate_core::membership::MembershipOptions;
/// use quorate_core::membership::listing::ListingOptions;
/// use quorate_runtime_tokio::MembershipHandle;
///
/// let listing = ListingOptions { selector: Some(LabelSelector::parse("app=web")?), ..Default::default() };
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
    task: JoinHandle<()>,
}

impl MembershipHandle {
    /// Follows the peers.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime (tokio's own panic).
    #[must_use]
    pub fn start(config: MembershipConfig, transport: impl Transport + 'static) -> Self {
        Self::spawn(Membership::new(config), transport, None)
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
        Self::spawn(Membership::linked(config, links), transport, Some(Arc::new(connector)))
    }

    fn spawn(
        mut machine: Membership,
        transport: impl Transport + 'static,
        connector: Option<Arc<dyn Connector>>,
    ) -> Self {
        let shared = Arc::new(Shared::new());
        let (reports, reported) = mpsc::unbounded_channel();
        let mut host = Host::new(Arc::clone(&shared), reported, connector);
        let task = tokio::spawn(async move {
            run_with(&mut machine, &transport, &mut host).await;
        });
        Self { shared, reports, task }
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

    /// How current the view is.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.shared.standing()
    }

    /// Completes when the first view is complete. Dropping the future loses nothing.
    pub async fn synced(&self) {
        self.shared.synced().await;
    }

    /// Everything that happens from now on, after a `Joined` for each member that is known already.
    ///
    /// Each stream is told of every change in order. One that is read so slowly that it misses events is told how the view
    /// differs from what it was told last; what it missed of links and of the source is lost to it.
    #[must_use]
    pub fn changes(&self) -> Changes {
        Changes::new(Arc::clone(&self.shared))
    }

    /// We ourselves are going: nobody is dialled any more, and nobody is hung up on.
    pub fn drain(&self) {
        // It fails only when the task has ended, and then there is nothing to drain.
        let _ = self.reports.send(Report::Drain);
    }

    /// Stops, and waits until nothing runs any more. Links stay as they are.
    pub async fn shutdown(mut self) {
        self.task.abort();
        // The task was cancelled: that is how it ends.
        let _ = (&mut self.task).await;
    }
}

impl Drop for MembershipHandle {
    fn drop(&mut self) {
        self.task.abort();
    }
}
