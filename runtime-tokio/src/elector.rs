//! The elector: leadership for a tokio program.

mod changes;
mod guard;
mod host;
mod shared;
mod term;
mod trace;
mod work;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use quorate_core::election::{Election, ElectionConfig, FencingToken, StopReason};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::Instrument as _;

pub use self::changes::LeadershipChanges;
pub use self::guard::Guard;
use self::host::Host;
use self::shared::Shared;
pub use self::term::Leadership;
use crate::clock::Clock;
use crate::driver::run_by;
use crate::transport::Transport;

/// How long work may take to stop when we stop by our own choice, unless another time is given: what a pod has by default
/// between SIGTERM and SIGKILL is 30 s, and the release needs some of it.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(25);

/// How much longer than the grace period a shutdown waits for work to be gone.
const WORK_MARGIN: Duration = Duration::from_secs(1);

/// Stands for election, in a task of its own, from the moment that it is made.
///
/// - [`guard`](Self::guard) says at any time and from any thread whether we lead.
/// - [`run_while_leading`](Self::run_while_leading) runs work in each of our terms, and in no other time.
/// - [`changes`](Self::changes) is a stream of all that happens.
///
/// All is measured by a clock that counts the time for which the machine was suspended, where the system has one (Linux,
/// Android, Apple's), and not by tokio's: pausing tokio's time stops no election.
///
/// Dropping the elector ends the guard at once, and the task at its next `await`. The Lease is **not** released, as that
/// would need somebody to wait for it: others take over when it expires. [`shutdown`](Self::shutdown) releases it.
///
/// What happens is traced with the target `quorate::election`, at the level of its
/// [severity](quorate_core::election::Event::severity), in a span `election` that names the Lease, its namespace and our
/// identity.
///
/// # Example
///
/// ```no_run
/// # #[cfg(feature = "hyper")]
/// # async fn example(client: quorate_transport_hyper::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use quorate_core::api::{LeaseName, Namespace};
/// use quorate_core::election::ElectionOptions;
/// use quorate_runtime_tokio::{Elector, random_seed};
///
/// let (namespace, name) = (Namespace::parse("lab")?, LeaseName::parse("demo")?);
/// let config = ElectionOptions::new(namespace, name, "web-0", random_seed()).build()?;
/// let elector = Elector::start(config, client);
/// let work = elector.run_while_leading(async |leadership| {
///     println!("leading, with token {}", leadership.token());
///     println!("to stop: {}", leadership.stopping().await);
/// });
/// let shutdown = async {
///     tokio::signal::ctrl_c().await.ok();
///     elector.shutdown().await
/// };
/// // Both at once: the work is told to stop, then the Lease is released.
/// let (_, shutdown) = tokio::join!(work, shutdown);
/// println!("{shutdown}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Elector {
    config: ElectionConfig,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Elector {
    /// Stands for election.
    ///
    /// The transport should be the elector's own: what writes a Lease must not wait behind lists and watches. With
    /// `quorate_transport_hyper` that is a `Client` of its own; it keeps the election's watch apart from its writes.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime (tokio's own panic).
    #[must_use]
    pub fn start(config: ElectionConfig, transport: impl Transport + 'static) -> Self {
        Self::start_by(Clock::of_the_machine(), config, transport)
    }

    pub(crate) fn start_by(clock: Clock, config: ElectionConfig, transport: impl Transport + 'static) -> Self {
        let mut machine = Election::new(config.clone());
        let span = trace::span(&config);
        let (reports, reported) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared::new(clock, machine.clone(), span.clone(), reports));
        let ending = Ending(Arc::clone(&shared));
        let run = async move {
            let mut host = Host::new(Arc::clone(&ending.0), reported);
            run_by(clock, &mut machine, &transport, &mut host).await;
        };
        Self { config, shared, task: tokio::spawn(run.instrument(span)) }
    }

    /// How we stand. It displays as what that buys: tolerated outages, the time until another leads, clock rates.
    #[must_use]
    pub const fn config(&self) -> &ElectionConfig {
        &self.config
    }

    /// Says whether we lead. Clones are cheap, and may outlive the elector.
    #[must_use]
    pub fn guard(&self) -> Guard {
        Guard::of_any_term(Arc::clone(&self.shared))
    }

    /// Where we stand, as it was told last. To act by it is to act by old news: ask the [guard](Self::guard) instead.
    #[must_use]
    pub fn standing(&self) -> Candidacy {
        self.shared.lock().candidacy.clone()
    }

    /// Who stands in the record that was seen last: for people, never for decisions. One line of printable characters.
    #[must_use]
    pub fn holder(&self) -> Option<Arc<str>> {
        self.shared.holder()
    }

    /// Why the election does what it does at this moment, in a line for people.
    #[must_use]
    pub fn explain(&self) -> String {
        self.shared.explain()
    }

    /// Everything that happens from now on, after who holds the Lease and how we stand at present.
    ///
    /// One that is read so slowly that it misses events is told the present anew: [`LeadershipChanges::missed`] tells that it
    /// happened, and so does a warning.
    #[must_use]
    pub fn changes(&self) -> LeadershipChanges {
        LeadershipChanges::new(Arc::clone(&self.shared))
    }

    /// Stops leading, releases the Lease once the work is gone, and does not stand until [`stand`](Self::stand) or
    /// [`run_while_leading`](Self::run_while_leading) is called. The work has [`DEFAULT_GRACE`] to stop.
    ///
    /// No guard says "leading" any more when this returns. That the Lease was released is told by
    /// [`changes`](Self::changes).
    pub fn step_down(&self) {
        self.step_down_within(DEFAULT_GRACE);
    }

    /// The same, with another time for the work to stop. It is dropped when that is over.
    pub fn step_down_within(&self, grace: Duration) {
        self.shared.step_down(grace);
    }

    /// Stands again after [`step_down`](Self::step_down), or after work that has ended by itself.
    pub fn stand(&self) {
        self.shared.stand();
    }

    /// Runs work while we lead: for each of our terms `work` is called for a future, which is polled within this one. Stands
    /// again if we do not.
    ///
    /// - It begins when a term begins, or at once if we lead already.
    /// - **When leadership is lost** the work is [told to stop](Leadership::stopping), and dropped at its
    ///   [hard deadline](Leadership::hard_deadline), before anybody else may lead; at once if another holds the Lease
    ///   already. Then we stand again, and `work` is called anew in the next term.
    /// - **When we stop by our own choice**, by [`step_down`](Self::step_down) or [`shutdown`](Self::shutdown), the guard
    ///   ends at once, the Lease is kept while the work stops, and the work is dropped when its time is over. The Lease is
    ///   released only then.
    /// - **When the work ends by itself**, the Lease is released, and what it returned comes back. We do not stand until this
    ///   is called again, or [`stand`](Self::stand). What it returns once we do not lead any more is dropped instead: it had
    ///   to stop.
    ///
    /// Dropping the future drops the work, releases the Lease, and ends our candidacy, as does work that panics; the panic is
    /// passed on. So it may be one branch of a `select!`, but then the work has no time to stop: to give it some, let
    /// [`shutdown`](Self::shutdown) run beside this future, as in the [example](Self).
    ///
    /// The work cannot be dropped while it blocks its thread, nor while nobody polls this future: then the Lease is not
    /// released, but it expires, and another leads. Work that blocks belongs into `spawn_blocking`, and must ask the
    /// [guard](Leadership::guard) before each step; what it spawns, it must end.
    ///
    /// # Errors
    ///
    /// When other work is being run, or there will be no more terms: after a [`shutdown`](Self::shutdown) when that is over.
    pub async fn run_while_leading<T, F>(&self, work: impl FnMut(Leadership) -> F) -> Result<T, RunError>
    where
        F: Future<Output = T>,
    {
        work::run_while_leading(&self.shared, work).await
    }

    /// Stops leading, releases the Lease once the work is gone, and ends the election. The work has [`DEFAULT_GRACE`] to
    /// stop.
    ///
    /// No guard says "leading" any more when this was polled once. It takes no longer than the grace period and a second for
    /// the work, and, while the API server does not answer, until the record expires for the release. Dropping the future
    /// does not call the shutdown off, and it may be called again.
    pub async fn shutdown(&self) -> Shutdown {
        self.shutdown_within(DEFAULT_GRACE).await
    }

    /// The same, with another time for the work to stop. It is dropped when that is over.
    pub async fn shutdown_within(&self, grace: Duration) -> Shutdown {
        let clock = self.shared.clock;
        let patience = clock.instant().saturating_add(grace).saturating_add(WORK_MARGIN);
        self.shared.shut_down(grace);
        let stuck = async {
            clock.sleep_until(Some(patience)).await;
            if !self.shared.has_work() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            outcome = self.shared.shut_down_outcome() => outcome,
            () = stuck => Shutdown::WorkRunsOn,
        }
    }
}

