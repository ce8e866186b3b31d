//! What an application under test is told, and in which order.

use std::collections::BTreeMap;
use std::time::Duration;

use quorate_core::election::FencingToken;
use quorate_core::testing::simulation::{Application, Fault, Plan, Planned, Simulation};

/// How far the work of a term has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Working,
    Stopping,
    Ended,
}

/// Work begins once, is told to stop at most once, ends once, and then nothing more is heard of it.
#[derive(Default)]
struct Orderly {
    works: BTreeMap<FencingToken, Stage>,
    killed: usize,
    wrong: Option<String>,
}

impl Orderly {
    fn enter(&mut self, token: &FencingToken, stage: Stage, from: &[Option<Stage>]) {
        let before = self.works.insert(token.clone(), stage);
        if !from.contains(&before) {
            self.wrong = Some(format!("the work of term {token} is {stage:?} after it was {before:?}"));
        }
    }
}

impl Application for Orderly {
    fn start_work(&mut self, _: usize, token: &FencingToken, _: Duration) {
        self.enter(token, Stage::Working, &[None]);
    }

    fn stop_work(&mut self, _: usize, token: &FencingToken, _: Duration) {
        self.enter(token, Stage::Stopping, &[Some(Stage::Working)]);
    }

    fn work_ended(&mut self, _: usize, token: &FencingToken, is_killed: bool, _: Duration) {
        self.killed += usize::from(is_killed);
        self.enter(token, Stage::Ended, &[Some(Stage::Working), Some(Stage::Stopping)]);
    }

    fn check(&self) -> Result<(), String> {
        self.wrong.clone().map_or(Ok(()), Err)
    }
}

#[test]
fn work_that_has_ended_is_not_told_to_stop() {
    let pauses = (0..4).flat_map(|round| (0..3).map(move |node| (round * 3 + node, node)));
    let faults = pauses.map(|(number, node)| {
        let fault = Fault::Pause { node: usize::try_from(node).unwrap(), for_ms: 25_000 };
        Planned::new(30_000 + 30_000 * number, fault)
    });
    let plan = Plan { nodes: 3, faults: faults.collect(), ..Plan::default() };
    let mut simulation = Simulation::with(plan, Orderly::default()).unwrap();
    simulation.run().unwrap();
    assert!(simulation.application().killed > 0);
}
