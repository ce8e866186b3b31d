//! The account of one membership: what it was told, what it made of it, and whether it was right.

use std::collections::{BTreeMap, BTreeSet};

use quorate_core::api::Request;
use quorate_core::machine::Action;
use quorate_core::membership::{
    Change, Departure, Event, Identity, LinkConfig, Membership, MembershipConfig, News, Order, Policy, Report, Standing,
};
use quorate_core::time::Instant;

use super::belief::Belief;
use super::evidence::Evidence;
use super::removals::Removals;
use super::view::{PlainMember, make};
use crate::host::is_watch;

pub(super) struct Reference {
    policy: Policy,
    pub(super) evidence: Evidence,
    pub(super) belief: Belief,
    removals: Removals,
    is_started: bool,
    /// Of the present call: the collection that an answer is about, and what has come of it.
    scope: Option<usize>,
    watches: Vec<Request>,
    stale_events: usize,
    gone: usize,
    has_confirmed: bool,
    members: usize,
}

impl Reference {
    pub(super) fn new(config: &MembershipConfig, links: &LinkConfig, namespaces: Vec<Option<String>>) -> Self {
        let options = config.options();
        Self {
            policy: options.policy.clone(),
            evidence: Evidence::new(options.listing.source, namespaces),
            belief: Belief::new(links),
            removals: Removals::new(options.confirm_removals_over),
            is_started: false,
            scope: None,
            watches: Vec::new(),
            stale_events: 0,
            gone: 0,
            has_confirmed: false,
            members: 0,
        }
    }

    pub(super) fn begin_call(&mut self) {
        (self.scope, self.stale_events, self.gone, self.has_confirmed) = (None, 0, 0, false);
        self.evidence.begin_call();
        self.watches.clear();
        self.members = self.belief.members().count();
    }

    pub(super) const fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(super) fn members(&self, membership: &Membership) -> BTreeMap<String, PlainMember> {
        membership.members().iter().map(|(name, member)| (name.as_str().into(), PlainMember::of(member))).collect()
    }

    pub(super) fn start(&mut self) {
        self.is_started = true;
    }

    pub(super) fn report(&mut self, at: Instant, report: &Report) {
        self.belief.report(at, report);
    }

    pub(super) fn answered(&mut self, at: Instant, request: &Request, status: u16, body: &[u8]) {
        self.scope = Some(self.evidence.scope_of(request));
        self.evidence.answered(at, request, status, body);
    }

    /// `false` if nothing that follows is to be heard.
    pub(super) fn told(&mut self, request: &Request, lines: &[Vec<u8>]) -> bool {
        self.scope = Some(self.evidence.scope_of(request));
        lines.iter().all(|line| self.evidence.told(request, line))
    }

    /// Holds one action against the log, and notes it.
    pub(super) fn act(&mut self, at: Instant, action: &Action<Event, Order>) {
        match action {
            Action::Send { request, .. } => {
                self.evidence.asked(at, request);
                if is_watch(request) {
                    self.watches.push(request.clone());
                }
            }
            Action::Order(order) => self.belief.order(at, order),
            Action::Emit(event) => self.hear(at, event),
            _ => {}
        }
    }

    fn hear(&mut self, at: Instant, event: &Event) {
        match (event, self.scope) {
            (Event::Change(change), Some(_)) => {
                self.gone += usize::from(matches!(change, Change::Left { why: Departure::Gone, .. }));
                self.belief.follow(at, change);
            }
            (Event::Confirming { .. }, Some(scope)) => {
                let scope = &mut self.evidence.scopes[scope];
                (scope.holds, scope.lists_since_hold, scope.held_in) = (true, 0, self.evidence.call);
            }
            (Event::Source(News::Listed { objects, version }), Some(scope)) => {
                self.has_confirmed = self.evidence.scopes[scope].is_confirmation();
                self.evidence.adopt(scope, *objects, version.as_str());
            }
            (Event::Source(News::Rewound { from, .. }), Some(scope)) => self.evidence.rewind(scope, from.as_str()),
            (Event::Source(News::StaleEvent { .. }), Some(_)) => self.stale_events += 1,
            (Event::Change(_) | Event::Confirming { .. } | Event::Source(News::Listed { .. }), None) => {
                panic!("M1: no answer, and yet: {event}")
            }
            _ => {}
        }
    }

    /// After each call: who is there is who the evidence says, and nobody else.
    pub(super) fn check(&mut self, at: Instant, membership: &Membership) {
        self.watches.iter().for_each(|watch| self.evidence.check_watch(watch));
        let members = self.members(membership);
        for (name, member) in membership.members() {
            // M5.
            let parts = self.policy.naming.parse(name.as_str()).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(parts.basename, self.policy.naming.basename.as_ref().map(|basename| basename.as_str()));
            assert_eq!(*name, member.name);
        }
        self.check_changes(&members);
        self.check_standing(membership.standing());
        if self.evidence.is_ordered() {
            assert_eq!(self.stale_events, self.evidence.stale_events);
            self.check_view(&members);
        }
        if self.has_confirmed {
            self.removals.begin_again();
        } else if self.scope.is_some() {
            self.removals.take(at, self.gone, self.members, members.len());
        }
        self.belief.check_times(at);
    }

    /// The changes, one after another, make the view; who tells of a member is no change.
    fn check_changes(&self, members: &BTreeMap<String, PlainMember>) {
        let told: BTreeMap<_, _> = self.belief.members().map(|plain| (plain.name.clone(), plain)).collect();
        assert!(told.keys().eq(members.keys()), "{told:?}, not {members:?}");
        for (name, told) in told {
            assert!(told.is_like(&members[&name]), "{told:?}, not {:?}", members[&name]);
        }
    }

    fn check_standing(&self, standing: &Standing) {
        if self.is_started {
            let is_syncing = matches!(standing, Standing::Syncing { .. });
            assert_eq!(
                is_syncing && self.evidence.is_ordered(),
                !self.evidence.is_synced() && self.evidence.is_ordered()
            );
        }
    }

    /// All that the objects tell of, and whoever is held until a fresh list confirms that nobody tells of them.
    fn check_view(&self, members: &BTreeMap<String, PlainMember>) {
        let (expected, states) = make(&self.evidence.objects, &self.policy);
        for (name, plain) in &expected {
            assert_eq!(members.get(name), Some(plain), "{name}");
        }
        let named: BTreeSet<_> = expected.values().map(|plain| &plain.identity).collect();
        for (name, held) in members.iter().filter(|(name, _)| !expected.contains_key(*name)) {
            let is_nameless = !named.contains(&held.identity) && !has_ended(&states, &held.identity);
            assert!(is_nameless, "{name} has gone, and is still there");
            assert!(self.is_held(held), "{name} has gone, and nobody has been asked to confirm it");
        }
    }

    /// A list that began before the question confirms nothing, so that the second one surely does.
    fn is_held(&self, plain: &PlainMember) -> bool {
        let is_theirs =
            |namespace: &Option<String>| namespace.as_ref().is_none_or(|namespace| plain.is_told_of_in(namespace));
        self.evidence
            .scopes
            .iter()
            .any(|scope| is_theirs(&scope.namespace) && scope.holds && scope.lists_since_hold < 2)
    }
}

fn has_ended(states: &BTreeMap<Identity, quorate_core::membership::MemberState>, identity: &Identity) -> bool {
    use quorate_core::membership::MemberState::{Failed, Succeeded};
    matches!(states.get(identity), Some(Failed | Succeeded))
}