impl Drop for Elector {
    fn drop(&mut self) {
        self.shared.end();
        self.task.abort();
    }
}

/// Belongs to the task: when it ends, however it does, and even if it never began, nobody leads any more.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Where an elector stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Candidacy {
    /// The election has ended: it was shut down, or its task has ended.
    Ended,
    /// We lead.
    Leading {
        /// The term.
        term: FencingToken,
    },
    /// A candidate without a term.
    Standing,
    /// A term is over; its work is being stopped, or its Lease released.
    Stopping {
        /// The term.
        term: FencingToken,
        /// Why it is over.
        reason: StopReason,
    },
    /// Does not stand until it is told to.
    Withdrawn,
}

impl fmt::Display for Candidacy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended => f.write_str("ended"),
            Self::Leading { term } => write!(f, "leading, term {term}"),
            Self::Standing => f.write_str("standing"),
            Self::Stopping { term, reason } => write!(f, "stopping, term {term}: {reason}"),
            Self::Withdrawn => f.write_str("withdrawn"),
        }
    }
}

/// How a [shutdown](Elector::shutdown) went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Shutdown {
    /// There was nothing to release: we did not hold the Lease.
    NotHeld,
    /// The Lease could not be released, or may not be. Others take over when it expires.
    NotReleased,
    /// The Lease is free for others.
    Released,
    /// The work could not be dropped in time, so the Lease was not released. It will be if the work ends while the elector
    /// lives and the record has not expired.
    WorkRunsOn,
}

impl fmt::Display for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotHeld => "shut down; the Lease was not ours",
            Self::NotReleased => "shut down; the Lease was not released, and others wait until it expires",
            Self::Released => "shut down; the Lease is released",
            Self::WorkRunsOn => "shutting down; the work does not stop, so the Lease is not released",
        })
    }
}

/// Why work is not run, or not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RunError {
    /// Other work is being run: an elector runs one at a time.
    Busy,
    /// The elector was shut down.
    ShutDown,
    /// The task of the election ended: its transport panicked, or the runtime was shut down.
    TaskEnded,
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "the elector runs other work",
            Self::ShutDown => "the elector was shut down",
            Self::TaskEnded => "the task of the election has ended",
        })
    }
}

impl std::error::Error for RunError {}

#[cfg(test)]
mod tests;
