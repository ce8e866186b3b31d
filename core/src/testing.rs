//! A Kubernetes API server as a plain value, for tests.
//!
//! It is fed requests and times, and answers as a real kube-apiserver 1.36 does: objects with versions and a history, lists
//! with pages, watches with bookmarks, conflicts, validation, tokens and permissions, in the real one's own words. It has no
//! clock, no I/O, no randomness but a seed, and can be copied, compared and stored. A contract suite holds it against the
//! real server.
//!
//! It serves namespaced pods, services, endpoints, endpointslices, leases and events; every namespace exists. The Endpoints
//! and slices of a Service with a selector follow its pods at once, or after a delay.
//!
//! Around it are [promises], which hold any world to what Quorate promises, and a [simulation] of a whole cluster.
//!
//! # Example
//!
//! ```
//! use quorate_core::testing::{FakeAnswer, FakeApi, FakeRequest, WatchUpdate};
//! use quorate_core::api::Method;
//! use quorate_core::time::Now;
//!
//! let mut api = FakeApi::new(1);
//! let leases = "/apis/coordination.k8s.io/v1/namespaces/lab/leases";
//! let FakeAnswer::Watch { id: watch, .. } = api.handle(Now::default(), &FakeRequest::get(&format!("{leases}?watch=true"))) else {
//!     unreachable!()
//! };
//!
//! let lease = br#"{"metadata": {"name": "demo"}, "spec": {"holderIdentity": "node-1"}}"#;
//! let FakeAnswer::Complete(created) = api.handle(Now::default(), &FakeRequest::json(Method::Post, leases, lease)) else {
//!     unreachable!()
//! };
//! assert_eq!(created.status, 201);
//!
//! let updates = api.updates(Now::default());
//! let [WatchUpdate::Line(id, line)] = updates.as_slice() else { unreachable!() };
//! assert_eq!(*id, watch);
//! assert!(line.starts_with(br#"{"type":"ADDED","object":{"kind":"Lease""#));
//! ```

mod answer;
mod auth;
pub mod canonical;
mod controller;
mod defaults;
mod delete;
mod discovery;
mod dry_run;
mod fields;
mod handle;
mod kind;
mod list;
mod load;
mod object;
mod page;
pub mod promises;
mod random;
mod request;
mod selector;
pub mod simulation;
mod status;
mod store;
#[cfg(feature = "proptest")]
pub mod strategies;
mod time;
mod validate;
mod watch;
mod write;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use serde_json::Value;

pub use answer::{FakeAnswer, FakeResponse, WatchId, WatchUpdate};
pub use auth::Rule;
pub use load::LoadError;
pub use request::FakeRequest;

use crate::time::{Instant, Now};
use auth::Auth;
use random::Random;
use store::{Key, Store};
use watch::Watch;

/// An API server with all that it stores.
///
/// The last 20,000 changes are kept for watches and old versions; call [`compact`](Self::compact) to forget them earlier.
/// [`updates`](Self::updates) must be called for watches to be heard: what they must be sent waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FakeApi {
    store: Store,
    auth: Auth,
    watches: BTreeMap<WatchId, Watch>,
    next_watch: u64,
    pending: Vec<WatchUpdate>,
    /// When pods that are being deleted are gone.
    terminations: BTreeMap<Key, Instant>,
    /// How long after a pod's change Endpoints and slices follow.
    endpoints_delay: Option<Duration>,
    /// The namespaces in which they have yet to, and when they do.
    unfollowed: BTreeMap<String, Instant>,
    random: Random,
    lag: Option<u64>,
    stale_quorum: bool,
    /// For how many seconds clients of the overloaded server are sent away.
    overload: Option<u32>,
    /// The latest time that was seen.
    latest: Instant,
}

