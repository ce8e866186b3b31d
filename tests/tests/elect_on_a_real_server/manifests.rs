//! What we ship in `cli/deploy`.

use std::fs;
use std::path::{Path, PathBuf};

use quorate_tests::api_server::ApiServer;
use quorate_tests::eventually::eventually;
use quorate_tests::lab::Lab;
use quorate_tests::quorate_command::Quorate;
use quorate_tests::trouble::Trouble;
use serde_json::json;

use crate::arena::{LIMIT, SHORT};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/deploy")
}

pub(crate) fn the_server_takes_what_we_ship() -> Result<(), Trouble> {
    let lab = Lab::without_rights(&ApiServer::shared()?, "elect-manifests")?;
    let mut taken = 0_usize;
    for entry in fs::read_dir(folder())? {
        let file = entry?.path();
        let documents = fs::read_to_string(&file)?.split("\n---\n").count();
        let file = file.to_string_lossy().into_owned();
        let arguments = ["apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", &file];
        let applied = lab.kubectl(&arguments)?;
        assert_eq!(applied.lines().len(), documents, "{applied}");
        assert_eq!(applied.stderr(), "", "a warning of the server: {applied}");
        taken = taken.saturating_add(1);
    }
    assert!(taken >= 2, "{taken} manifests");
    Ok(())
}

/// A candidate with the rights of the shipped Role, and no others, leads, and takes over when it is told by the watch.
pub(crate) fn the_shipped_role_is_enough() -> Result<(), Trouble> {
    let server = ApiServer::shared()?;
    let lab = Lab::without_rights(&server, "elect-role")?;
    lab.kubectl(&["apply", "--server-side", "-f", &folder().join("elect.yaml").to_string_lossy()])?;
    lab.write_token(&server.token(lab.namespace(), "worker", "10m")?)?;
    let user = format!("system:serviceaccount:{}:worker", lab.namespace());
    eventually("the rights have come", LIMIT, || {
        let allowed = lab.kubectl(&["auth", "can-i", "--list", "--as", &user])?;
        Ok(allowed.stdout().contains("leases").then_some(()))
    })?;
    let start = |name: &str, script: &str| {
        let arguments =
            [&["elect", "worker", "--identity", name], SHORT.as_slice(), &["--", "sh", "-c", script]].concat();
        let kubeconfig = lab.kubeconfig_of(json!({"tokenFile": lab.token_file()}));
        let kubeconfig = kubeconfig.write(lab.file(&format!("kubeconfig-{name}")))?;
        let quorate = Quorate::with(arguments)?.variable("KUBECONFIG", kubeconfig).variable("PATH", "/usr/bin:/bin");
        quorate.variable("QUORATE_EVENTS", lab.file("events")).start()
    };
    let events = || Ok::<_, Trouble>(fs::read_to_string(lab.file("events")).unwrap_or_default());
    let first = start("one", "trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done")?;
    eventually("the first leads", LIMIT, || Ok((!first.stdout_from(0)?.is_empty()).then_some(())))?;
    let second = start("two", "echo run")?;
    eventually("the second has seen it", LIMIT, || {
        Ok((events()?.matches("\"observed_holder\"").count() >= 3).then_some(()))
    })?;
    let first = first.terminate(LIMIT)?.with_code(0)?;
    let second = second.finish(LIMIT)?.with_code(0)?;
    assert!(!first.stderr().contains("warning") && !first.stderr().contains("error"), "{first}");
    assert_eq!(second.stderr(), "", "{second}");

    // And it has no others: not the list, not another Lease, not even the creation of one.
    let refused =
        |arguments: &[&str]| lab.kubectl(&[&["auth", "can-i"], arguments, &["--as", &user]].concat()).is_err();
    for right in [["list", "leases"], ["create", "leases"], ["get", "leases/other"], ["delete", "leases/worker"]] {
        assert!(refused(&right), "{right:?}");
    }
    for right in [["get", "leases/worker"], ["update", "leases/worker"], ["watch", "leases/worker"]] {
        assert!(!refused(&right), "{right:?}");
    }
    Ok(())
}
