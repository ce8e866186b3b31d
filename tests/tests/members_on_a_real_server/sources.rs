//! The three sources agree with each other and with kubectl.

use std::collections::BTreeSet;

use quorate_tests::api_server::ApiServer;
use quorate_tests::lab::{Lab, Pod};
use quorate_tests::trouble::Trouble;
use serde_json::{Value, json};

pub(crate) const SOURCES: [&str; 3] = ["endpointslices", "endpoints", "pods"];

pub(crate) fn every_source_and_mode_gives_what_kubectl_shows() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "sources")?;
    lab.serve("web", &Pod::stateful_set("web", 3))?;

    let wide = lab.kubectl(&["get", "pods", "-l", "app=web", "-o", "wide", "--no-headers"])?;
    // NAME READY STATUS RESTARTS AGE IP ...
    let pods: Vec<_> = wide.lines().into_iter().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    let pods: Option<Vec<_>> = pods.iter().map(|columns| Some((*columns.first()?, *columns.get(5)?))).collect();
    let pods = pods.ok_or_else(|| Trouble::new(format!("not a table of pods: {wide}")))?;
    assert_eq!(pods.len(), 3, "{wide}");

    for mode in ["ip", "hostname", "dns"] {
        for basename in [None, Some("myapp")] {
            let expected = pods.iter().map(|(name, address)| match basename {
                Some(basename) => format!("{basename}@{}", host(mode, name, address)),
                None => host(mode, name, address),
            });
            let expected: Vec<_> = expected.collect::<BTreeSet<_>>().into_iter().collect();
            for source in SOURCES {
                let mut arguments = vec!["-l", "app=web", "--mode", mode, "--source", source];
                arguments.extend(basename.iter().flat_map(|basename| ["--basename", basename]));
                assert_eq!(lab.names(&arguments)?, expected, "{arguments:?}");
                let addresses: BTreeSet<_> = addresses(&lab.json(&arguments)?).into_iter().collect();
                let shown: BTreeSet<_> = pods.iter().map(|(_, address)| (*address).to_owned()).collect();
                assert_eq!(addresses, shown, "{arguments:?}");
            }
        }
    }
    Ok(())
}

/// What stands after the `@`, of a pod of the Service `web` in the namespace `sources`.
fn host(mode: &str, name: &str, address: &str) -> String {
    match mode {
        "hostname" => format!("{name}.web.sources.svc.cluster.local"),
        "dns" => format!("{}.sources.pod.cluster.local", address.replace('.', "-")),
        _ => address.to_owned(),
    }
}

fn addresses(json: &Value) -> Vec<String> {
    let members = json.pointer("/members").and_then(Value::as_array).into_iter().flatten();
    members.filter_map(|member| Some(member.get("address")?.as_str()?.to_owned())).collect()
}

/// The endpoints controller cuts at 1,000 addresses and says so in an annotation. Made by hand here: over a thousand pods
/// would take longer than all other tests together.
pub(crate) fn truncated_endpoints_are_warned_of_and_slices_have_them_all() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "truncated")?;
    let addresses: Vec<_> = (0..1050_u32).map(|index| format!("10.2.{}.{}", index / 250, index % 250 + 1)).collect();
    let metadata = |name: &str| json!({"namespace": "truncated", "name": name, "labels": {"app": "big"}});
    let slice = |name: &str, addresses: &[String]| {
        let endpoints: Vec<_> = addresses.iter().map(|address| json!({"addresses": [address]})).collect();
        json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata(name),
            "addressType": "IPv4", "endpoints": endpoints,
        })
    };
    let (first, rest) = addresses.split_at(1000);
    let mut endpoints_metadata = metadata("big");
    if let Some(fields) = endpoints_metadata.as_object_mut() {
        fields.insert("annotations".to_owned(), json!({"endpoints.kubernetes.io/over-capacity": "truncated"}));
    }
    let ips: Vec<_> = first.iter().map(|address| json!({"ip": address})).collect();
    lab.server().create(&[
        json!({
            "apiVersion": "v1", "kind": "Endpoints", "metadata": endpoints_metadata,
            "subsets": [{"addresses": ips, "ports": [{"port": 7946}]}],
        }),
        slice("big-1", first),
        slice("big-2", rest),
    ])?;

    let cut = lab.members(&["-l", "app=big", "--source", "endpoints", "-o", "json"])?.run()?.with_code(0)?;
    assert!(cut.stderr().contains("cut at 1,000 addresses"), "{cut}");
    let json = cut.json()?;
    assert_eq!(self::addresses(&json).len(), 1000);
    assert_eq!(json.pointer("/skipped/0/object"), Some(&json!("Endpoints truncated/big")));

    let whole = lab.members(&["-l", "app=big"])?.run()?.with_code(0)?;
    assert_eq!((whole.lines().len(), whole.stderr()), (1050, ""));
    Ok(())
}
