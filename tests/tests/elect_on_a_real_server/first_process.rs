//! As the first process of a container: with a process namespace of its own.

use std::process::Command;

use quorate_tests::child::{Running, command_without_environment};
use quorate_tests::eventually::eventually;
use quorate_tests::quorate_command::Quorate;
use quorate_tests::trouble::Trouble;
use serde_json::json;

use crate::arena::{Arena, LEASE, LIMIT, SHORT};

const UNSHARE: [&str; 4] = ["--pid", "--fork", "--mount-proc", "--kill-child"];

pub(crate) fn as_the_first_process_of_a_container_it_ends_what_it_has_started() -> Result<(), Trouble> {
    let permitted = Command::new("unshare").args(UNSHARE).arg("true").output();
    if !permitted.is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: a process namespace of its own is not permitted here");
        return Ok(());
    }
    let arena = Arena::new("elect-first-process")?;
    let prelude = "setsid sleep 1000 & (setsid sleep 0.1 &) ; echo supervisor $(cut -d' ' -f4 /proc/$PPID/stat); sleep 0.3; trap 'exit 5' TERM; ";
    for (act, code) in [
        // It tells its supervisor to end, as a kubelet does.
        ("kill -TERM 1; while :; do sleep 0.05; done", 5),
        // It kills its keeper.
        ("kill -KILL $PPID; while :; do sleep 0.05; done", 125),
        ("exit 6", 6),
    ] {
        let finished = start(&arena, &format!("{prelude}{act}"))?.finish(LIMIT)?.with_code(code)?;
        assert!(finished.stdout().starts_with("supervisor 1\n"), "{finished}");
        // The kernel ends a process namespace with its first process; released it must be before.
        eventually("the release", LIMIT, || Ok(arena.holder()?.is_empty().then_some(())))?;
    }
    Ok(())
}

fn start(arena: &Arena, script: &str) -> Result<Running, Trouble> {
    let kubeconfig = arena.lab.kubeconfig_of(json!({"tokenFile": arena.lab.token_file()}));
    let kubeconfig = kubeconfig.write(arena.lab.file("kubeconfig-first"))?;
    let mut command = command_without_environment("unshare".as_ref());
    command.args(UNSHARE).arg(Quorate::program()?).args(["elect", LEASE]).args(SHORT);
    command.args(["--", "bash", "-c", script]).env("KUBECONFIG", kubeconfig).env("PATH", "/usr/bin:/bin");
    Running::start(command, b"")
}
