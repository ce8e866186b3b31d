//! What must hold whatever is asked.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::support::*;
use crate::api::Method;
use crate::testing::{FakeApi, FakeRequest, WatchUpdate};

/// A write to one of a few pods.
#[derive(Clone, Debug)]
enum Write {
    Create(u8, bool),
    Label(u8, bool),
    Ready(u8, bool),
    Delete(u8),
    Compact,
}

fn any_write() -> impl Strategy<Value = Write> {
    let pod = 0..5_u8;
    prop_oneof![
        4 => (pod.clone(), any::<bool>()).prop_map(|(pod, web)| Write::Create(pod, web)),
        2 => (pod.clone(), any::<bool>()).prop_map(|(pod, web)| Write::Label(pod, web)),
        2 => (pod.clone(), any::<bool>()).prop_map(|(pod, ready)| Write::Ready(pod, ready)),
        2 => pod.prop_map(Write::Delete),
        1 => Just(Write::Compact),
    ]
}

fn app(web: bool) -> Value {
    json!({"app": if web { "web" } else { "other" }})
}

fn apply(api: &mut FakeApi, step: &Write) {
    match step {
        Write::Create(name, web) => write(api, Method::Post, PODS, &pod(&format!("p{name}"), &app(*web))),
        Write::Label(name, web) => {
            write(api, Method::Patch, &format!("{PODS}/p{name}"), &json!({"metadata": {"labels": app(*web)}}))
        }
        Write::Ready(name, ready) => {
            let condition = json!({"type": "Ready", "status": if *ready { "True" } else { "False" }});
            let status = json!({"podIP": format!("10.0.0.{name}"), "conditions": [condition]});
            write(api, Method::Patch, &format!("{PODS}/p{name}/status"), &json!({"status": status}))
        }
        Write::Delete(name) => write(api, Method::Delete, &format!("{PODS}/p{name}"), &json!({})),
        Write::Compact => {
            api.compact();
            (200, Value::Null)
        }
    };
}

fn by_name(list: &Value) -> BTreeMap<String, Value> {
    let items = list["items"].as_array().unwrap().iter();
    items.map(|item| (String::from(item["metadata"]["name"].as_str().unwrap()), item.clone())).collect()
}

