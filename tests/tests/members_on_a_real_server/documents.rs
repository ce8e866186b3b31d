//! What `kubectl get … -o json` prints gives what the server gives.

use quorate_tests::api_server::ApiServer;
use quorate_tests::child::Finished;
use quorate_tests::lab::{Lab, Pod};
use quorate_tests::quorate_command::Quorate;
use quorate_tests::trouble::Trouble;
use serde_json::{Value, json};

use crate::sources::SOURCES;

fn pods() -> [Pod; 5] {
    [
        Pod::ready("web-0", &["10.1.0.1", "fd00:10:1::1"]).with_hostname(),
        Pod::ready("web-1", &["10.1.0.2"]).with_hostname(),
        Pod::ready("web-2", &["10.1.0.3"]).not_ready(),
        Pod::ready("web-3", &["10.1.0.4"]).terminating(),
        Pod::ready("web-4", &[]).in_phase("Pending"),
    ]
}

/// Without any API: nothing in the environment leads to one.
fn read(document: &str, arguments: &[&str]) -> Result<Finished, Trouble> {
    let quorate = Quorate::with(["members", "-f", "-"].iter().chain(arguments))?;
    quorate.variable("CLUSTER_DOMAIN", "cluster.local").input(document).run()
}

pub(crate) fn a_document_gives_what_the_server_gives() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "documents")?;
    lab.serve("web", &pods())?;
    for source in SOURCES {
        let document = lab.kubectl(&["get", source, "-l", "app=web", "-o", "json"])?;
        for options in [
            &["--include", "ready"][..],
            &["--include", "serving", "--mode", "dns", "--basename", "b"],
            &["--include", "any", "--ip-family", "ipv6"],
            &["--mode", "hostname"],
        ] {
            let live = lab.json(&[&["-l", "app=web", "--source", source], options].concat())?;
            let read = read(document.stdout(), &[options, &["-o", "json"]].concat())?.with_code(0)?.json()?;
            for part in ["members", "skipped"] {
                assert_eq!(read.get(part), live.get(part), "{part} of {source} with {options:?}");
            }
            // kubectl's own list has no version.
            assert_eq!(read.get("resourceVersion"), Some(&Value::Null));
        }
        // The API's own list has one.
        let (group, plural) =
            if source == "endpointslices" { ("apis/discovery.k8s.io", source) } else { ("api", source) };
        let raw = lab.server().get(&format!("/{group}/v1/namespaces/documents/{plural}?labelSelector=app%3Dweb"))?;
        let of_api = read(&raw.to_string(), &["-o", "json"])?.with_code(0)?.json()?;
        assert_eq!(of_api.get("members"), lab.json(&["-l", "app=web", "--source", source])?.get("members"), "{source}");
        assert_eq!(of_api.get("resourceVersion"), raw.pointer("/metadata/resourceVersion"), "{source}");
    }
    Ok(())
}

pub(crate) fn a_mixed_list_gives_each_member_once() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "mixed")?;
    lab.serve("web", &pods())?;
    let document = lab.kubectl(&["get", "services,endpointslices,endpoints,pods", "-l", "app=web", "-o", "json"])?;
    let json = read(document.stdout(), &["-o", "json"])?.with_code(0)?.json()?;
    let members = json.pointer("/members").and_then(Value::as_array).into_iter().flatten();
    let pods: Vec<_> = members.filter_map(|member| member.get("pod")?.as_str()).collect();
    assert_eq!(pods, ["web-0", "web-1"]);
    let skipped = json.pointer("/skipped").and_then(Value::as_array).into_iter().flatten();
    let service = skipped.into_iter().find(|skipped| skipped.get("object") == Some(&json!("Service mixed/web")));
    assert!(service.is_some(), "{json}");
    Ok(())
}
