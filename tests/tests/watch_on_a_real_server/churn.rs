//! Pods that never rest, and what is left when they do.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use quorate_tests::api_server::ApiServer;
use quorate_tests::eventually::eventually;
use quorate_tests::lab::{Kubelet, Lab, Pod};
use quorate_tests::trouble::Trouble;
use quorate_tests::watching::Watching;
use serde_json::Value;

const PODS: u8 = 50;
/// How many seconds they change for, unless `QUORATE_CHURN_SECONDS` says.
const SECONDS: u64 = 15;
/// From one change to the next.
const PACE: Duration = Duration::from_millis(40);
const LIMIT: Duration = Duration::from_secs(30);

/// From what, and how it is followed.
const WAYS: [(&str, &[&str]); 3] =
    [("endpointslices", &[]), ("pods", &[]), ("endpointslices", &["--poll-interval", "1s"])];

pub(crate) fn when_fifty_pods_come_to_rest_the_events_add_up_to_the_servers_own_list() -> Result<(), Trouble> {
    let seconds = std::env::var("QUORATE_CHURN_SECONDS").ok();
    let seconds = seconds.map_or(Ok(SECONDS), |seconds| seconds.parse().map_err(Trouble::during(&seconds)))?;
    let lab = Lab::new(&ApiServer::shared()?, "churn")?;
    let mut slots: Vec<_> = (0..PODS).map(Slot::new).collect();
    lab.serve("web", &slots.iter().map(Slot::pod).collect::<Vec<_>>())?;
    let mut all = Vec::new();
    for (source, more) in WAYS {
        let arguments = ["--service", "web", "--source", source];
        all.push((source, Watching::start(&lab, &[&arguments, more].concat())?));
    }

    let (kubelet, mut chance) = (Kubelet::of(&lab)?, Chance(1));
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        let index = chance.below(slots.len());
        if let Some(slot) = slots.get_mut(index) {
            slot.change(&kubelet, &mut chance)?;
        }
        thread::sleep(PACE);
    }

    for (source, mut watching) in all {
        let (mut told, mut listed) = (BTreeSet::new(), BTreeSet::new());
        let agreed = eventually("the events add up to the list", LIMIT, || {
            let json = lab.json(&["--service", "web", "--source", source, "--include", "any"])?;
            let members = json.pointer("/members").and_then(Value::as_array).into_iter().flatten();
            listed = members.map(identity).collect();
            told = watching.members()?.values().map(|event| identity(event.value())).collect();
            Ok((told == listed).then_some(()))
        });
        agreed.map_err(|trouble| {
            let only = |one: &BTreeSet<_>, other| one.difference(other).cloned().collect::<Vec<Member>>();
            watching.trouble(format!(
                "{source}: {trouble}\nonly told: {:?}\nonly listed: {:?}",
                only(&told, &listed),
                only(&listed, &told)
            ))
        })?;
        watching.finish()?;
    }
    Ok(())
}

type Member = [String; 4];

/// Of a member as it is told and as it is listed.
fn identity(member: &Value) -> Member {
    ["name", "uid", "pod", "state"].map(|field| member[field].as_str().unwrap_or_default().to_owned())
}

/// A place for one pod at a time.
struct Slot {
    index: u8,
    address: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    NotReady,
    /// Terminating or failed.
    Ending,
    Absent,
}

impl Slot {
    const fn new(index: u8) -> Self {
        Self { index, address: 1, state: State::Ready }
    }

    fn pod(&self) -> Pod {
        let pod = Pod::ready(&format!("web-{}", self.index), &[&format!("10.3.{}.{}", self.index, self.address)]);
        if self.state == State::NotReady { pod.not_ready() } else { pod }
    }

    /// One turn in a pod's life.
    fn change(&mut self, kubelet: &Kubelet, chance: &mut Chance) -> Result<(), Trouble> {
        let pod = self.pod();
        self.state = match (self.state, chance.below(10)) {
            (State::Absent, _) => {
                // Now and then the address that it had.
                self.address = chance.below(3) + 1;
                self.state = if chance.below(3) > 0 { State::Ready } else { State::NotReady };
                kubelet.run("web", &self.pod())?;
                self.state
            }
            (State::Ending, _) | (_, 0) => {
                kubelet.remove(pod.name())?;
                State::Absent
            }
            (_, 1) => {
                kubelet.terminate(pod.name())?;
                State::Ending
            }
            (_, 2) => {
                kubelet.report(&pod.in_phase("Failed"))?;
                State::Ending
            }
            (state, 3) => {
                self.address = chance.below(3) + 1;
                kubelet.report(&self.pod())?;
                state
            }
            (State::Ready, _) => {
                kubelet.report(&pod.not_ready())?;
                State::NotReady
            }
            (State::NotReady, _) => {
                self.state = State::Ready;
                kubelet.report(&self.pod())?;
                State::Ready
            }
        };
        Ok(())
    }
}

/// Numbers by chance, the same in every run: splitmix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or_default() % limit
    }
}
