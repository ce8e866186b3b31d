//! The account of one candidate: what it was told, what it did, and whether it was allowed to.

use std::rc::Rc;

use quorate_core::api::{Method, Request};
use quorate_core::election::{Election, ElectionConfig, Event, Order, Report};
use quorate_core::machine::{Action, RequestId};
use quorate_core::time::{Instant, Now};
use serde_json::Value;

use super::guard;
use super::lease::Lease;
use super::log::{Entry, Log, Will, Write};
use super::observed::Observed;
use super::settings::{NAME, NAMESPACE};
use super::writing;

pub(super) struct Reference {
    pub(super) config: ElectionConfig,
    pub(super) log: Log,
    pub(super) observed: Observed,
    /// How long the log was before the present call.
    pub(super) call: usize,
    has_ended: bool,
}

impl Reference {
    pub(super) fn new(config: ElectionConfig) -> Self {
        Self { config, log: Log::default(), observed: Observed::default(), call: 0, has_ended: false }
    }

    pub(super) fn begin_call(&mut self) {
        self.call = self.log.0.len();
        self.has_ended = self.is_ended();
    }

    pub(super) fn note(&mut self, at: Instant, entry: Entry) {
        self.observed.follow(at, &entry, &self.config);
        self.log.0.push((at, entry));
    }

    pub(super) fn report(&mut self, at: Instant, report: &Report) {
        self.note(at, Entry::Reported(report.clone()));
    }

    /// A whole answer came.
    pub(super) fn answered(&mut self, at: Instant, id: RequestId, status: u16, body: &[u8]) {
        let is_success = matches!(status, 200..=299);
        let Some(write) = self.write_of(id) else {
            match Lease::read(body) {
                Some(lease) if is_success => self.note(at, Entry::Read(id, Some(Rc::new(lease)))),
                _ if status == 404 => self.note(at, Entry::Read(id, None)),
                _ => {}
            }
            return;
        };
        if matches!(status, 404 | 409) {
            self.note(at, Entry::Conflict);
        }
        if let Some(lease) =
            Lease::read(body).filter(|lease| is_success && writing::is_effect(&write, lease, &self.config))
        {
            self.note(at, Entry::Acknowledged(write, Rc::new(lease)));
        }
    }

    /// A line of the watch came; `false` if nothing that follows it is to be heard.
    pub(super) fn told(&mut self, at: Instant, line: &[u8]) -> bool {
        let Ok(event) = serde_json::from_slice::<Value>(line) else { return false };
        let object = &event["object"];
        match event["type"].as_str() {
            Some("BOOKMARK") => object["kind"] == "Lease",
            Some(kind @ ("ADDED" | "MODIFIED" | "DELETED")) => {
                let Some(lease) = Lease::read(object.to_string().as_bytes()).map(Rc::new) else { return false };
                self.note(at, if kind == "DELETED" { Entry::Deleted(lease) } else { Entry::Told(lease) });
                true
            }
            _ => false,
        }
    }

    /// Holds one action against the log, and notes it.
    pub(super) fn act(&mut self, now: Now, action: &Action<Event, Order>) {
        assert!(!self.has_ended, "after the end: {action}");
        match action {
            Action::Send { id, request } => self.send(now, *id, request),
            Action::Emit(event) => self.note(now.instant, Entry::Emitted(event.clone())),
            Action::Order(order) => {
                guard::check_order(self, now.instant, order);
                self.note(now.instant, Entry::Ordered(order.clone()));
            }
            Action::Cancel(_) => {}
            other => panic!("{other}"),
        }
    }

    fn send(&mut self, now: Now, id: RequestId, request: &Request) {
        let (stands, withdrawn) = self.log.stands();
        assert!(stands > withdrawn, "who does not stand asks for nothing: {request}");
        if request.is_lease_write() {
            let write = writing::check(self, now, id, request);
            return self.note(now.instant, Entry::Wrote(Rc::new(write)));
        }
        assert_eq!(request.method(), Method::Get);
        self.check_question(request);
        self.note(now.instant, Entry::Asked(id));
    }

    /// Reads leave resourceVersion unset; a watch goes on from what was seen last, never from `0`.
    fn check_question(&self, request: &Request) {
        let leases = format!("/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases");
        let watch = format!("{leases}?fieldSelector=metadata.name%3D{NAME}&watch=true&allowWatchBookmarks=true");
        let after = self.observed.current.as_ref().map(|lease| format!("&resourceVersion={}", lease.version()));
        let target = request.target();
        assert!(
            target == format!("{leases}/{NAME}") || target == format!("{watch}{}", after.unwrap_or_default()),
            "{target}"
        );
    }

    /// After each call: what the machine says of itself is what the log says.
    pub(super) fn check(&self, at: Instant, election: &Election) {
        guard::check_guard(self, at, election);
        assert_eq!(election.has_ended(), self.is_ended(), "{}", explain_at(election, at));
        let observed = &self.observed;
        assert_eq!(election.changed_at(), observed.current.as_ref().map(|_| observed.changed_at));
        let holder = observed.current.as_ref().filter(|lease| lease.is_held());
        assert_eq!(election.holder().is_some(), holder.is_some());
    }

    /// Whether only the host can make it go on: by standing, or by the end of the work that was told to stop.
    pub(super) fn awaits_host(&self) -> bool {
        let term = self.log.terms().pop();
        let (stands, withdrawn) = self.log.stands();
        stands <= withdrawn || term.is_some_and(|term| term.ended.is_none() && term.stopped.is_some())
    }

    fn is_ended(&self) -> bool {
        let (stands, withdrawn) = self.log.stands();
        self.log.will() == Will::End && stands <= withdrawn
    }

    fn write_of(&self, id: RequestId) -> Option<Rc<Write>> {
        self.log.entries().rev().find_map(|(_, _, entry)| match entry {
            Entry::Wrote(write) if write.id == id => Some(write.clone()),
            _ => None,
        })
    }
}

fn explain_at(election: &Election, at: Instant) -> String {
    use quorate_core::machine::Machine as _;

    election.explain(Now { instant: at, ..Now::default() }).to_string()
}
