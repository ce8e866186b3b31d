//! A few pods on the fake API, the objects that tell of them, and the view that those are.
//!
//! There is nothing else on the server: no Service, no controller. The objects are written as an administrator would.

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

/// Our own pod: nothing ever happens to it.
const SELF: u8 = 100;

/// Longer than any history.
const GRACE_SECONDS: u32 = 86_400;

pub(crate) fn policy(admission: Admission) -> Policy {
    let naming = Naming { basename: Basename::parse("myapp").ok(), ..Naming::default() };
    Policy { naming, admission, family: None }
}

/// Every list has two pages at first.
pub(crate) fn listing(source: Source) -> ListingOptions {
    ListingOptions {
        source,
        namespaces: vec![Namespace::parse("lab").unwrap()],
        selector: LabelSelector::parse("app=web").ok(),
        page_limit: if source == Source::Pods { 2 } else { 1 },
        ..ListingOptions::default()
    }
}

pub(crate) fn name(number: u8) -> String {
    format!("myapp@10.0.0.{number}")
}

pub(crate) fn self_name() -> String {
    name(SELF)
}

/// What may happen to the pod of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Edit {
    /// It comes, ready, with the address of its number.
    Come(u8),
    Unready(u8),
    /// Its deletion is asked for, and takes its time.
    Terminate(u8),
    Go(u8),
    /// It goes, and another one has its address at once.
    Replace(u8),
    /// The other slice tells of it, too.
    Share(u8),
    /// The slice that told of it first does so no more.
    Withdraw(u8),
}

/// A name and whose it is.
pub(crate) type Key = (NodeName, Identity);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Server {
    pub(crate) api: FakeApi,
    source: Source,
    pods: BTreeMap<u8, Pod>,
    /// The pods that there have been.
    lives: u8,
    /// Who can be named, and since which version without a break.
    pub(crate) truth: BTreeMap<Key, u64>,
    /// Who could be, and until which version.
    pub(crate) past: BTreeMap<Key, u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Pod {
    uid: String,
    is_ready: bool,
    is_terminating: bool,
    /// Which of the two slices, or Endpoints, tell of it.
    tellers: [bool; 2],
}

/// Who is first told of by the first.
const fn home(number: u8) -> [bool; 2] {
    let is_first = number == 1 || number == SELF;
    [is_first, !is_first]
}

impl Server {
    /// With pods 1, 2 and our own.
    pub(crate) fn new(source: Source) -> Self {
        let (pods, truth, past) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut server = Self { api: FakeApi::new(1), source, pods, lives: 0, truth, past };
        for number in [SELF, 1, 2] {
            server.edit(Now::default(), Edit::Come(number));
        }
        server.past.clear();
        server
    }

    /// Whether it can happen, and makes a difference.
    pub(crate) fn can(&self, edit: Edit) -> bool {
        let is = |number: u8, holds: fn(&Pod) -> bool| self.pods.get(&number).is_some_and(holds);
        match edit {
            Edit::Come(number) => !self.pods.contains_key(&number),
            Edit::Unready(number) => is(number, |pod| pod.is_ready && !pod.is_terminating),
            Edit::Terminate(number) => is(number, |pod| !pod.is_terminating),
            Edit::Go(number) | Edit::Replace(number) => self.pods.contains_key(&number),
            Edit::Share(number) => is(number, |pod| pod.tellers != [true; 2]),
            Edit::Withdraw(number) => is(number, |pod| pod.tellers == [true; 2]),
        }
    }

    pub(crate) fn edit(&mut self, now: Now, edit: Edit) {
        let before = self.objects();
        let change = |pods: &mut BTreeMap<u8, Pod>, number: u8, change: fn(&mut Pod)| {
            pods.entry(number).and_modify(change);
        };
        match edit {
            Edit::Come(number) | Edit::Replace(number) => {
                self.lives += 1;
                let (uid, tellers) = (format!("uid-{}", self.lives), home(number));
                self.pods.insert(number, Pod { uid, is_ready: true, is_terminating: false, tellers });
            }
            Edit::Unready(number) => change(&mut self.pods, number, |pod| pod.is_ready = false),
            Edit::Terminate(number) => change(&mut self.pods, number, |pod| pod.is_terminating = true),
            Edit::Go(number) => drop(self.pods.remove(&number)),
            Edit::Share(number) => change(&mut self.pods, number, |pod| pod.tellers = [true; 2]),
            Edit::Withdraw(number) => {
                let tellers = home(number).map(|is_home| !is_home);
                self.pods.entry(number).and_modify(|pod| pod.tellers = tellers);
            }
        }
        self.write(now, &before);
        self.follow(now);
    }

    /// Writes what differs.
    fn write(&mut self, now: Now, before: &BTreeMap<String, Value>) {
        let after = self.objects();
        let is_other = |one: &Value, other: &Value| one["metadata"]["uid"] != other["metadata"]["uid"];
        for (name, old) in before {
            if after.get(name).is_none_or(|new| is_other(old, new)) {
                self.delete(now, name, 0);
            }
        }
        for (name, new) in &after {
            if before.get(name) == Some(new) {
                continue;
            }
            if new["metadata"].get("deletionTimestamp").is_some() {
                self.delete(now, name, GRACE_SECONDS);
            } else {
                self.api.load(now, std::slice::from_ref(new)).unwrap();
            }
        }
    }

    fn delete(&mut self, now: Now, name: &str, seconds: u32) {
        let (target, body) = (format!("{}/{name}", self.collection()), json!({"gracePeriodSeconds": seconds}));
        let body = body.to_string();
        complete(self.api.handle(now, &FakeRequest::json(Method::Delete, &target, body.as_bytes())));
    }

    fn collection(&self) -> String {
        let (group, plural) = match self.source {
            Source::EndpointSlices => ("apis/discovery.k8s.io/v1", "endpointslices"),
            Source::Endpoints => ("api/v1", "endpoints"),
            Source::Pods => ("api/v1", "pods"),
        };
        format!("/{group}/namespaces/lab/{plural}")
    }

    /// All objects, by name.
    fn objects(&self) -> BTreeMap<String, Value> {
        if self.source == Source::Pods {
            return self.pods.iter().map(|(number, pod)| (format!("web-{number}"), pod_object(*number, pod))).collect();
        }
        let told = [0, 1].map(|index: usize| {
            let told = self.pods.iter().filter(move |(_, pod)| pod.tellers[index]).collect::<Vec<_>>();
            let name = format!("slice-{}", index + 1);
            (!told.is_empty()).then(|| (name.clone(), collection_object(self.source, &name, &told)))
        });
        told.into_iter().flatten().collect()
    }

    /// A list in one page.
    fn text(&mut self, now: Now) -> String {
        let target = format!("{}?labelSelector=app%3Dweb", self.collection());
        String::from_utf8(complete(self.api.handle(now, &FakeRequest::get(&target))).body).unwrap()
    }

    /// Everybody whom the objects tell of, and who has not ended.
    pub(crate) fn view(&mut self, now: Now) -> BTreeMap<NodeName, Arc<Member>> {
        let text = self.text(now);
        let mut host = ListingHost::start(listing(self.source).build().unwrap());
        host.chunks(200, None, [text.as_bytes()]);
        View::of(&host.listed().unwrap().objects, &policy(Admission::Any)).members
    }

    pub(crate) fn has_uid(&self, uid: &str) -> bool {
        self.pods.values().any(|pod| pod.uid == uid)
    }

    /// Sees who exists, after anything was written.
    fn follow(&mut self, now: Now) {
        let (members, version) = (self.view(now), self.api.version());
        let before = std::mem::take(&mut self.truth);
        let keys = members.into_iter().map(|(name, member)| (name, member.identity()));
        self.truth = keys.map(|key| (key.clone(), before.get(&key).copied().unwrap_or(version))).collect();
        self.past.extend(before.into_keys().map(|key| (key, version)));
        self.past.retain(|key, _| !self.truth.contains_key(key));
    }
}

fn pod_object(number: u8, pod: &Pod) -> Value {
    let (ip, status) = (format!("10.0.0.{number}"), if pod.is_ready { "True" } else { "False" });
    let mut object = json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {"name": format!("web-{number}"), "namespace": "lab", "labels": {"app": "web"}, "uid": pod.uid},
        // Only a pod on a node takes its time to end.
        "spec": {"nodeName": "node", "containers": [{"name": "app", "image": "x"}]},
        "status": {
            "phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "conditions": [{"type": "Ready", "status": status}],
        },
    });
    if pod.is_terminating {
        object["metadata"]["deletionTimestamp"] = json!("asked for");
    }
    object
}

