//! A connector: who is really connected, and what it was told to change.

use std::collections::{BTreeMap, BTreeSet};

use quorate_core::membership::{Identity, LinkFailure, LinkId, Order, Report};

use super::script::Lie;

#[derive(Default)]
pub(super) struct Connector {
    /// Attempts on links, in flight and ever.
    attempts: BTreeMap<LinkId, Attempt>,
    ordered: Vec<LinkId>,
    /// Attempts to connect whose link was made, and went down again before they end.
    dropped: BTreeSet<LinkId>,
    pub(super) connected: BTreeMap<String, Identity>,
    /// Whether a listing ever said what is not so.
    pub(super) has_lied: bool,
}

#[derive(Clone, Debug)]
enum Attempt {
    Connect(String, Identity),
    Disconnect(String, Identity),
    List,
}

impl Connector {
    pub(super) fn order(&mut self, order: &Order) {
        let (id, attempt) = match order {
            Order::Connect { id, peer } => (*id, Attempt::Connect(peer.name.as_str().into(), peer.identity())),
            Order::Disconnect { id, peer } => (*id, Attempt::Disconnect(peer.name.as_str().into(), peer.identity())),
            Order::ListConnected { id } => (*id, Attempt::List),
            Order::Abandon(id) => return assert!(self.attempts.remove(id).is_some(), "{order}"),
            other => panic!("{other}"),
        };
        self.ordered.push(id);
        self.attempts.insert(id, attempt);
    }

    /// All that is in flight.
    pub(super) fn in_flight(&self) -> Vec<LinkId> {
        self.attempts.keys().copied().collect()
    }

    pub(super) fn reported(&mut self, id: LinkId) {
        self.attempts.remove(&id);
    }

    /// An attempt ends, with its effect if it went well. Every other disconnect that does not ends because somebody answers: it is
    /// the name's `owner`, if there is one.
    pub(super) fn end(&mut self, id: LinkId, well: bool, owner: impl Fn(&str) -> Option<Identity>) -> Option<Report> {
        let attempt = self.attempts.get(&id).cloned()?;
        let failure = || LinkFailure::new("no route");
        Some(match attempt {
            Attempt::List => Report::Listed {
                id,
                names: if well { Ok(Some(self.connected.keys().cloned().collect())) } else { Err(failure()) },
            },
            Attempt::Disconnect(name, peer) if !well && self.ordered.len().is_multiple_of(2) => {
                let who = owner(&name).unwrap_or(peer);
                self.connected.insert(name, who);
                Report::Ended { id, outcome: Err(somebody_answers()) }
            }
            Attempt::Connect(..) | Attempt::Disconnect(..) if !well => Report::Ended { id, outcome: Err(failure()) },
            Attempt::Connect(name, identity) => {
                if !self.dropped.contains(&id) {
                    self.connected.insert(name, identity);
                }
                Report::Ended { id, outcome: Ok(()) }
            }
            Attempt::Disconnect(name, _) => {
                self.connected.remove(&name);
                Report::Ended { id, outcome: Ok(()) }
            }
        })
    }

    /// Whoever asks is told what is not so.
    pub(super) fn lie(&mut self, lie: &Lie, known: &[String]) -> Option<Report> {
        let (id, _) = self.attempts.iter().find(|(_, attempt)| matches!(attempt, Attempt::List))?;
        let named = |which: &u8| match usize::from(*which).checked_rem(known.len() + 1) {
            Some(index) if index < known.len() => known[index].clone(),
            _ => "10.0.0.1".into(),
        };
        let names = match lie {
            Lie::CannotTell => Ok(None),
            Lie::Fails => Err(LinkFailure::new("")),
            Lie::Names(names) => Ok(Some(names.iter().take(6).map(named).collect())),
        };
        self.has_lied |= matches!(lie, Lie::Names(_));
        Some(Report::Listed { id: *id, names })
    }

    /// A link goes down by itself: a member's, or one that nobody knows.
    pub(super) fn drop_link(&mut self, which: u8, known: &[String]) -> Report {
        let name = known.get(usize::from(which) % (known.len() + 1)).map_or("stranger", |name| name).to_owned();
        self.connected.remove(&name);
        let is_it = |attempt: &Attempt| matches!(attempt, Attempt::Connect(peer, _) if *peer == name);
        self.dropped.extend(self.attempts.iter().filter(|(_, attempt)| is_it(attempt)).map(|(id, _)| *id));
        Report::Dropped { name }
    }

    /// Reports on what is in flight no longer.
    pub(super) fn late(&self, age: u8, well: bool) -> Option<[Report; 2]> {
        let id = self.ordered.iter().rev().nth(age.into()).copied().filter(|id| !self.attempts.contains_key(id))?;
        let outcome = if well { Ok(()) } else { Err(LinkFailure::new("late")) };
        Some([Report::Ended { id, outcome }, Report::Listed { id, names: Ok(Some(BTreeSet::new())) }])
    }
}

pub(super) fn somebody_answers() -> LinkFailure {
    LinkFailure::still_answers("it answers")
}