impl FakeApi {
    /// An empty server, on which everybody may do everything. Names and uids follow from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            store: Store::new(),
            auth: Auth::default(),
            watches: BTreeMap::new(),
            next_watch: 1,
            pending: Vec::new(),
            terminations: BTreeMap::new(),
            endpoints_delay: None,
            unfollowed: BTreeMap::new(),
            random: Random::new(seed),
            lag: None,
            stale_quorum: false,
            overload: None,
            latest: Instant::ORIGIN,
        }
    }

    /// Answers one request.
    pub fn handle(&mut self, now: Now, request: &FakeRequest<'_>) -> FakeAnswer {
        let now = self.advance(now);
        self.answer(now, request).unwrap_or_else(|error| FakeAnswer::Complete(error.response()))
    }

    /// What open watches must be sent since the last call, in order.
    ///
    /// Call it after each [`handle`](Self::handle), and at the [`deadline`](Self::deadline).
    #[must_use = "a watch is sent an update once"]
    pub fn updates(&mut self, now: Now) -> Vec<WatchUpdate> {
        self.advance(now);
        core::mem::take(&mut self.pending)
    }

    /// When something happens by itself: a bookmark, the end of a watch, the end of a pod that is being deleted, the update of
    /// delayed Endpoints.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let watches = self.watches.values().map(Watch::deadline);
        watches.chain(self.terminations.values().copied()).chain(self.unfollowed.values().copied()).min()
    }

    /// Forgets a watch whose client went away.
    pub fn close(&mut self, watch: WatchId) {
        self.watches.remove(&watch);
        self.pending.retain(|update| update.watch() != watch);
    }

    /// Creates objects as an administrator, each with its status, uid and timestamps if it has them. What exists is replaced.
    ///
    /// Lists are unpacked, Namespaces skipped; an object without a namespace goes to `default`.
    ///
    /// # Errors
    ///
    /// At the first object that the fake does not serve, or that is not valid.
    pub fn load(&mut self, now: Now, objects: &[Value]) -> Result<(), LoadError> {
        let now = self.advance(now);
        load::load(self, now, objects)
    }

    /// Forgets the history: watches, pages and exact lists of older versions get 410. Open watches go on.
    pub fn compact(&mut self) {
        self.store.compact();
    }

    /// Lets the bearer of a token in, until it expires. From now on, tokens count.
    ///
    /// A user has no permissions but to look around; see [`set_rules`](Self::set_rules).
    pub fn add_user(&mut self, token: &str, user: &str, expires: Option<Instant>) {
        self.auth.add_user(token, user, expires);
    }

    /// Says what a user may do, at once and instead of what was said before. Open watches go on.
    ///
    /// `system:anonymous` is who sends no token.
    pub fn set_rules(&mut self, user: &str, rules: Vec<Rule>) {
        self.auth.set_rules(user, rules);
    }

    /// Lets reads that take any version (`resourceVersion=0`) answer from so many versions ago, as a lagging cache does.
    pub const fn lag(&mut self, versions: Option<u64>) {
        self.lag = versions;
    }

    /// Lets all reads lag, also those that ask for the newest: what no server should do.
    pub const fn stale_quorum(&mut self, stale: bool) {
        self.stale_quorum = stale;
    }

    /// Refuses all requests by 429, as an overloaded server does, with this `Retry-After` in seconds; `None` ends it.
    ///
    /// Who sends a bad token still gets 401, probes (`/healthz`, `/livez`, `/readyz`) are answered, and open watches go on.
    pub const fn overload(&mut self, retry_after_seconds: Option<u32>) {
        self.overload = retry_after_seconds;
    }

    /// Lets the Endpoints and slices of a Service follow its pods so long after a change, many changes at once, as the real
    /// controllers do; `None`, which is the beginning, lets them follow at once.
    pub const fn delay_endpoints(&mut self, delay: Option<Duration>) {
        self.endpoints_delay = delay;
    }

    /// Whether Endpoints and slices have yet to follow a change.
    #[must_use]
    pub fn has_endpoints_to_follow(&self) -> bool {
        !self.unfollowed.is_empty()
    }

    /// The version of the newest change.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.store.version()
    }

    /// How many watches are open.
    #[must_use]
    pub fn open_watches(&self) -> usize {
        self.watches.len()
    }

    /// Lets time pass; it does not go back.
    fn advance(&mut self, now: Now) -> Now {
        self.latest = self.latest.max(now.instant);
        let now = Now { instant: self.latest, ..now };
        if self.deadline().is_none_or(|due| due > now.instant) {
            return now;
        }
        self.advance_terminations(now);
        self.advance_endpoints(now);
        self.advance_watches(now.instant);
        now
    }

    /// Writes an object, or removes it, and tells the watches.
    fn commit(&mut self, key: Key, object: Option<Value>) -> Option<Arc<Value>> {
        if object.is_none() {
            self.terminations.remove(&key);
        }
        let change = self.store.commit(key, object);
        self.publish(&change);
        change.after
    }
}

#[cfg(test)]
mod tests;
