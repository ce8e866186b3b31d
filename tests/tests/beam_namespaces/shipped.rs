//! `cli/deploy/beam.yaml`, run as a kubelet would.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::PathBuf;

use quorate_tests::api_server::ApiServer;
use quorate_tests::beam::shipped::{Shipped, at, string};
use quorate_tests::beam::{BASENAME, LIMIT, Member, Place, Sidecar, settled, stop};
use quorate_tests::eventually::eventually;
use quorate_tests::lab::{Kubelet, Lab};
use quorate_tests::quorate_command::Quorate;
use quorate_tests::trouble::Trouble;
use serde_json::Value;

/// What is asked for by the securityContext: no root, no way to become it, and nothing that can be written.
const RESTRICTED: &str = r#"group=$1; shift; mount -o remount,bind,ro / && exec setpriv --reuid "$0" --regid "$0" --groups "$group" \
    --no-new-privs --bounding-set -all --inh-caps -all "$@""#;

pub(crate) fn the_shipped_manifest_meshes_nodes_with_no_more_rights_than_it_gives() -> Result<(), Trouble> {
    let lab = Lab::without_rights(&ApiServer::shared()?, "beam-shipped")?;
    let shipped = Shipped::apply(&lab)?;
    let account = string(shipped.pod_spec()?, "/serviceAccountName")?;
    let user = format!("system:serviceaccount:{}:{account}", lab.namespace());
    eventually("the rights have come", LIMIT, || {
        let allowed = lab.kubectl(&["auth", "can-i", "--list", "--as", &user])?;
        Ok(allowed.stdout().contains("endpointslices").then_some(()))
    })?;
    let kubelet = Kubelet::of(&lab)?;
    let (mut places, mut members) = (Vec::new(), Vec::new());
    for number in [21, 22] {
        let place = Place::new(&lab, number)?;
        place.trust(&lab, account)?;
        kubelet.run(BASENAME, &place.pod())?;
        // The sidecar is started first.
        let watch = sidecar(&lab, &shipped, &place)?;
        let node = place.node(&["-setcookie", &shipped.cookie()?])?;
        members.push(Member { node, watch });
        places.push(place);
    }
    settled(&members)?;
    stop(members)
}

fn sidecar(lab: &Lab, shipped: &Shipped, place: &Place) -> Result<Sidecar, Trouble> {
    let arguments = shipped.arguments(&volume(shipped, place)?)?;
    let (user, group) = (security(shipped, "/runAsUser")?.to_string(), fs_group(shipped)?.to_string());
    let program = place.mount("quorate", Quorate::program()?)?;
    let program = program.to_string_lossy();
    let mut words = vec!["sh", "-c", RESTRICTED, &user, &group, &program];
    words.extend(arguments.iter().map(String::as_str));
    let variables = shipped.variables(lab, place.address())?;
    let variables: Vec<_> = variables.iter().map(|(name, value)| (&**name, &**value)).collect();
    place.watch(&words, &variables)
}

/// The Secret as files, of the group and with the mode that it is mounted with.
fn volume(shipped: &Shipped, place: &Place) -> Result<PathBuf, Trouble> {
    let folder = place.folder("cookie")?;
    let file = folder.join("cookie");
    fs::write(&file, shipped.cookie()?)?;
    let mode = at(shipped.pod_spec()?, "/volumes/0/secret/defaultMode")?.as_u64().unwrap_or_default();
    fs::set_permissions(&file, fs::Permissions::from_mode(u32::try_from(mode)?))?;
    chown(&file, Some(0), Some(u32::try_from(fs_group(shipped)?)?))?;
    Ok(folder)
}

fn fs_group(shipped: &Shipped) -> Result<u64, Trouble> {
    number(at(shipped.pod_spec()?, "/securityContext/fsGroup")?)
}

fn security(shipped: &Shipped, field: &str) -> Result<u64, Trouble> {
    number(at(shipped.sidecar()?, &format!("/securityContext{field}"))?)
}

fn number(value: &Value) -> Result<u64, Trouble> {
    value.as_u64().ok_or_else(|| Trouble::new(format!("no number: {value}")))
}
