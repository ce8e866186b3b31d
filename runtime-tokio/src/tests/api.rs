//! The fake API as a transport of a user's own, in virtual time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use quorate_core::api::{Failure, FailureKind, Head, LabelSelector, Method, Request, Sent};
use quorate_core::membership::listing::{self, Listing, ListingOptions};
use quorate_core::membership::{MembershipConfig, MembershipOptions, Policy, Source, View};
use quorate_core::testing::{FakeAnswer, FakeApi, FakeRequest, WatchId, WatchUpdate};
use quorate_core::time::{Instant, Now, Timestamp};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::{Answer, Transport, run};

/// A clone is the same server.
#[derive(Clone)]
pub(super) struct Api(Arc<Server>);

struct Server {
    state: Mutex<State>,
    origin: tokio::time::Instant,
    changed: Notify,
    /// How many bytes of a body come at once.
    piece: usize,
    /// How many answers are held by somebody.
    open: AtomicUsize,
}

struct State {
    api: FakeApi,
    waiting: BTreeMap<WatchId, VecDeque<Step>>,
}

enum Step {
    Bytes(Vec<u8>),
    End,
    Cut,
}

impl Api {
    pub(super) fn new() -> Self {
        Self::in_pieces(usize::MAX)
    }

    pub(super) fn in_pieces(piece: usize) -> Self {
        let state = State { api: FakeApi::new(1), waiting: BTreeMap::new() };
        Self(Arc::new(Server {
            state: Mutex::new(state),
            origin: tokio::time::Instant::now(),
            changed: Notify::new(),
            piece,
            open: AtomicUsize::new(0),
        }))
    }

    pub(super) fn with<T>(&self, act: impl FnOnce(&mut FakeApi, Now) -> T) -> T {
        let mut state = self.0.state.lock().unwrap();
        let now = self.now();
        let result = act(&mut state.api, now);
        state.deliver(now);
        self.0.changed.notify_waiters();
        result
    }

    /// Creates these pods, or puts them in the place of what is there.
    pub(super) fn put(&self, pods: impl IntoIterator<Item = Value>) {
        let pods: Vec<_> = pods.into_iter().collect();
        self.with(|api, now| api.load(now, &pods)).unwrap();
    }

    pub(super) fn delete(&self, name: &str) {
        let target = format!("/api/v1/namespaces/lab/pods/{name}?gracePeriodSeconds=0");
        self.with(|api, now| {
            let answer = api.handle(now, &FakeRequest { method: Method::Delete, ..FakeRequest::get(&target) });
            assert!(matches!(&answer, FakeAnswer::Complete(response) if response.status == 200), "{answer:?}");
        });
    }

    /// Breaks the connections of all watches.
    pub(super) fn cut_watches(&self) {
        let mut state = self.0.state.lock().unwrap();
        state.waiting.values_mut().for_each(|steps| steps.push_back(Step::Cut));
        self.0.changed.notify_waiters();
    }

    pub(super) fn open_answers(&self) -> usize {
        self.0.open.load(Ordering::SeqCst)
    }

    /// Who is there, as a fresh list tells it.
    pub(super) async fn listed(&self) -> BTreeSet<String> {
        let mut listing = Listing::new(options().build().unwrap());
        let outcome = run(&mut listing, self, |event| match event {
            listing::Event::Listed(snapshot) => ControlFlow::Break(snapshot.objects),
            event => panic!("{event}"),
        });
        let objects = outcome.await.unwrap();
        View::of(&objects, &Policy::default()).members.keys().map(ToString::to_string).collect()
    }

    fn now(&self) -> Now {
        let instant = Instant::since_origin(self.0.origin.elapsed());
        Now { instant, wall: Timestamp::from_unix_micros(0) }
    }
}

impl State {
    fn deliver(&mut self, now: Now) {
        for update in self.api.updates(now) {
            let step = match &update {
                WatchUpdate::Line(_, line) => Step::Bytes(line.clone()),
                WatchUpdate::End(_) => Step::End,
            };
            self.waiting.entry(update.watch()).or_default().push_back(step);
        }
    }
}

fn options() -> ListingOptions {
    let selector = LabelSelector::parse("app=web").ok();
    ListingOptions { source: Source::Pods, selector, ..ListingOptions::default() }
}

pub(super) fn config() -> MembershipConfig {
    MembershipOptions { listing: options(), ..MembershipOptions::default() }.build().unwrap()
}

/// A ready pod `web-<number>` with the address `10.0.<number>`.
pub(super) fn pod(number: usize) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": format!("web-{number}"), "namespace": "lab", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "app", "image": "x"}]},
        "status": {
            "phase": "Running",
            "podIP": address(number),
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    })
}

pub(super) fn address(number: usize) -> String {
    format!("10.0.{}.{}", number / 250, number % 250 + 1)
}

pub(super) fn addresses(numbers: impl IntoIterator<Item = usize>) -> BTreeSet<String> {
    numbers.into_iter().map(address).collect()
}

#[async_trait]
impl Transport for Api {
    async fn send(&self, request: Request) -> Result<Box<dyn Answer>, Failure> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let (content_type, body) = request.body().map_or((None, &[][..]), |(kind, body)| (Some(kind), body));
        let asked = FakeRequest { method: request.method(), content_type, body, ..FakeRequest::get(request.target()) };
        let answer = self.with(|api, now| api.handle(now, &asked));
        let mut steps = VecDeque::new();
        let (status, watch) = match answer {
            FakeAnswer::Watch { id, .. } => (200, Some(id)),
            FakeAnswer::Complete(response) => {
                steps.extend([Step::Bytes(response.body), Step::End]);
                (response.status, None)
            }
        };
        self.0.open.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Body { server: self.clone(), status, watch, steps }))
    }
}

struct Body {
    server: Api,
    status: u16,
    watch: Option<WatchId>,
    steps: VecDeque<Step>,
}

impl Drop for Body {
    fn drop(&mut self) {
        self.server.0.open.fetch_sub(1, Ordering::SeqCst);
        if let Some(watch) = self.watch {
            let mut state = self.server.0.state.lock().unwrap();
            state.api.close(watch);
            state.waiting.remove(&watch);
        }
    }
}

impl Body {
    /// What there is to say at this moment, and when there may be more.
    fn look(&mut self) -> Option<tokio::time::Instant> {
        let watch = self.watch?;
        let now = self.server.now();
        let mut state = self.server.0.state.lock().unwrap();
        state.deliver(now);
        self.steps.append(state.waiting.entry(watch).or_default());
        state.api.deadline().map(|at| self.server.0.origin + at.elapsed_since_origin())
    }
}

#[async_trait]
impl Answer for Body {
    fn head(&self) -> Head<'_> {
        Head { status: self.status, retry_after: None }
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let server = Arc::clone(&self.server.0);
        loop {
            let changed = server.changed.notified();
            let next = self.look();
            match self.steps.pop_front() {
                Some(Step::Bytes(mut bytes)) => {
                    let rest = bytes.split_off(bytes.len().min(server.piece));
                    if !rest.is_empty() {
                        self.steps.push_front(Step::Bytes(rest));
                    }
                    return Ok(Some(bytes.into()));
                }
                Some(Step::End) => return Ok(None),
                Some(Step::Cut) => {
                    let (kind, message) = (FailureKind::Interrupted, "the connection was cut".into());
                    return Err(Failure { sent: Sent::Unknown, kind, message });
                }
                None => tokio::select! {
                    () = changed => {}
                    () = tokio::time::sleep_until(next.unwrap_or_else(|| server.origin + Duration::from_secs(1 << 20))) => {}
                },
            }
        }
    }
}
