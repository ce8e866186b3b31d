//! Runs work while we lead, in the caller's own task.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tracing::warn;

use super::RunError;
use super::shared::Shared;
use super::term::{Leadership, Term};
use super::trace::ELECTION;

/// Runs the work of each term, until it ends by itself.
pub(super) async fn run_while_leading<T, F>(
    shared: &Shared,
    mut work: impl FnMut(Leadership) -> F,
) -> Result<T, RunError>
where
    F: Future<Output = T>,
{
    let runner = Runner::begin(shared)?;
    loop {
        let claim = Claim { shared, term: shared.claim().await?, is_over: false };
        let leadership = Leadership::of(Arc::clone(&claim.term));
        let Some(output) = run_until_due(shared, &claim.term, work(leadership)).await else { continue };
        let term = Arc::clone(&claim.term);
        if claim.end() {
            // Others may run work from here on, if we are to stand again.
            drop(runner);
            shared.settled(&term).await;
            return Ok(output);
        }
    }
}

/// `None` if the work had to be dropped.
///
/// The clock goes first, at every poll: after its deadline the work is not polled once more, however late anybody wakes up.
async fn run_until_due<F: Future>(shared: &Shared, term: &Term, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    let mut due = pin!(term.due());
    let output = poll_fn(|context| {
        if term.is_due() || due.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        work.as_mut().poll(context).map(Some)
    });
    let output = output.await;
    if output.is_none() {
        shared
            .span
            .in_scope(|| warn!(target: ELECTION, term = %term.token, "the work did not stop in time: it is dropped"));
    }
    output
}

/// The one place of whoever runs work.
struct Runner<'s>(&'s Shared);

impl<'s> Runner<'s> {
    fn begin(shared: &'s Shared) -> Result<Self, RunError> {
        shared.begin_running()?;
        Ok(Self(shared))
    }
}

impl Drop for Runner<'_> {
    fn drop(&mut self) {
        self.0.end_running();
    }
}

/// A term that has work. It is dropped after the work, also when that panics or is given up: only then is the work gone, and
/// the Lease may be released.
struct Claim<'s> {
    shared: &'s Shared,
    term: Arc<Term>,
    is_over: bool,
}

impl Claim<'_> {
    /// Says whether the work ended by itself, while we led.
    fn end(mut self) -> bool {
        self.is_over = true;
        self.shared.end_work(&self.term)
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.shared.end_work(&self.term);
        }
    }
}
