//! What a state comes to when nothing goes wrong any more: M2, M4 and M6.

use std::sync::Arc;
use std::time::Duration;

use quorate_core::machine::Machine as _;
use quorate_core::membership::{Member, Standing};

use super::server::self_name;
use super::world::State;

/// Nothing waits for longer: the idle limit, then the longest pauses.
const SETTLING: Duration = Duration::from_secs(240);

/// What is wrong in the end, if anything is.
pub(crate) fn fault(state: &State) -> Option<String> {
    let mut state = state.clone();
    let end = state.now.saturating_add(SETTLING);
    state.carry(true, true);
    while state.deadline().is_some_and(|at| at <= end) {
        state.wake();
        state.carry(true, true);
    }
    let found = state.witness.broken.clone().or_else(|| view(&mut state)).or_else(|| links(&mut state));
    let found = found.or_else(|| memory(&state));
    found.map(|why| format!("{why}\n{}", state.membership.explain(state.clock())))
}

/// M4: it is the server's, by a function of its objects; so watching and polling end alike.
fn view(state: &mut State) -> Option<String> {
    if *state.membership.standing() != Standing::Live {
        return Some("it is not live".to_owned());
    }
    let line = |member: &Member| {
        let Member { name, address, state, pod, .. } = member;
        format!("{name} {address} {state} {:?}", pod.as_ref().map(|pod| &pod.uid))
    };
    let mut server = Arc::unwrap_or_clone(state.server.clone());
    let there: Vec<_> = server.view(state.clock()).values().map(|member| line(member)).collect();
    let seen: Vec<_> = state.membership.members().values().map(|member| line(member)).collect();
    (seen != there).then(|| format!("M4: {seen:?} should be {there:?}"))
}

/// M2
fn links(state: &mut State) -> Option<String> {
    let links = &state.connector.links;
    for member in state.membership.members().values().filter(|member| member.admitted) {
        let name = member.name.as_str();
        let is_right = links.get(name).map(|to| to.as_ref().is_none_or(|to| *to == member.identity()));
        if is_right != Some(true) && name != self_name() {
            return Some(format!("M2: {name} is admitted: {:?}", links.get(name)));
        }
    }
    // Whoever made the link. One that nobody told us of before its peer left is a stranger's.
    let is_left_over = |name: &str| {
        let is_member = state.membership.members().contains_key(name);
        let is_ours = state.witness.ours.contains(name) || links[name].is_some();
        is_ours && !is_member && name != self_name()
    };
    let left_over = links.keys().find(|name| is_left_over(name));
    left_over.map(|name| format!("M2: {name} is connected, and no member"))
}

/// M6: nothing is kept of those who have gone.
fn memory(state: &State) -> Option<String> {
    let kept = format!("{:?}", state.membership);
    let uids =
        kept.split("uid-").skip(1).map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default());
    let departed = uids.map(|number| format!("uid-{number}")).find(|uid| !state.server.has_uid(uid));
    departed.map(|uid| format!("M6: {uid} has departed, and is remembered"))
}
