//! What must come of any history once server and connector are sane again (M2, M4).

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
            let served = exchanges.into_iter().filter(|id| self.serve_exchange(*id, false)).count();
            if served + attempts.len() == 0 {
                return;
            }
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
        for person in admitted.filter(|person| Some(&*person.name) != itself) {
            let peer = self.connected.get(&person.name);
            assert!(peer.is_some(), "M2: {} is not connected", person.name);
            // After a lie, what is connected is taken for whoever has the name.
            let is_they = peer == Some(&person.identity) || self.has_lied || options.disconnect_after.is_none();
            assert!(is_they, "M2: {} is connected to who had the name before", person.name);
        }
        for name in belief.managed().filter(|_| options.disconnect_after.is_some()) {
            assert!(self.connected.contains_key(name) && people.contains_key(name), "M2: {name} is connected still");
        }
    }
}
