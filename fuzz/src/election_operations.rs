//! The election machine under any sequence of inputs, held against a naive account of what a candidate may do.
//!
//! The account ([`reference`]) never asks the machine what it thinks: it reads the log of all that was fed and of all that was
//! ordered, and restates for each action the rule that allows it.

mod answer;
mod guard;
mod host;
mod lease;
mod log;
mod observed;
mod reference;
mod script;
mod server;
mod settings;
mod settling;
mod waiting;
mod writing;

use arbitrary::{Arbitrary as _, Unstructured};

use host::{Host, Trace};
use script::{Ending, MOST_OPERATIONS, Script};

pub fn run(data: &[u8]) {
    let Ok(script) = Script::arbitrary_take_rest(Unstructured::new(data)) else { return };
    assert_eq!(play(&script, true), play(&script, false), "the same inputs give the same actions, to a copy as well");
}

fn play(script: &Script<'_>, is_judged: bool) -> Option<Trace> {
    let mut host = Host::new(script.settings.options().build().ok()?, is_judged);
    for operation in script.operations(MOST_OPERATIONS) {
        operation.play(&mut host);
        host.check_description();
    }
    Some(host.end(Ending::of(script)))
}
