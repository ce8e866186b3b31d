//! A server that knows us no more, or allows us nothing: it is no reason to disconnect anybody.

use quorate_tests::api_server::{Announce, ApiServer};
use quorate_tests::lab::{Kubelet, Lab, Pod, SERVICE_ACCOUNT};
use quorate_tests::trouble::Trouble;
use quorate_tests::watching::Watching;

const ALL: [&str; 3] = ["10.1.0.1", "10.1.0.2", "10.1.0.3"];

const NOBODY: [&str; 0] = [];

const POLL: [&str; 4] = ["--service", "web", "--poll-interval", "500ms"];

pub(crate) fn a_token_that_expires_disconnects_nobody_and_its_replacement_is_read() -> Result<(), Trouble> {
    let server = ApiServer::start(&[])?;
    let lab = Lab::new(&server, "expires")?;
    lab.serve("web", &Pod::stateful_set("web", 3))?;
    // The server forgives 60 s: some seconds are left to this one.
    lab.write_token(&server.token("expires", SERVICE_ACCOUNT, "-54s")?)?;
    let mut watching = Watching::start(&lab, &["--service", "web"])?;
    let mut polling = Watching::start(&lab, &POLL)?;
    for one in [&mut watching, &mut polling] {
        one.connected(&ALL)?;
    }
    polling.degraded("unauthorized")?;

    // An open watch outlives its token.
    Kubelet::of(&lab)?.run("web", &Pod::ready("web-3", &["10.1.0.4"]))?;
    watching.next_of("joined", "10.1.0.4")?;
    assert!(watching.events()?.iter().all(|event| event.kind() != "degraded"));
    // A new one does not begin with it.
    server.kill()?;
    server.restart(Announce::Ready)?;
    watching.degraded("unauthorized")?;

    lab.write_token(&server.token("expires", SERVICE_ACCOUNT, "10m")?)?;
    live_and_following(&lab, [watching, polling])
}

pub(crate) fn rights_that_are_taken_away_disconnect_nobody_and_are_named() -> Result<(), Trouble> {
    let server = ApiServer::start(&[])?;
    let lab = Lab::new(&server, "revoked")?;
    lab.serve("web", &Pod::stateful_set("web", 3))?;
    let mut watching = Watching::start(&lab, &["--service", "web"])?;
    let mut polling = Watching::start(&lab, &POLL)?;
    for one in [&mut watching, &mut polling] {
        one.connected(&ALL)?;
    }
    lab.kubectl(&["delete", "rolebindings", "--all"])?;
    let refused = polling.degraded("cannot list endpointslices in namespace revoked: forbidden")?;
    lab.grant(&rule(refused.text("reason")))?;
    polling.live()?;

    // Who watches is asked for the right when the next watch begins.
    Kubelet::of(&lab)?.run("web", &Pod::ready("web-3", &["10.1.0.4"]))?;
    watching.next_of("joined", "10.1.0.4")?;
    assert!(watching.events()?.iter().all(|event| event.kind() != "degraded"));
    server.kill()?;
    server.restart(Announce::Ready)?;
    let refused = watching.degraded("cannot watch endpointslices in namespace revoked: forbidden")?;
    lab.grant(&rule(refused.text("reason")))?;
    live_and_following(&lab, [watching, polling])
}

/// That nobody was disconnected, and that all recover and see what happens then.
fn live_and_following(lab: &Lab, all: [Watching; 2]) -> Result<(), Trouble> {
    let mut live = Vec::new();
    for mut watching in all {
        watching.live()?;
        watching.connected(&[&ALL[..], &["10.1.0.4"]].concat())?;
        assert_eq!(watching.disconnected()?, NOBODY);
        live.push(watching);
    }
    Kubelet::of(lab)?.remove("web-1")?;
    for mut watching in live {
        watching.connected(&[ALL[0], ALL[2], "10.1.0.4"])?;
        watching.finish()?;
    }
    Ok(())
}

/// The YAML in a refusal, as somebody would copy it.
fn rule(reason: &str) -> String {
    assert!(reason.contains("a Role in namespace revoked with this rule"), "{reason}");
    reason.lines().skip_while(|line| !line.trim_start().starts_with("- ")).collect::<Vec<_>>().join("\n")
}
