//! One check in its sizes, and a counterexample in words.

use std::fmt::Write as _;

use quorate_core::machine::Machine as _;
use quorate_core::time::Now;
use quorate_tests::model::{self, Path, Size, Tell};

use super::state::NOW;
use super::world::World;

pub(crate) struct Sizes {
    pub(crate) quick: World,
    pub(crate) usual: World,
}

/// Sees all that can be seen, and panics with what led to a violation.
pub(crate) fn check(name: &str, sizes: Sizes) {
    let world = match Size::chosen() {
        Size::Quick => sizes.quick,
        Size::Usual => sizes.usual,
    };
    model::check(&format!("{name}, {} candidates", world.rates.len()), world);
}

impl Tell for World {
    fn tell(path: &Path<Self>) -> String {
        let now = Now { instant: NOW, ..Now::default() };
        let mut text = String::new();
        let mut happened = None;
        for (state, next) in path {
            writeln!(text, "{happened:?}").unwrap();
            for (index, node) in state.nodes().enumerate() {
                let work = if node.is_working() { "; its work runs" } else { "" };
                writeln!(text, "    {index}: {}{work}", node.election.explain(now)).unwrap();
            }
            happened = *next;
        }
        text
    }
}
