//! The model's server against the fake API, which is held against a real one.

use quorate_core::api::Method;
use quorate_core::testing::{FakeAnswer, FakeApi, FakeRequest};
use quorate_core::time::Now;
use serde_json::{Value, json};

use super::server::{Call, Server, Spec, wall};

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/lab/leases";

/// Which uid or version a PUT carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    None,
    Present,
    Other,
}

/// Both servers, after the same happenings.
struct Pair {
    model: Server,
    fake: FakeApi,
}

impl Pair {
    fn new(has_lease: bool) -> Self {
        let mut pair = Self { model: Server::default(), fake: FakeApi::new(1) };
        pair.post(&spec(1));
        if !has_lease {
            pair.model.delete();
            pair.ask(Method::Delete, &format!("{LEASES}/demo"), &Value::Null);
        }
        pair
    }

    fn post(&mut self, spec: &Spec) -> [u16; 2] {
        let fake = self.ask(Method::Post, LEASES, &json!({"metadata": {"name": "demo"}, "spec": written(spec)})).0;
        [self.model.answer(&Call::Post(spec.clone())).status, fake]
    }

    fn put(&mut self, uid: Which, version: Which, spec: &Spec) -> [u16; 2] {
        let there = self.get().1;
        let of_fake = |field: &str, which, other: &str| match which {
            Which::None => Value::Null,
            Which::Present => there["metadata"][field].clone(),
            Which::Other => json!(other),
        };
        let meta = json!({
            "name": "demo", "uid": of_fake("uid", uid, "other"), "resourceVersion": of_fake("resourceVersion", version, "1"),
        });
        let body = json!({"metadata": meta, "spec": written(spec)});
        let lease = self.model.lease.as_ref();
        let of_model = |which, present: Option<u64>, other| match which {
            Which::None => None,
            Which::Present => present,
            Which::Other => Some(other),
        };
        let call = Call::Put {
            uid: of_model(uid, lease.map(|lease| u64::from(lease.uid)), 99).map(|uid| uid as u8),
            version: of_model(version, lease.map(|lease| lease.version), 0),
            spec: spec.clone(),
        };
        let fake = self.ask(Method::Put, &format!("{LEASES}/demo"), &body).0;
        [self.model.answer(&call).status, fake]
    }

    fn get(&mut self) -> (u16, Value) {
        self.ask(Method::Get, &format!("{LEASES}/demo"), &Value::Null)
    }

    fn ask(&mut self, method: Method, target: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = FakeRequest { method, ..FakeRequest::json(Method::Put, target, body.as_bytes()) };
        match self.fake.handle(Now::default(), &request) {
            FakeAnswer::Complete(answer) => (answer.status, serde_json::from_slice(&answer.body).unwrap()),
            FakeAnswer::Watch { .. } => panic!("no watch was asked for"),
        }
    }

    /// What both store: the same spec, and a version that is the newer one or not.
    fn stored(&mut self, model: u64, fake: &str) -> [(Value, bool); 2] {
        let lease = self.model.lease.clone();
        let ours = lease.map(|lease| (written(&lease.spec), lease.version != model));
        let (status, theirs) = self.get();
        let is_newer = theirs["metadata"]["resourceVersion"] != fake;
        let theirs = (status == 200).then(|| (theirs["spec"].clone(), is_newer));
        [ours, theirs].map(|stored| stored.unwrap_or((Value::Null, false)))
    }
}

fn spec(renewal: u8) -> Spec {
    Spec { holder: Some(1), seconds: 3, renewed: Some(wall(renewal)) }
}

fn written(spec: &Spec) -> Value {
    json!({
        "holderIdentity": spec.holder.map(|life| life.to_string()),
        "leaseDurationSeconds": spec.seconds,
        "renewTime": spec.renewed.map(|time| time.to_string()),
    })
}

#[test]
fn the_server_of_the_model_answers_as_the_fake_does() {
    let which = [Which::None, Which::Present, Which::Other];
    for has_lease in [true, false] {
        for renewal in [1, 2] {
            let mut pair = Pair::new(has_lease);
            let [ours, theirs] = pair.post(&spec(renewal));
            assert_eq!(ours, theirs, "POST, there is a Lease: {has_lease}");
            for (uid, version) in which.iter().flat_map(|uid| which.map(|version| (*uid, version))) {
                let mut pair = Pair::new(has_lease);
                if !has_lease && (uid == Which::Present || version == Which::Present) {
                    continue;
                }
                let before = pair.model.version;
                let fake = pair.get().1["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
                let [ours, theirs] = pair.put(uid, version, &spec(renewal));
                let case = format!("PUT {uid:?} {version:?} {renewal}, there is a Lease: {has_lease}");
                assert_eq!(ours, theirs, "{case}");
                let [ours, theirs] = pair.stored(before, &fake);
                assert_eq!(ours, theirs, "{case}");
            }
        }
    }
}
