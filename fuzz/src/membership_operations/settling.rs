//! What must come of any history once server and connector are sane again (M2, M4).

use std::collections::BTreeSet;
use std::time::Duration;

use quorate_core::machine::Input;
use quorate_core::membership::{MemberState, Standing};

use super::host::Host;

/// With short pauses it takes more than anybody wants to wait for: nothing is said of such a history.
const MOST_STEPS: usize = 300;

/// Longer than all pauses and all delays, those of a server that asked to be left alone among them.
const LONG: Duration = Duration::from_secs(1200);

impl Host {
    /// From here on all is answered, and as it is.
    pub(super) fn settle(&mut self) {
        if !self.is_started {
            return;
        }
        // Above all that was told of.
        self.server.version += 1000;
        self.feed(Input::Timeout);
        let until = self.latest.saturating_add(LONG);
        for _ in 0..MOST_STEPS {
            self.serve_all();
            if self.latest >= until {
                return self.check_goal();
            }
            self.wait();
        }
    }

    /// Answers whatever is in flight, and does whatever is ordered.
    fn serve_all(&mut self) {
        for _ in 0..20 {
            let (exchanges, attempts): (Vec<_>, Vec<_>) =
                (self.in_flight.keys().copied().collect(), self.attempts.keys().copied().collect());
            exchanges.into_iter().for_each(|id| self.serve_exchange(id, false));
            attempts.into_iter().for_each(|id| self.finish(id, true));
        }
    }
    /// The view is what the server has, and everybody in it is connected who is to be, and nobody else.
    fn check_goal(&self) {
        let Some(reference) = &self.reference else { return };
        // Its watches are silent, so that it may call them so.
        assert!(!matches!(self.membership.standing(), Standing::Syncing { .. }));
        let people = self.server.people(reference.policy());
        assert!(self.membership.members().keys().map(|name| name.as_str()).eq(people.keys()), "{people:?}");
        let (belief, options) = (&reference.belief, reference.belief.options());
        if !belief.can_act() {
            return;
        }
        let admitted = people.values().filter(|person| person.admitted && person.state != MemberState::Terminating);
        let itself = options.self_name.as_ref().map(|name| name.as_str());
        let wanted: BTreeSet<_> =
            admitted.map(|person| person.name.as_str()).filter(|name| Some(*name) != itself).collect();
        for name in &wanted {
            assert!(self.connected.contains(*name), "M2: {name} is not connected");
        }
        for name in belief.managed().filter(|_| options.disconnect_after.is_some()) {
            assert!(self.connected.contains(name) && people.contains_key(name), "M2: {name} is connected still");
        }
    }
}
