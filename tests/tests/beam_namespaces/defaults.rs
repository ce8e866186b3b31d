//! No flag but those that nobody can do without.

use quorate_tests::api_server::ApiServer;
use quorate_tests::beam::{BASENAME, COOKIE, LIMIT, Member, Node, Place, meshed, settled, stop, text};
use quorate_tests::eventually::eventually;
use quorate_tests::lab::{Kubelet, Lab};
use quorate_tests::quorate_command::Quorate;
use quorate_tests::trouble::Trouble;

/// Where a pod has its cookie.
#[derive(Clone, Copy)]
enum Cookie {
    /// The node has it on its command line, and `quorate watch` as Elixir's releases have it.
    Told,
    /// Both have it at home.
    AtHome,
}

fn node(place: &Place, cookie: Cookie) -> Result<Node, Trouble> {
    match cookie {
        Cookie::Told => place.node(&["-setcookie", COOKIE]),
        Cookie::AtHome => place.node(&[]),
    }
}

fn start(place: &Place, cookie: Cookie) -> Result<Member, Trouble> {
    let mut variables = vec![("POD_IP", place.address())];
    match cookie {
        Cookie::Told => variables.push(("RELEASE_COOKIE", COOKIE)),
        Cookie::AtHome => place.has_cookie_at_home(COOKIE)?,
    }
    let node = node(place, cookie)?;
    let program = Quorate::program()?.to_string_lossy();
    let words = [&*program, "watch", "--service", BASENAME, "--basename", BASENAME, "--connector", "beam"];
    Ok(Member { node, watch: place.watch(&words, &variables)? })
}

pub(crate) fn nodes_that_are_started_as_usual_are_meshed_by_defaults() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "beam-pods")?;
    lab.serve(BASENAME, &[])?;
    let kubelet = Kubelet::of(&lab)?;
    let mut places = Vec::new();
    let mut members = Vec::new();
    for (number, cookie) in [(11, Cookie::Told), (12, Cookie::AtHome), (13, Cookie::AtHome)] {
        let place = Place::new(&lab, number)?;
        members.push(start(&place, cookie)?);
        kubelet.run(BASENAME, &place.pod())?;
        places.push(place);
    }
    settled(&members)?;
    for member in &members {
        let joined = member.watch.tells("joined", member.node.name())?;
        assert!(text(&joined, "source").starts_with("EndpointSlice "), "{joined}");
    }

    // A node that starts again has another port, which its port mapper tells.
    let Member { node: killed, watch } = members.remove(1);
    let restarted = killed.name().to_owned();
    killed.kill();
    watch.complains("is lost: ")?;
    meshed(&members)?;
    members.insert(1, Member { node: node(&places[1], Cookie::AtHome)?, watch });
    members[1].watch.complains("attached again to ")?;
    meshed(&members)?;

    // A pod ends: first what watches, then the node, then all else, and then its entry.
    let gone = members.pop().ok_or_else(|| Trouble::new("nobody"))?;
    let name = gone.node.name().to_owned();
    let place = places.pop().ok_or_else(|| Trouble::new("nowhere"))?;
    gone.watch.stop()?;
    gone.node.kill();
    let pod = place.pod();
    drop(place);
    Kubelet::of(&lab)?.remove(pod.name())?;
    for member in &members {
        member.watch.tells("left", &name)?;
    }
    meshed(&members)?;
    for (member, lost) in members.iter().zip([vec![restarted, name.clone()], vec![name]]) {
        eventually("both have seen it go", LIMIT, || Ok((member.node.lost()? == lost).then_some(())))
            .map_err(|trouble| Trouble::new(format!("{trouble}: {lost:?}, not {:?}", member.node.seen().ok())))?;
    }
    stop(members)
}