fn with_service() -> FakeApi {
    let mut api = FakeApi::new(1);
    let service = json!({"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}}});
    write(&mut api, Method::Post, SERVICES, &service);
    api
}

proptest! {
    #[test]
    fn a_list_and_its_watch_are_the_list_of_the_end(
        before in prop::collection::vec(any_write(), 0..20),
        after in prop::collection::vec(any_write(), 0..20),
        selector in prop_oneof![Just(""), Just("&labelSelector=app%3Dweb")],
        collection in prop_oneof![Just(PODS), Just(SLICES)],
    ) {
        let mut api = with_service();
        before.iter().for_each(|step| apply(&mut api, step));
        let (_, list) = get(&mut api, &format!("{collection}?limit=0{selector}"));
        let mut objects = by_name(&list);
        let version = list["metadata"]["resourceVersion"].as_str().unwrap();
        watch(&mut api, &format!("{collection}?watch=1&resourceVersion={version}{selector}"));
        after.iter().for_each(|step| apply(&mut api, step));
        for update in api.updates(at(0)) {
            let WatchUpdate::Line(_, line) = update else { panic!("an end") };
            let mut event: Value = serde_json::from_slice(&line).unwrap();
            let mut object = event["object"].take();
            object.as_object_mut().unwrap().retain(|field, _| field != "kind" && field != "apiVersion");
            let name = String::from(object["metadata"]["name"].as_str().unwrap());
            match event["type"].as_str().unwrap() {
                "ADDED" => prop_assert!(objects.insert(name, object).is_none()),
                "MODIFIED" => prop_assert!(objects.insert(name, object).is_some()),
                "DELETED" => prop_assert!(objects.remove(&name).is_some()),
                other => panic!("{other}"),
            }
        }
        prop_assert_eq!(objects, by_name(&get(&mut api, &format!("{collection}?limit=0{selector}")).1));
    }

    #[test]
    fn pages_make_the_list(
        steps in prop::collection::vec(any_write(), 0..20),
        limit in 1..4_u8,
        between in prop::collection::vec(any_write().prop_filter("no compaction", |w| !matches!(w, Write::Compact)), 0..4),
    ) {
        let mut api = with_service();
        steps.iter().for_each(|step| apply(&mut api, step));
        let whole = get(&mut api, PODS).1;
        let mut items = Vec::new();
        let mut token = String::new();
        loop {
            let (status, page) = get(&mut api, &format!("{PODS}?limit={limit}&continue={token}"));
            prop_assert_eq!(status, 200);
            prop_assert_eq!(&page["metadata"]["resourceVersion"], &whole["metadata"]["resourceVersion"]);
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["metadata"].get("continue") {
                Some(next) => token = next.as_str().unwrap().into(),
                None => break,
            }
            between.iter().for_each(|step| apply(&mut api, step));
        }
        prop_assert_eq!(&Value::Array(items), &whole["items"]);
    }

    #[test]
    fn a_selector_filters(steps in prop::collection::vec(any_write(), 0..20)) {
        let mut api = with_service();
        steps.iter().for_each(|step| apply(&mut api, step));
        let mut filtered = by_name(&get(&mut api, PODS).1);
        filtered.retain(|_, pod| pod["metadata"]["labels"]["app"] == "web");
        prop_assert_eq!(by_name(&get(&mut api, &format!("{PODS}?labelSelector=app%3Dweb")).1), filtered);
    }

    #[test]
    fn the_same_seed_and_requests_give_the_same_server(
        steps in prop::collection::vec(any_write(), 0..20), seed: u64,
    ) {
        let (mut one, mut other) = (FakeApi::new(seed), FakeApi::new(seed));
        for step in &steps {
            apply(&mut one, step);
            apply(&mut other, step);
        }
        prop_assert_eq!(one, other);
    }

    #[test]
    fn nothing_panics(
        requests in prop::collection::vec((
            prop_oneof![Just(Method::Get), Just(Method::Put), Just(Method::Post), Just(Method::Patch), Just(Method::Delete)],
            prop_oneof![
                any::<String>(),
                "(/api/v1|/apis/coordination.k8s.io/v1|/apis/discovery.k8s.io/v1)(/namespaces/[a-b])?/(pods|services|leases|endpointslices|events|endpoints)(/[a-b])?(/status)?(\\?(watch=1&|limit=[0-3]&|resourceVersion=[0-9]{1,3}&|continue=e30&|labelSelector=[!=a-c(),<>]{0,6}&|fieldSelector=[a-c=,!]{0,5}&|timeoutSeconds=[0-9]{1,20}&){0,4})?",
            ],
            prop_oneof![
                any::<Vec<u8>>(),
                Just(br#"{"metadata":{"name":"a"},"spec":{"containers":[{}],"selector":{"a":"b"},"ports":[{"port":1}]}}"#.to_vec()),
                Just(br#"{"metadata":{"labels":{"a":"b"},"finalizers":["x"]},"status":{"podIP":"1"},"gracePeriodSeconds":-9}"#.to_vec()),
                Just(br#"{"metadata":null,"spec":7,"status":[],"preconditions":{}}"#.to_vec()),
                Just(br#"{"metadata":{"name":"a","labels":7},"spec":{"ports":[7],"leaseTransitions":1e99}}"#.to_vec()),
            ],
            0..200_u64,
        ), 0..30),
    ) {
        let mut api = FakeApi::new(1);
        for (method, target, body, seconds) in &requests {
            let content_type = if *method == Method::Patch { "application/merge-patch+json" } else { "application/json" };
            let request = FakeRequest { content_type: Some(content_type), ..FakeRequest::json(*method, target, body) };
            api.handle(at(*seconds), &request);
            let _ = api.updates(at(*seconds));
            let _ = api.deadline();
        }
    }
}
