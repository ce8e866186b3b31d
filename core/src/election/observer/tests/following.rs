//! The observer on the fake API, in virtual time: whatever becomes of the network, what is told folds to the truth.

use alloc::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::api::Method;
use crate::testing::{FakeAnswer, FakeApi, FakeRequest, WatchId, WatchUpdate};

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/lab/leases";
const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/lab/leases/demo";

struct World {
    api: FakeApi,
    observer: Observer,
    now: Now,
    watches: BTreeMap<RequestId, WatchId>,
    is_down: bool,
    /// The latest that was told: holder, transitions and uid; nothing if the Lease is gone.
    told: Option<(Option<Arc<str>>, u32, Arc<str>)>,
    tokens: Vec<TokenBound>,
    transitions: u32,
    /// The versions of the writes that took it over, by their count of transitions.
    wins: BTreeMap<u32, String>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Win(&'static str),
    Renew,
    Release,
    Label,
    Delete,
    /// Cuts all watches.
    Cut,
    Compact,
    Down(bool),
    Pass(u16),
}

impl World {
    fn new() -> Self {
        let observer = Observer::new(ObserverOptions { follow: true, ..options() }.build().unwrap());
        let mut world = Self {
            api: FakeApi::new(1),
            observer,
            now: Now::default(),
            watches: BTreeMap::new(),
            is_down: false,
            told: None,
            tokens: Vec::new(),
            transitions: 0,
            wins: BTreeMap::new(),
        };
        world.feed(Input::Start);
        world
    }

    fn feed(&mut self, input: Input<'_>) {
        for action in self.observer.handle(self.now, input) {
            match action {
                Action::Send { id, request } => self.serve(id, &request),
                Action::Cancel(id) => {
                    if let Some(watch) = self.watches.remove(&id) {
                        self.api.close(watch);
                    }
                }
                Action::Emit(event) => self.fold(event),
                Action::Order(order) => match order {},
            }
        }
    }

    fn serve(&mut self, id: RequestId, request: &Request) {
        if self.is_down {
            return self.feed(Input::Answer { id, part: AnswerPart::Failed(&cut()) });
        }
        let head = |status| AnswerPart::Head(Head { status, retry_after: None });
        match self.api.handle(self.now, &FakeRequest::get(request.target())) {
            FakeAnswer::Complete(response) => {
                for part in [head(response.status), AnswerPart::Chunk(&response.body), AnswerPart::End] {
                    self.feed(Input::Answer { id, part });
                }
            }
            FakeAnswer::Watch { id: watch, .. } => {
                self.watches.insert(id, watch);
                self.feed(Input::Answer { id, part: head(200) });
            }
        }
    }

    fn deliver(&mut self) {
        for update in self.api.updates(self.now) {
            let Some(id) = self.watches.iter().find_map(|(id, watch)| (*watch == update.watch()).then_some(*id)) else {
                continue;
            };
            match update {
                WatchUpdate::Line(_, line) => self.feed(Input::Answer { id, part: AnswerPart::Chunk(&line) }),
                WatchUpdate::End(_) => {
                    self.watches.remove(&id);
                    self.feed(Input::Answer { id, part: AnswerPart::End });
                }
            }
        }
    }

    fn fold(&mut self, event: Event) {
        match event {
            Event::Changed { sighting, .. } => {
                let Sighting { record, token, .. } = *sighting;
                self.told = Some((record.holder, record.transitions, record.uid));
                if let Some(TokenBound::Exactly(token)) = &token {
                    let won = self.wins.get(&record.transitions).map(String::as_str);
                    assert_eq!(won, Some(token.as_str()), "an exact token is the version of the winning write");
                }
                self.tokens.extend(token);
            }
            Event::Deleted | Event::Missing => self.told = None,
            _ => {}
        }
    }

    fn pass(&mut self, millis: u64) {
        let until = self.now.instant.saturating_add(Duration::from_millis(millis));
        while let Some(at) = self.observer.deadline().map(|deadline| deadline.at).filter(|at| *at <= until) {
            self.now.instant = self.now.instant.max(at);
            self.deliver();
            self.feed(Input::Timeout);
        }
        self.now.instant = until;
        self.deliver();
    }

