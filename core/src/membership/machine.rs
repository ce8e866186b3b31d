//! The membership machine: reflectors bring evidence, the roster makes members of it, links follow the members.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::mem;

use super::config::MembershipConfig;
use super::event::Event;
use super::guard::{Guard, Verdict};
use super::links::{Effects, LinkConfig, Links, Order, Report};
use super::reflector::{Evidence, Reflector, Standing, Step, Wire};
use super::roster::{Roster, RosterStep};
use super::view::Member;
use crate::api::{AnswerPart, Namespace};
use crate::machine::{Actions, Deadline, Input, Machine, RequestId, RequestIds};
use crate::name::NodeName;
use crate::text::one_line;
use crate::time::{Instant, Now};

/// The longest explanation, in bytes: a few collections may be in trouble, each with some 1,500.
const EXPLANATION_LIMIT: usize = 16_384;

/// A live view of the peers, and links that follow it.
///
/// ```text
///   answers ──▶ reflectors ──evidence──▶ roster ──changes──▶ links ──▶ orders to the connector
///                   ▲                      │ removals            ▲
///                   └──── fresh list ◀── guard                   └── the connector's reports
/// ```
///
/// - One reflector a namespace follows the collection, and says what is evidence and what is none (M1).
/// - The roster turns objects into members, the same whatever the order in which they were told of (M4).
/// - Removals in mass are held until a fresh list has confirmed them.
/// - Links dial who is admitted and drop who is no longer kept (M2, M3).
///
/// # Example
///
/// ```
/// use quorate_core::api::LabelSelector;
/// use quorate_core::machine::{Action, Input, Machine as _};
/// use quorate_core::membership::listing::ListingOptions;
/// use quorate_core::membership::{Membership, MembershipOptions};
/// use quorate_core::time::Now;
///
/// let listing = ListingOptions { selector: Some(LabelSelector::parse("app=web")?), ..Default::default() };
/// let mut membership = Membership::new(MembershipOptions { listing, ..Default::default() }.build()?);
/// let asked = membership.handle(Now::default(), Input::Start);
/// let [Action::Send { request, .. }] = asked.as_slice() else { panic!("the first step is a list") };
/// assert_eq!(request.target(), "/apis/discovery.k8s.io/v1/endpointslices?labelSelector=app%3Dweb&limit=500");
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Membership {
    scopes: Vec<Scope>,
    roster: Roster,
    guard: Guard,
    links: Option<Links>,
    ids: RequestIds,
    /// As the application was told last.
    standing: Standing,
    phase: Phase,
    latest: Instant,
}

type Told = Actions<Event, Order>;

/// One collection: a namespace, or all of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Scope {
    namespace: Option<Namespace>,
    reflector: Reflector,
    /// Members that its removals concern are held until a fresh list confirms them.
    holds: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Idle,
    Syncing,
    Synced,
}

impl Machine for Membership {
    type Event = Event;
    type Order = Order;
    type Report = Report;

    fn handle(&mut self, now: Now, input: Input<'_, Report>) -> Actions<Event, Order> {
        self.latest = self.latest.max(now.instant);
        let mut actions = Actions::none();
        match input {
            Input::Start if self.phase == Phase::Idle => self.start(&mut actions),
            Input::Start => {}
            Input::Timeout => self.timeout(&mut actions),
            Input::Answer { id, part } => self.answer(id, part, &mut actions),
            Input::Report(report) => self.with_links(&mut actions, |links, now, step| links.report(now, report, step)),
        }
        self.tell_standing(&mut actions);
        actions
    }

    fn deadline(&self) -> Option<Deadline> {
        let reflectors = self.scopes.iter().filter_map(|scope| scope.reflector.deadline());
        let links = self.links.as_ref().and_then(Links::deadline);
        reflectors.chain(links).min_by_key(|deadline| deadline.at)
    }

    fn explain(&self, now: Now) -> impl fmt::Display {
        let mut text = alloc::format!("{} members; {}", self.roster.members().len(), self.standing);
        for scope in &self.scopes {
            text.push_str("; ");
            text.push_str(&scope.reflector.explain(now.instant));
        }
        if let Some(links) = &self.links {
            text.push_str("; ");
            text.push_str(&links.explain(now.instant));
        }
        // What a 403 takes to mend is several lines.
        one_line(&text, EXPLANATION_LIMIT)
    }
}

impl Membership {
    /// A membership that follows the peers and links to nobody; it has yet to be started.
    #[must_use]
    pub fn new(config: MembershipConfig) -> Self {
        Self::build(&config, None)
    }

    /// A membership whose links follow the peers; it has yet to be started. Its host must carry out [`Order`]s.
    #[must_use]
    pub fn linked(config: MembershipConfig, links: LinkConfig) -> Self {
        Self::build(&config, Some(Links::new(links)))
    }

    fn build(config: &MembershipConfig, links: Option<Links>) -> Self {
        let options = config.options();
        let scopes = config.reflectors().zip(0..).map(|((namespace, config), index)| Scope {
            namespace,
            reflector: Reflector::new(config, options.listing.seed.wrapping_add(index)),
            holds: false,
        });
        Self {
            scopes: scopes.collect(),
            roster: Roster::new(options.listing.source, options.policy.clone()),
            guard: Guard::new(options.confirm_removals_over),
            links,
            ids: RequestIds::default(),
            standing: Standing::Syncing { trouble: None },
            phase: Phase::Idle,
            latest: Instant::ORIGIN,
        }
    }