fn collection_object(source: Source, name: &str, told: &[(&u8, &Pod)]) -> Value {
    let target = |number: &u8, pod: &Pod| json!({"kind": "Pod", "namespace": "lab", "name": format!("web-{number}"), "uid": pod.uid});
    let mut object = json!({"metadata": {"name": name, "namespace": "lab", "labels": {"app": "web"}, "uid": name}});
    let fields = if source == Source::Endpoints {
        // The controller drops who terminates.
        let addresses = |is_ready: bool| -> Vec<Value> {
            let told = told.iter().filter(|(_, pod)| pod.is_ready == is_ready && !pod.is_terminating);
            told.map(|(number, pod)| json!({"ip": format!("10.0.0.{number}"), "targetRef": target(number, pod)}))
                .collect()
        };
        let subset = json!({"addresses": addresses(true), "notReadyAddresses": addresses(false)});
        json!({"kind": "Endpoints", "apiVersion": "v1", "subsets": [subset]})
    } else {
        let endpoint = |number: &u8, pod: &Pod| {
            let (serving, terminating) = (pod.is_ready, pod.is_terminating);
            let conditions = json!({"ready": serving && !terminating, "serving": serving, "terminating": terminating});
            json!({"addresses": [format!("10.0.0.{number}")], "conditions": conditions, "targetRef": target(number, pod)})
        };
        let endpoints: Vec<_> = told.iter().map(|(number, pod)| endpoint(number, pod)).collect();
        json!({
            "kind": "EndpointSlice", "apiVersion": "discovery.k8s.io/v1", "addressType": "IPv4", "endpoints": endpoints,
        })
    };
    for (key, value) in fields.as_object().unwrap() {
        object[key] = value.clone();
    }
    object
}

pub(crate) fn complete(answer: FakeAnswer) -> FakeResponse {
    match answer {
        FakeAnswer::Complete(response) => response,
        FakeAnswer::Watch { .. } => panic!("a watch"),
    }
}
