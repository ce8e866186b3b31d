//! What must come of any history once the server is sane again: a candidate that stands leads (E5, E7).

use std::time::Duration;

use quorate_core::api::Method;
use quorate_core::election::Report;
use quorate_core::machine::Input;
use quorate_core::time::Instant;

use super::host::Host;
use super::lease::number;
use super::script::Ending;
use crate::answer::Piece;
use crate::host::Host as _;

/// With short pauses and a long bar there are more steps than anybody wants to wait for: so many, and the rest is slept through.
const MOST_STEPS: usize = 200;

/// Above all that was seen.
const VERSION: u64 = 1_000_000_000;

impl Host {
    /// One server, which keeps what is written, and whose watch tells nothing.
    pub(super) fn settle(&mut self, ending: Ending) {
        if self.driver.machine.has_ended() || self.server.version >= VERSION || !self.is_started {
            return;
        }
        self.server.hold(VERSION, if ending == Ending::Free { "" } else { "crashed" });
        if ending == Ending::Deaf {
            self.miss_a_renewal();
        }
        let begun = self.driver.clock.latest();
        if !self.ends_well_within_steps(begun) {
            let config = self.config();
            let patience = Duration::from_secs(3600).max(config.options().lease_duration);
            self.pass(patience + config.longest_pause());
            let awoken = self.driver.clock.latest();
            assert!(self.ends_well_within_steps(awoken), "it still does not lead: {:?}", self.driver.machine);
        }
        self.stay();
    }

    /// It leads, or has gone, as it was told to before.
    fn ends_well_within_steps(&mut self, begun: Instant) -> bool {
        for _ in 0..MOST_STEPS {
            let latest = self.driver.clock.latest();
            assert!(latest <= self.open_at(begun), "it may lead, and does not: {:?}", self.driver.machine);
            self.obey();
            let leads = self.driver.machine.leading_until().is_some() && self.holds();
            if leads || self.driver.machine.has_ended() {
                return true;
            }
            self.wait();
        }
        false
    }

    /// E5: until when the record is to be seen, and then to be won. Two pauses come on top of the wait.
    fn open_at(&self, begun: Instant) -> Instant {
        let config = self.config();
        let pauses = config.jitter() + config.longest_pause() * 2;
        let Some(observed) = self.reference.as_ref().map(|reference| &reference.observed) else {
            return Instant::ORIGIN;
        };
        let record = observed.current.as_ref();
        if number(&observed.newest) < number(&VERSION.to_string()) {
            // Whoever hears nothing asks once a quarter; whoever releases has until others may take it; whoever is barred has time.
            let quarter = record.map_or(Duration::ZERO, |record| record.patience(&config) / 4);
            let seen_at = begun.saturating_add(quarter.max(config.options().lease_duration));
            return seen_at.max(observed.barred_until).saturating_add(pauses);
        }
        let waits = record.filter(|record| record.is_held() && !record.is_ours(&config));
        let wait = waits.map_or(Duration::ZERO, |record| record.patience(&config));
        let open_at = observed.changed_at.saturating_add(wait).max(observed.barred_until);
        begun.max(open_at).saturating_add(pauses)
    }

    /// Whether what the server has is ours: a term from before it was sane may last a while without.
    fn holds(&self) -> bool {
        let identity = self.driver.machine.config().identity();
        self.server.stored.as_ref().is_some_and(|stored| stored["spec"]["holderIdentity"] == **identity)
    }

    /// Does all that a host is asked to do, and wants it to stand.
    fn obey(&mut self) {
        self.serve_all_sanely();
        let unopened = self.driver.exchanges.of_kind(true).find(|(_, watch)| !watch.has_head).map(|(id, _)| id);
        if let Some(id) = unopened {
            self.take(id, Piece::head(200).part());
        }
        if self.driver.machine.leading_until().is_none()
            && let Some(term) = self.token(0)
        {
            self.feed(Input::Report(&Report::WorkEnded { term }));
        }
        self.feed(Input::Report(&Report::Stand));
        self.serve_all_sanely();
    }

    fn serve_all_sanely(&mut self) {
        while self.exchange().is_some() {
            self.serve_sanely();
        }
    }

    fn serve_sanely(&mut self) {
        let Some((id, request)) = self.exchange() else { return };
        if self.server.would_take(&request) {
            self.serve();
        } else {
            self.take_all(id, &Piece::answer(409, None, Vec::new()));
        }
    }

    /// Who leads, and is served, goes on leading.
    fn stay(&mut self) {
        for _ in 0..12 {
            self.obey();
            assert!(
                self.driver.machine.has_ended() || self.driver.machine.leading_until().is_some(),
                "{:?}",
                self.driver.machine
            );
            self.wait();
        }
    }

    /// A watch that told nothing of what a read brought is not listened to any more: the release would not be heard either.
    fn miss_a_renewal(&mut self) {
        for _ in 0..MOST_STEPS {
            self.obey();
            let is_seen = self.reference.as_ref().is_some_and(|it| it.observed.newest == VERSION.to_string());
            if let (true, Some(watch), None) = (is_seen, self.watch_id(), self.exchange()) {
                self.server.hold(VERSION + 1, "renewed");
                self.read_for_safety();
                assert!(!self.driver.exchanges.contains(watch), "a watch that missed a renewal is kept");
                return;
            }
            self.wait();
        }
    }

    /// Whoever hears nothing of a held record for a quarter of its duration reads it.
    fn read_for_safety(&mut self) {
        let config = self.config();
        let record = self.reference.as_ref().and_then(|reference| reference.observed.current.clone());
        let quarter = record.map_or(Duration::ZERO, |record| record.patience(&config) / 4);
        let latest = self.driver.clock.latest().saturating_add(quarter.max(config.longest_pause()));
        while self.exchange().is_none() {
            self.wait();
            assert!(self.driver.clock.latest() <= latest, "nothing was heard for a quarter, and nothing is asked");
        }
        assert!(self.exchange().is_some_and(|(_, request)| request.method() == Method::Get), "held, and written");
        self.serve_sanely();
    }
}