    /// All members that are known, admitted or not, by name.
    #[must_use]
    pub fn members(&self) -> &BTreeMap<NodeName, Arc<Member>> {
        self.roster.members()
    }

    /// How current the view is: that of the collection which is worst off.
    #[must_use]
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    fn start(&mut self, actions: &mut Told) {
        self.phase = Phase::Syncing;
        // Who is connected already is asked before anybody is dialled (M3).
        self.with_links(actions, Links::start);
        self.with_reflectors(actions, Reflector::start);
    }

    fn timeout(&mut self, actions: &mut Told) {
        self.with_reflectors(actions, Reflector::timeout);
        self.with_links(actions, Links::timeout);
    }

    fn answer(&mut self, id: RequestId, part: AnswerPart<'_>, actions: &mut Told) {
        for index in 0..self.scopes.len() {
            let feed = |reflector: &mut Reflector, now, step: &mut Step<'_>| reflector.answer(now, id, part, step);
            if self.with_reflector(index, actions, feed) == Some(true) {
                return;
            }
        }
    }

    fn with_reflectors(&mut self, actions: &mut Told, act: fn(&mut Reflector, Instant, &mut Step<'_>)) {
        for index in 0..self.scopes.len() {
            self.with_reflector(index, actions, act);
        }
    }

    /// Lets one reflector act, and takes in what that brought.
    fn with_reflector<T>(
        &mut self,
        index: usize,
        actions: &mut Told,
        act: impl FnOnce(&mut Reflector, Instant, &mut Step<'_>) -> T,
    ) -> Option<T> {
        let scope = self.scopes.get_mut(index)?;
        let mut step = Step::new(&mut self.ids);
        let result = act(&mut scope.reflector, self.latest, &mut step);
        let Step { wire, evidence, news, .. } = step;
        for exchange in wire {
            match exchange {
                Wire::Send(id, request) => actions.send(id, request),
                Wire::Cancel(id) => actions.cancel(id),
            }
        }
        news.into_iter().for_each(|news| actions.emit(Event::Source(news)));
        for evidence in evidence {
            self.weigh(index, evidence, actions);
        }
        Some(result)
    }

    /// Lets the roster follow what is evidence; nothing else ever changes it (M1).
    fn weigh(&mut self, index: usize, evidence: Evidence, actions: &mut Told) {
        let Some(scope) = self.scopes.get(index) else { return };
        let size = self.roster.members().len();
        let mut step = RosterStep::default();
        let mut confirms = false;
        match evidence {
            Evidence::Deleted(key) => self.roster.delete(&key, &mut step),
            Evidence::Listed { objects, newer, confirms: is_fresh } => {
                self.roster.replace(scope.namespace.as_ref(), objects, &newer, &mut step);
                confirms = is_fresh;
            }
            Evidence::Put(object) => self.roster.put(object, &mut step),
        }
        self.settle(index, size, confirms, &mut step, actions);
        step.skipped.into_iter().for_each(|skipped| actions.emit(Event::Skipped(skipped)));
        for change in step.changes {
            // Who it is about is told before what becomes of the link.
            actions.emit(Event::Change(change.clone()));
            self.with_links(actions, |links, now, step| links.follow(now, &change, step));
        }
    }

    /// Lets go of whom no object tells of any more, unless they are too many for one source's word.
    fn settle(&mut self, index: usize, mut size: usize, confirms: bool, step: &mut RosterStep, actions: &mut Told) {
        let Some(scope) = self.scopes.get_mut(index) else { return };
        let late = mem::take(&mut step.orphaned);
        if scope.holds && confirms {
            scope.holds = false;
            // Whoever was not held when the list began, or is in it, has only one word against them.
            self.roster.settle(scope.namespace.as_ref(), &late, step);
            size = self.roster.members().len();
            self.guard.confirmed(self.latest, size);
        }
        if late.is_empty() || scope.holds {
            return;
        }
        match self.guard.judge(self.latest, size, self.roster.orphans()) {
            Verdict::Settle => self.roster.settle(scope.namespace.as_ref(), &BTreeSet::new(), step),
            Verdict::Hold => {
                scope.holds = true;
                actions.emit(Event::Confirming { removals: self.roster.orphans(), members: size });
                self.with_reflector(index, actions, Reflector::confirm);
            }
        }
    }

    /// Lets the links act, if there are any, and takes in what they order and tell.
    fn with_links(&mut self, actions: &mut Told, act: impl FnOnce(&mut Links, Instant, &mut Effects)) {
        let Some(links) = &mut self.links else { return };
        let mut step = Effects::default();
        act(links, self.latest, &mut step);
        step.events.into_iter().for_each(|event| actions.emit(Event::Link(event)));
        step.orders.into_iter().for_each(|order| actions.order(order));
    }

    /// Says how current the view is, whenever that has changed in kind or in reason.
    fn tell_standing(&mut self, actions: &mut Told) {
        let standings = self.scopes.iter().map(|scope| scope.reflector.standing());
        let Some(worst) = standings.max_by_key(|standing| standing.gravity()).cloned() else { return };
        if self.phase == Phase::Syncing && !matches!(worst, Standing::Syncing { .. }) {
            self.phase = Phase::Synced;
            actions.emit(Event::Synced { members: self.roster.members().len() });
        }
        if !worst.is_like(&self.standing) {
            actions.emit(Event::Standing(worst.clone()));
        }
        self.standing = worst;
    }
}

#[cfg(test)]
mod tests;
