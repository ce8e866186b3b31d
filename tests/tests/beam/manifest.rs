//! What we ship in `cli/deploy/beam.yaml`. That a server takes it is shown with the other manifests.

use std::fs;

use quorate_tests::api_server::ApiServer;
use quorate_tests::beam::shipped::{Shipped, at};
use quorate_tests::beam::{COOKIE, LIMIT, address};
use quorate_tests::eventually::eventually;
use quorate_tests::lab::Lab;
use quorate_tests::quorate_command::Quorate;
use quorate_tests::trouble::Trouble;
use serde_json::json;

pub(crate) fn the_shipped_flags_are_flags() -> Result<(), Trouble> {
    let lab = Lab::without_rights(&ApiServer::shared()?, "beam-flags")?;
    let shipped = Shipped::apply(&lab)?;
    fs::write(lab.file("cookie"), COOKIE)?;
    let folder = lab.kubeconfig().parent().map(ToOwned::to_owned).unwrap_or_default();
    let mut quorate = Quorate::with(shipped.arguments(&folder)?)?.variable("KUBECONFIG", lab.kubeconfig());
    // There is no node here.
    for (name, value) in shipped.variables(&lab, &address(60, 1))? {
        quorate = quorate.variable(&name, value);
    }
    let running = quorate.start()?;
    eventually("it waits for its node", LIMIT, || {
        Ok(running.stderr()?.contains("cannot attach to the local node").then_some(()))
    })
    .map_err(|trouble| Trouble::new(format!("{trouble}\n{}", running.stderr().unwrap_or_default())))
}

/// Pod Security Admission is in the real server: <https://kubernetes.io/docs/concepts/security/pod-security-standards/>.
pub(crate) fn the_shipped_sidecar_may_run_where_pods_are_restricted() -> Result<(), Trouble> {
    let lab = Lab::without_rights(&ApiServer::shared()?, "beam-restricted")?;
    let shipped = Shipped::apply(&lab)?;
    lab.kubectl(&["label", "namespace", lab.namespace(), "pod-security.kubernetes.io/enforce=restricted"])?;
    let pod = |container: serde_json::Value| -> Result<String, Trouble> {
        let spec = shipped.pod_spec()?;
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "only-the-sidecar", "namespace": lab.namespace()},
            "spec": {
                "serviceAccountName": at(spec, "/serviceAccountName")?, "volumes": at(spec, "/volumes")?,
                "securityContext": at(spec, "/securityContext")?, "containers": [container],
            },
        });
        Ok(pod.to_string())
    };
    let mut container = shipped.sidecar()?.clone();
    if let Some(fields) = container.as_object_mut() {
        fields.remove("restartPolicy");
    }
    let create = |pod: &str| lab.server().kubectl(&["create", "--dry-run=server", "-f", "-"], pod.as_bytes());
    create(&pod(container.clone())?)?;
    // It does look.
    if let Some(fields) = container.as_object_mut() {
        fields.remove("securityContext");
    }
    let refused = create(&pod(container)?).err().map(|trouble| trouble.to_string()).unwrap_or_default();
    assert!(refused.contains("violates PodSecurity \"restricted"), "{refused}");
    Ok(())
}