    fn write(&mut self, method: Method, target: &str, body: &Value) -> Value {
        let bytes = serde_json::to_vec(body).unwrap();
        let mut request = FakeRequest::json(method, target, &bytes);
        if method == Method::Patch {
            request.content_type = Some("application/merge-patch+json");
        }
        let FakeAnswer::Complete(response) = self.api.handle(self.now, &request) else { panic!("a watch") };
        serde_json::from_slice(&response.body).unwrap_or_default()
    }

    fn truth(&mut self) -> Option<(Option<Arc<str>>, u32, Arc<str>)> {
        let FakeAnswer::Complete(response) = self.api.handle(self.now, &FakeRequest::get(LEASE)) else {
            panic!("a watch")
        };
        let lease = Lease::decode(&response.body, &LeaseName::parse("demo").unwrap()).ok()?;
        Some((lease.holder().map(|holder| Arc::from(&*holder)), lease.transitions(), Arc::clone(lease.uid())))
    }

    fn take(&mut self, step: Step) {
        let renewal = crate::time::Timestamp::from_unix_micros(i64::try_from(self.api.version()).unwrap());
        let renewal = renewal.to_string();
        match step {
            Step::Win(holder) => {
                self.transitions += 1;
                let spec = json!({"holderIdentity": holder, "leaseDurationSeconds": 15,
                    "leaseTransitions": self.transitions, "renewTime": renewal});
                if self.truth().is_none() {
                    self.write(Method::Post, LEASES, &json!({"metadata": {"name": "demo"}, "spec": spec}));
                } else {
                    let lease = self.write(Method::Patch, LEASE, &json!({"spec": spec}));
                    let version = lease["metadata"]["resourceVersion"].as_str().unwrap();
                    self.wins.insert(self.transitions, version.into());
                }
            }
            Step::Renew => {
                self.write(Method::Patch, LEASE, &json!({"spec": {"renewTime": renewal}}));
            }
            Step::Release => {
                self.write(Method::Patch, LEASE, &json!({"spec": {"holderIdentity": "", "leaseDurationSeconds": 1}}));
            }
            Step::Label => {
                self.write(Method::Patch, LEASE, &json!({"metadata": {"labels": {"a": renewal.replace(':', "-")}}}));
            }
            Step::Delete => {
                self.write(Method::Delete, LEASE, &json!({}));
            }
            Step::Cut => {
                for (id, watch) in core::mem::take(&mut self.watches) {
                    self.api.close(watch);
                    self.feed(Input::Answer { id, part: AnswerPart::Failed(&cut()) });
                }
            }
            Step::Compact => self.api.compact(),
            Step::Down(is_down) => self.is_down = is_down,
            Step::Pass(millis) => self.pass(u64::from(millis)),
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => proptest::sample::select(&["a", "b"][..]).prop_map(Step::Win),
        4 => Just(Step::Renew),
        1 => Just(Step::Release),
        1 => Just(Step::Label),
        1 => Just(Step::Delete),
        2 => Just(Step::Cut),
        1 => Just(Step::Compact),
        1 => any::<bool>().prop_map(Step::Down),
        6 => (0..5000_u16).prop_map(Step::Pass),
    ]
}

proptest! {
    #[test]
    fn what_is_told_folds_to_the_truth_and_exact_tokens_are_exact(steps in proptest::collection::vec(step(), 0..40)) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        world.take(Step::Down(false));
        world.pass(60_000);
        let truth = world.truth();
        prop_assert_eq!(&world.told, &truth);
        prop_assert!(world.observer.is_current);
    }
}

#[test]
fn each_take_over_that_is_followed_is_told_exactly() {
    let mut world = World::new();
    world.take(Step::Win("a"));
    world.pass(100);
    for holder in ["b", "a", "a", "b"] {
        world.take(Step::Win(holder));
        world.pass(100);
    }
    let exact = world.tokens.iter().filter(|token| matches!(token, TokenBound::Exactly(_))).count();
    assert_eq!((exact, world.tokens.len()), (4, 5));
}
