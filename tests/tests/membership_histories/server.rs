//! The server's objects, and the view that they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_core::api::{LabelSelector, Method, Namespace};
use quorate_core::membership::listing::ListingOptions;
use quorate_core::membership::{Admission, Identity, Member, Policy, Source, View};
use quorate_core::name::{Basename, Naming, NodeName};
use quorate_core::testing::{FakeAnswer, FakeApi, FakeRequest, FakeResponse};
use quorate_core::time::Now;
use quorate_tests::listing_host::ListingHost;
use serde_json::{Value, json};

const PODS: &str = "/api/v1/namespaces/lab/pods";
/// Our own pod: nothing ever happens to it.
const SELF: u8 = 100;

pub(crate) fn policy(admission: Admission) -> Policy {
    let naming = Naming { basename: Basename::parse("myapp").ok(), ..Naming::default() };
    Policy { naming, admission, family: None }
}

pub(crate) fn listing(source: Source, seed: u64) -> ListingOptions {
    ListingOptions {
        source,
        namespaces: vec![Namespace::parse("lab").unwrap()],
        selector: LabelSelector::parse("app=web").ok(),
        page_limit: 2,
        seed,
        ..ListingOptions::default()
    }
}

pub(crate) fn address(number: u8) -> String {
    format!("10.0.0.{number}")
}

pub(crate) fn name(number: u8) -> String {
    format!("myapp@{}", address(number))
}

/// A server with a Service, its pods, and what an administrator publishes by hand.
pub(crate) struct Server {
    pub(crate) api: FakeApi,
    source: Source,
    /// Who can be named, and since which version without a break.
    pub(crate) truth: BTreeMap<(NodeName, Identity), u64>,
    /// Who could be, and until which version.
    pub(crate) past: BTreeMap<(NodeName, Identity), u64>,
    seen: u64,
    lag: Option<u64>,
}

impl Server {
    pub(crate) fn new(source: Source, seed: u64) -> Self {
        let mut server =
            Self { api: FakeApi::new(seed), source, truth: BTreeMap::new(), past: BTreeMap::new(), seen: 0, lag: None };
        let service = json!({
            "kind": "Service", "apiVersion": "v1",
            "metadata": {"name": "web", "namespace": "lab", "labels": {"app": "web"}},
            "spec": {"clusterIP": "None", "selector": {"app": "web"}, "ports": [{"port": 80}]},
        });
        server.load(Now::default(), &[service]);
        for pod in [1, 2, 3, SELF] {
            server.create(Now::default(), pod);
        }
        server
    }

    pub(crate) fn self_name() -> String {
        name(SELF)
    }

    pub(crate) fn load(&mut self, now: Now, objects: &[Value]) {
        self.api.load(now, objects).unwrap();
        self.follow(now);
    }

