//! `quorate watch --connector beam` beside releases of Elixir's.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::process::ExitCode;

use quorate_tests::api_server::ApiServer;
use quorate_tests::beam::shipped::Shipped;
use quorate_tests::beam::{
    self, BASENAME, COOKIE, ELIXIR, Member, Node, Release, Sidecar, addresses, meshed, pod, settled, stop,
};
use quorate_tests::lab::{Kubelet, Lab};
use quorate_tests::server_trials::{API_SERVER, Need, run_with};
use quorate_tests::trials;
use quorate_tests::trouble::Trouble;

const NEEDS: &[Need] = &[API_SERVER, beam::ERLANG, ELIXIR];

fn main() -> ExitCode {
    let tests = trials![
        releases_are_members_with_the_environment_of_the_manifest,
        a_release_without_a_long_name_is_told_what_gives_it_one,
    ];
    run_with(tests, NEEDS)
}

fn releases_are_members_with_the_environment_of_the_manifest() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "beam-elixir")?;
    let (shipped, release) = (Shipped::apply(&lab)?, Release::build()?);
    let start = |address: &str| release.start(address, &shipped.variables_of_node(&lab, address)?);
    let all = addresses(70, 3);
    let kubelet = Kubelet::of(&lab)?;
    let mut members = Vec::new();
    for address in &all {
        kubelet.run(BASENAME, &pod(address))?;
        // An Erlang node among them is one of them.
        let node =
            if *address == all[2] { Node::start_with_cookie(address, &shipped.cookie()?)? } else { start(address)? };
        let watch = Sidecar::start_with(&lab, node.name(), &shipped.cookie()?, &[])?;
        members.push(Member { node, watch });
    }
    settled(&members)?;
    for (member, address) in members.iter().zip(&all) {
        assert_eq!(member.node.name(), format!("{BASENAME}@{address}"));
    }
    let Member { node, watch } = members.remove(0);
    node.kill();
    watch.complains("is lost: ")?;
    meshed(&members)?;
    members.push(Member { node: start(&all[0])?, watch });
    meshed(&members)?;
    stop(members)
}

// What a release does unless told otherwise: <https://hexdocs.pm/mix/Mix.Tasks.Release.html#module-environment-variables>.
fn a_release_without_a_long_name_is_told_what_gives_it_one() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "beam-short")?;
    let address = beam::address(71, 1);
    let _node = Release::build()?.start(&address, &[("RELEASE_COOKIE".into(), COOKIE.into())])?;
    let finished = Sidecar::start_with(&lab, &format!("{BASENAME}@{address}"), COOKIE, &[])?.finish()?.with_code(1)?;
    let said = finished.stderr();
    assert!(said.contains(&format!("is called {BASENAME}@")) && said.contains("RELEASE_DISTRIBUTION=name"), "{said}");
    Ok(())
}
