//! Everything that happened, in order.

use std::rc::Rc;

use quorate_core::election::{Event, FencingToken, Order, Report};
use quorate_core::machine::RequestId;
use quorate_core::time::Instant;

use super::lease::Lease;

#[derive(Clone, Debug)]
pub(super) enum Entry {
    Started,
    /// A read or a watch left.
    Asked(RequestId),
    Wrote(Rc<Write>),
    /// A read was answered; `None` if there is no such Lease.
    Read(RequestId, Option<Rc<Lease>>),
    /// A write was answered by its effect.
    Acknowledged(Rc<Write>, Rc<Lease>),
    /// A write was answered that somebody was faster, or that nothing is there.
    Conflict,
    /// The watch told that it is so.
    Told(Rc<Lease>),
    /// The watch told that it is gone, with the version of that.
    Deleted(Rc<Lease>),
    Reported(Report),
    Emitted(Event),
    Ordered(Order),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Create,
    Release,
    Renew,
    Win,
}

#[derive(Debug)]
pub(super) struct Write {
    pub(super) id: RequestId,
    pub(super) purpose: Purpose,
    pub(super) sent_at: Instant,
    pub(super) renew_time: String,
    /// The version that it was written over; empty if it was a creation.
    pub(super) base: String,
}

/// One term of ours, by the places in the log where things happened to it.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) token: FencingToken,
    pub(super) begun: usize,
    pub(super) stopped: Option<usize>,
    pub(super) is_voluntary: bool,
    pub(super) ended: Option<usize>,
}

impl Term {
    pub(super) const fn is_led(&self) -> bool {
        self.stopped.is_none() && self.ended.is_none()
    }
}

/// What the host wants of the candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Will {
    Idle,
    Stand,
    Withdraw,
    End,
}

#[derive(Debug, Default)]
pub(super) struct Log(pub(super) Vec<(Instant, Entry)>);

impl Log {
    pub(super) fn entries(&self) -> impl DoubleEndedIterator<Item = (usize, Instant, &Entry)> {
        self.0.iter().enumerate().map(|(place, (at, entry))| (place, *at, entry))
    }

    pub(super) fn terms(&self) -> Vec<Term> {
        let mut terms: Vec<Term> = Vec::new();
        for (place, _, entry) in self.entries() {
            match (entry, terms.last_mut()) {
                (Entry::Ordered(Order::StartWork { term, .. }), _) => {
                    let token = term.clone();
                    terms.push(Term { token, begun: place, stopped: None, is_voluntary: false, ended: None });
                }
                (Entry::Ordered(Order::StopWork { reason, .. }), Some(last)) => {
                    use quorate_core::election::StopReason::{Shutdown, StepDown};
                    last.stopped = last.stopped.or(Some(place));
                    last.is_voluntary = matches!(reason, Shutdown | StepDown);
                }
                (Entry::Reported(Report::WorkEnded { term }), Some(last)) if last.token == *term => {
                    last.ended = last.ended.or(Some(place));
                }
                _ => {}
            }
        }
        terms
    }

    pub(super) fn will(&self) -> Will {
        let mut will = Will::Idle;
        let terms = self.terms();
        // The last word on a term is known by now: work that was not told to stop ended by itself.
        let ended_by_itself = |place| terms.iter().any(|term| term.ended == Some(place) && term.stopped.is_none());
        for (place, _, entry) in self.entries() {
            will = match (entry, will) {
                (_, Will::End) => Will::End,
                (Entry::Started, Will::Idle) => Will::Stand,
                (Entry::Reported(Report::Shutdown), _) => Will::End,
                (_, Will::Idle) => Will::Idle,
                (Entry::Reported(Report::StepDown), _) => Will::Withdraw,
                (Entry::Reported(Report::Stand), Will::Withdraw) => Will::Stand,
                (Entry::Reported(Report::WorkEnded { .. }), _) if ended_by_itself(place) => Will::Withdraw,
                _ => will,
            };
        }
        will
    }

    /// Where the candidate last said that it stands, and where it last said that it does not.
    pub(super) fn stands(&self) -> (Option<usize>, Option<usize>) {
        let last = |wanted: &Event| {
            let found =
                self.entries().rev().find(|(.., entry)| matches!(entry, Entry::Emitted(event) if event == wanted));
            found.map(|(place, ..)| place)
        };
        (last(&Event::Standing), last(&Event::Withdrawn))
    }

    /// Where the host last asked it to leave, or its work ended by itself.
    pub(super) fn asked_to_leave(&self) -> Option<usize> {
        let terms = self.terms();
        let found = self.entries().rev().find(|(place, _, entry)| match entry {
            Entry::Reported(Report::StepDown | Report::Shutdown) => true,
            Entry::Reported(Report::WorkEnded { .. }) => {
                terms.iter().any(|term| term.ended == Some(*place) && term.stopped.is_none())
            }
            _ => false,
        });
        found.map(|(place, ..)| place)
    }

    /// The first place whose writes may still begin a term: what was sent before a term ended, or a release begun, is void.
    pub(super) fn void_before(&self) -> usize {
        let stops = self.terms().into_iter().filter_map(|term| term.stopped.max(term.ended));
        stops.chain(self.asked_to_leave()).max().map_or(0, |place| place + 1)
    }

    /// The writes from a place on that are known to have taken effect, each with the versions that show it.
    pub(super) fn effective(&self, from: usize, is_ours: impl Fn(&Lease) -> bool) -> Vec<(Rc<Write>, Vec<String>)> {
        self.effective_by(self.0.len(), from, is_ours)
    }

    /// The same, as it was known when the log was so long.
    pub(super) fn effective_by(
        &self,
        length: usize,
        from: usize,
        is_ours: impl Fn(&Lease) -> bool,
    ) -> Vec<(Rc<Write>, Vec<String>)> {
        let writes = self.entries().take(length).skip(from).filter_map(|(place, _, entry)| match entry {
            Entry::Wrote(write) => Some((place, write.clone())),
            _ => None,
        });
        let shown = |(place, write): (usize, Rc<Write>)| {
            let seen = self.entries().take(length).skip(place).filter_map(|(_, _, entry)| match entry {
                Entry::Read(_, Some(lease)) | Entry::Acknowledged(_, lease) | Entry::Told(lease) => Some(lease),
                _ => None,
            });
            let of_it = seen.filter(|lease| is_ours(lease) && lease.renew_time() == Some(&write.renew_time));
            let versions: Vec<_> = of_it.map(|lease| lease.version().to_owned()).collect();
            (!versions.is_empty()).then_some((write, versions))
        };
        writes.filter_map(shown).collect()
    }
}