    pub(crate) fn create(&mut self, now: Now, pod: u8) {
        if self.pod(now, pod).is_some() {
            return;
        }
        let created = json!({
            "kind": "Pod", "apiVersion": "v1",
            "metadata": {"name": format!("web-{pod}"), "namespace": "lab", "labels": {"app": "web"}},
            "spec": {"nodeName": "node", "containers": [{"name": "app", "image": "x"}]},
            "status": {
                "phase": "Running", "podIP": address(pod), "podIPs": [{"ip": address(pod)}],
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        });
        self.load(now, &[created]);
    }

    pub(crate) fn ready(&mut self, now: Now, pod: u8, ready: bool) {
        let status = if ready { "True" } else { "False" };
        self.patch(now, pod, &json!({"conditions": [{"type": "Ready", "status": status}]}));
    }

    pub(crate) fn readdress(&mut self, now: Now, pod: u8, number: u8) {
        let ip = address(number);
        self.patch(now, pod, &json!({"podIP": ip, "podIPs": [{"ip": ip}]}));
    }

    pub(crate) fn fail(&mut self, now: Now, pod: u8) {
        self.patch(now, pod, &json!({"phase": "Failed"}));
    }

    fn patch(&mut self, now: Now, pod: u8, status: &Value) {
        self.write(now, Method::Patch, &format!("{PODS}/web-{pod}/status"), &json!({"status": status}));
    }

    pub(crate) fn delete(&mut self, now: Now, pod: u8, seconds: u8) {
        self.write(now, Method::Delete, &format!("{PODS}/web-{pod}"), &json!({"gracePeriodSeconds": seconds}));
    }

    /// An Endpoints and a slice of an administrator's.
    pub(crate) fn publish(&mut self, now: Now, object: u8, number: u8, pod: Option<u8>, ready: bool) {
        let meta = json!({"name": format!("hand-{object}"), "namespace": "lab", "labels": {"app": "web"}});
        let pod = pod.and_then(|pod| self.pod(now, pod));
        let target = pod.map_or(Value::Null, |pod| {
            let meta = &pod["metadata"];
            json!({"kind": "Pod", "namespace": "lab", "name": meta["name"], "uid": meta["uid"]})
        });
        let addresses = json!([{"ip": address(number), "targetRef": target}]);
        let addresses = if ready { json!({"addresses": addresses}) } else { json!({"notReadyAddresses": addresses}) };
        let endpoint = json!({"addresses": [address(number)], "conditions": {"ready": ready}, "targetRef": target});
        self.load(
            now,
            &[
                json!({"kind": "Endpoints", "apiVersion": "v1", "metadata": meta, "subsets": [addresses]}),
                json!({
                    "kind": "EndpointSlice", "apiVersion": "discovery.k8s.io/v1", "metadata": meta,
                    "addressType": "IPv4", "endpoints": [endpoint],
                }),
            ],
        );
    }

    pub(crate) fn unpublish(&mut self, now: Now, object: u8) {
        for collection in
            ["/api/v1/namespaces/lab/endpoints", "/apis/discovery.k8s.io/v1/namespaces/lab/endpointslices"]
        {
            self.write(now, Method::Delete, &format!("{collection}/hand-{object}"), &json!({}));
        }
    }

    fn write(&mut self, now: Now, method: Method, target: &str, body: &Value) {
        let bytes = serde_json::to_vec(body).unwrap();
        let content_type = Some(match method {
            Method::Patch => "application/merge-patch+json",
            _ => "application/json",
        });
        complete(self.api.handle(now, &FakeRequest { content_type, ..FakeRequest::json(method, target, &bytes) }));
        self.follow(now);
    }

    fn pod(&mut self, now: Now, pod: u8) -> Option<Value> {
        let response = complete(self.api.handle(now, &FakeRequest::get(&format!("{PODS}/web-{pod}"))));
        (response.status == 200).then(|| serde_json::from_slice(&response.body).unwrap())
    }

    /// Whatever the collection says.
    pub(crate) fn text(&mut self, now: Now) -> String {
        let host = ListingHost::start(ListingOptions { page_limit: 500, ..listing(self.source, 0) }.build().unwrap());
        let target = host.targets().last().unwrap();
        String::from_utf8(complete(self.api.handle(now, &FakeRequest::get(target))).body).unwrap()
    }

    pub(crate) fn lag(&mut self, versions: Option<u64>) {
        self.lag = versions;
        self.api.lag(versions);
        self.api.stale_quorum(versions.is_some());
    }

    /// Everybody whom the objects tell of, and who has not ended.
    pub(crate) fn view(&mut self, now: Now, admission: Admission) -> BTreeMap<NodeName, Arc<Member>> {
        self.api.lag(None);
        self.api.stale_quorum(false);
        let text = self.text(now);
        let mut host = ListingHost::start(listing(self.source, 0).build().unwrap());
        host.chunks(200, None, [text.as_bytes()]);
        self.lag(self.lag);
        View::of(&host.listed().unwrap().objects, &policy(admission)).members
    }

    /// Sees who exists, after time has passed or anything was written.
    pub(crate) fn follow(&mut self, now: Now) {
        let version = self.api.version();
        if version == self.seen {
            return;
        }
        self.seen = version;
        let members = self.view(now, Admission::Any);
        let before = std::mem::take(&mut self.truth);
        let keys = members.into_iter().map(|(name, member)| (name, member.identity()));
        self.truth = keys.map(|key| (key.clone(), before.get(&key).copied().unwrap_or(version))).collect();
        self.past.extend(before.into_keys().map(|key| (key, version)));
        self.past.retain(|key, _| !self.truth.contains_key(key));
    }
}

pub(crate) fn complete(answer: FakeAnswer) -> FakeResponse {
    match answer {
        FakeAnswer::Complete(response) => response,
        FakeAnswer::Watch { .. } => panic!("a watch"),
    }
}
