//! For model checkers: what of a server may be named otherwise without its answering otherwise.
//!
//! A server that runs on for ever gives ever newer versions and uids, and keeps a history. All but finitely many of its
//! states become one when versions and uids are named anew, and what nobody reads any more is forgotten. Not part of what
//! semantic versioning covers.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::mem;
use core::time::Duration;

use serde_json::Value;

pub use crate::election::canonical::{Names, rename_lease};

use super::kind::Kind;
use super::random::Random;
use super::store::{Change, Key, Store};
use super::{FakeApi, WatchId};
use crate::election::canonical::keeps_names;
use crate::time::Instant;

impl FakeApi {
    /// A Lease as it is stored, without a request.
    #[must_use]
    pub fn lease(&self, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.store.get(&Key::new(Kind::Lease, namespace, name))
    }

    /// Forgets all changes but the last ones: older versions get 410.
    pub fn forget(&mut self, kept: usize) {
        while self.store.history.len() > kept
            && let Some(oldest) = self.store.history.pop_front()
        {
            self.store.compacted = oldest.version;
        }
    }

    /// Names anew what it has stored: versions, uids, and the times in Leases. The next uids are always the same, so each
    /// must be named anew before the next object is made.
    ///
    /// For servers on which time stands still, and which serve Leases and nothing else.
    pub fn rename(&mut self, names: &mut impl Names) {
        self.store.rename(names);
        self.random = Random::new(0);
        for watch in self.watches.values_mut() {
            // It was opened in the past: all that comes is newer.
            (watch.after, watch.end) = (0, Instant::ORIGIN.saturating_add(Duration::MAX));
        }
    }

    /// Numbers the open watches anew, in the order in which they are named. All others are closed.
    pub fn renumber<'a>(&mut self, watches: impl IntoIterator<Item = &'a mut WatchId>) {
        let mut old = mem::take(&mut self.watches);
        let mut new = BTreeMap::new();
        self.next_watch = 1;
        for id in watches {
            let watch = old.remove(id);
            *id = WatchId(self.next_watch);
            self.next_watch = self.next_watch.saturating_add(1);
            new.extend(watch.map(|watch| (*id, watch)));
        }
        self.watches = new;
    }
}

impl Store {
    fn rename(&mut self, names: &mut impl Names) {
        names.version(&mut self.version);
        names.version(&mut self.compacted);
        for object in self.objects.values_mut() {
            rename(object, names);
        }
        for Change { version, before, after, .. } in &mut self.history {
            names.version(version);
            for object in [before, after].into_iter().flatten() {
                rename(object, names);
            }
        }
    }
}

/// An object that keeps its names is shared on, and not even copied.
fn rename(object: &mut Arc<Value>, names: &mut impl Names) {
    if let Value::Object(fields) = &**object
        && !keeps_names(fields, names)
        && let Value::Object(fields) = Arc::make_mut(object)
    {
        rename_lease(fields, names);
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::{String, ToString as _};

    use serde_json::{Map, json};

    use super::*;
    use crate::api::Method;
    use crate::testing::{FakeAnswer, FakeRequest};
    use crate::time::{Now, Timestamp};

    const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/lab/leases";

    /// Puts so much onto each version, and another word before each uid.
    struct Later(u64);

    impl Names for Later {
        fn instant(&mut self, _: &mut Instant, _: Duration) {}

        fn version(&mut self, version: &mut u64) {
            *version = version.saturating_add(self.0);
        }

        fn uid(&mut self, uid: &mut Arc<str>) {
            *uid = format!("other-{uid}").into();
        }

        fn renew_time(&mut self, _: &mut Timestamp) {}
    }

    fn status(api: &mut FakeApi, request: &FakeRequest<'_>) -> u16 {
        match api.handle(Now::default(), request) {
            FakeAnswer::Complete(answer) => answer.status,
            FakeAnswer::Watch { .. } => 0,
        }
    }

    fn with_a_lease() -> FakeApi {
        let mut api = FakeApi::new(1);
        let lease = json!({"metadata": {"name": "demo"}, "spec": {"holderIdentity": "a"}}).to_string();
        assert_eq!(status(&mut api, &FakeRequest::json(Method::Post, LEASES, lease.as_bytes())), 201);
        api
    }

    fn stored(api: &FakeApi) -> Map<String, Value> {
        let lease = api.lease("lab", "demo").and_then(|lease| lease.as_object());
        lease.cloned().unwrap_or_default()
    }

    fn put(api: &mut FakeApi, lease: &Map<String, Value>, holder: &str) -> u16 {
        let mut lease = lease.clone();
        lease.insert("spec".into(), json!({"holderIdentity": holder}));
        let (body, target) = (Value::Object(lease).to_string(), format!("{LEASES}/demo"));
        status(api, &FakeRequest::json(Method::Put, &target, body.as_bytes()))
    }

    #[test]
    fn a_server_named_anew_takes_what_is_named_anew_and_refuses_old_names() {
        let mut api = with_a_lease();
        let old = stored(&api);
        api.rename(&mut Later(50));
        let mut new = old.clone();
        rename_lease(&mut new, &mut Later(50));
        assert_eq!(new, stored(&api));
        assert_eq!(put(&mut api, &old, "b"), 409);
        assert_eq!(put(&mut api, &new, "b"), 200);
        assert_eq!(put(&mut api, &new, "c"), 409);
    }

    #[test]
    fn what_is_forgotten_cannot_be_watched_and_what_is_kept_can() {
        let mut api = with_a_lease();
        let created = api.version();
        for holder in ["b", "c"] {
            let lease = stored(&api);
            assert_eq!(put(&mut api, &lease, holder), 200);
        }
        api.forget(1);
        let mut lines = |version: u64| {
            let target = format!("{LEASES}?watch=true&resourceVersion={version}");
            assert_eq!(status(&mut api, &FakeRequest::get(&target)), 0);
            api.updates(Now::default()).len()
        };
        // An error and the end; one change.
        assert_eq!([lines(created), lines(created.saturating_add(1))], [2, 1]);
    }

    #[test]
    fn watches_keep_their_order() {
        let mut api = with_a_lease();
        let mut open = || match api.handle(Now::default(), &FakeRequest::get(&format!("{LEASES}?watch=true"))) {
            FakeAnswer::Watch { id, .. } => id,
            FakeAnswer::Complete(answer) => panic!("{}", answer.status),
        };
        let (mut first, _, mut third) = (open(), open(), open());
        api.renumber([&mut third, &mut first]);
        assert_eq!((third, first, api.open_watches()), (WatchId(1), WatchId(2), 2));
    }
}
