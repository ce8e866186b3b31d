//! What a candidate has seen of the Lease, and since when: design §4, *Observing*, told once more from the log.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use quorate_core::election::{Create, ElectionConfig};
use quorate_core::machine::RequestId;
use quorate_core::time::Instant;

use super::lease::{Lease, number};
use super::log::Entry;

#[derive(Clone, Debug, Default)]
pub(super) struct Observed {
    pub(super) current: Option<Rc<Lease>>,
    pub(super) is_read: bool,
    uid: String,
    pub(super) newest: String,
    pub(super) changed_at: Instant,
    /// No winning write before this.
    pub(super) barred_until: Instant,
    /// How long the last held record had to be left alone.
    pub(super) patience: Duration,
    /// Where in the log history last went back.
    pub(super) rewound_in: Option<usize>,
    /// How much of the log was followed.
    followed: usize,
    /// What was the newest when a request left.
    asked: BTreeMap<RequestId, String>,
}

impl Observed {
    /// Goes on by one entry of the log.
    pub(super) fn follow(&mut self, at: Instant, entry: &Entry, config: &ElectionConfig) {
        self.followed += 1;
        match entry {
            Entry::Asked(id) => drop(self.asked.insert(*id, self.newest.clone())),
            Entry::Wrote(write) => drop(self.asked.insert(write.id, self.newest.clone())),
            Entry::Read(id, Some(lease)) => self.take_answer(*id, lease, at, config),
            Entry::Acknowledged(write, lease) => self.take_answer(write.id, lease, at, config),
            // The watch told of it since.
            Entry::Read(id, None) if self.asked.get(id) == Some(&self.newest) => self.lose(),
            Entry::Told(lease) if lease.is_newer_than(&self.newest) => self.accept(lease, false, at, config),
            Entry::Deleted(lease) if lease.is_newer_than(&self.newest) => {
                self.newest = lease.version().into();
                self.lose();
            }
            _ => {}
        }
    }

    fn lose(&mut self) {
        (self.current, self.is_read) = (None, true);
    }

    fn take_answer(&mut self, id: RequestId, lease: &Rc<Lease>, at: Instant, config: &ElectionConfig) {
        let is_rewound = self.asked.get(&id).is_some_and(|asked| number(lease.version()) < number(asked));
        if is_rewound || number(lease.version()) >= number(&self.newest) {
            self.accept(lease, is_rewound, at, config);
        }
    }

    fn accept(&mut self, lease: &Rc<Lease>, is_rewound: bool, at: Instant, config: &ElectionConfig) {
        let is_first = self.uid.is_empty();
        let is_new = self.uid != lease.uid();
        let is_created_by_us = is_new && lease.is_ours(config);
        let is_break = is_rewound || (is_new && !is_first && !is_created_by_us);
        self.rewound_in = if is_rewound { Some(self.followed) } else { self.rewound_in };
        if is_new {
            self.barred_until = Instant::ORIGIN;
        }
        if is_break || (is_created_by_us && config.options().create == Create::Safe) {
            self.barred_until = at.saturating_add(self.patience.max(config.options().lease_duration));
        }
        if is_break || !self.current.as_ref().is_some_and(|known| known.has_content_of(lease)) {
            self.changed_at = at;
        }
        if lease.is_held() {
            self.patience = lease.patience(config);
        }
        self.uid = lease.uid().into();
        self.newest = lease.version().into();
        (self.current, self.is_read) = (Some(lease.clone()), true);
    }
}
