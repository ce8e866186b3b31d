//! What must come of any history once server and connector are sane again (M2, M4, M6).

use std::time::Duration;

use quorate_core::machine::Input;
use quorate_core::membership::{MemberState, Standing};

use super::host::Host;
use super::memory;
use super::reference::Reference;
use crate::host::Host as _;

/// With short pauses there are more steps than anybody wants to wait for: after so many, the host sleeps, a few times.
const STEPS: usize = 60;
const SLEEPS: usize = 4;

/// Four of them are longer than all pauses and all delays, those of a server that asked to be left alone among them.
const SLEEP: Duration = Duration::from_secs(300);

impl Host {
    /// From here on all is answered, and as it is.
    pub(super) fn settle(&mut self) {
        if !self.is_started {
            return;
        }
        // Above all that was told of.
        self.server.version += 1000;
        self.feed(Input::Timeout);
        self.go_on();
        for _ in 0..SLEEPS {
            self.pass(SLEEP);
            self.go_on();
        }
        if let Some(reference) = &self.reference {
            self.check_view(reference);
            self.check_links(reference);
            self.check_memory(reference);
        }
    }

    fn go_on(&mut self) {
        for _ in 0..STEPS {
            self.serve_all();
            self.wait();
        }
        self.serve_all();
    }

    /// Answers whatever is in flight, and does whatever is ordered.
    fn serve_all(&mut self) {
        for _ in 0..20 {
            let exchanges: Vec<_> = self.driver.exchanges.iter().map(|(id, _)| id).collect();
            let attempts = self.connector.in_flight();
            let served = exchanges.into_iter().filter(|id| self.serve_exchange(*id, false)).count();
            if served + attempts.len() == 0 {
                return;
            }
            for id in attempts {
                self.end_attempt(id, true);
            }
        }
    }

    /// M4: the view is what the server has.
    fn check_view(&self, reference: &Reference) {
        // Its watches are silent, so that it may call them so.
        assert!(!matches!(self.driver.machine.standing(), Standing::Syncing { .. }));
        assert_eq!(reference.members(&self.driver.machine), self.server.members(reference.policy()));
    }

    /// M2: everybody is connected who is to be, and nobody else.
    fn check_links(&self, reference: &Reference) {
        let (belief, options) = (&reference.belief, reference.belief.options());
        if !belief.can_act() {
            return;
        }
        let members = self.server.members(reference.policy());
        let wanted = members.values().filter(|member| member.admitted && member.state != MemberState::Terminating);
        let itself = options.self_name.as_ref().map(|name| name.as_str());
        for member in wanted.filter(|member| Some(&*member.name) != itself) {
            let peer = self.connector.connected.get(&member.name);
            assert!(peer.is_some(), "M2: {} is not connected", member.name);
            // After a lie, what is connected is taken for whoever has the name.
            let is_they =
                peer == Some(&member.identity) || self.connector.has_lied || options.disconnect_after.is_none();
            assert!(is_they, "M2: {} is connected to who had the name before", member.name);
        }
        for name in belief.managed().filter(|_| options.disconnect_after.is_some()) {
            let is_there = self.connector.connected.contains_key(name) && members.contains_key(name);
            assert!(is_there, "M2: {name} is connected still");
        }
    }

    /// M6. Whoever drains does not ask who is connected, nor does whoever has no members after a lie: they cannot forget who may
    /// be. And who is connected is not forgotten.
    fn check_memory(&self, reference: &Reference) {
        let members = self.server.members(reference.policy());
        let all_are_members = self.connector.connected.keys().all(|name| members.contains_key(name));
        if reference.belief.can_act() && all_are_members && !self.connector.has_lied {
            let present =
                format!("{:?} {:?}", reference.belief.options(), self.connector.connected) + &self.server.text();
            memory::check(&format!("{:?}", self.driver.machine), &present);
        }
    }
}
