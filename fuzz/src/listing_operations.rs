//! The listing machine under any sequence of inputs, in any order, at any time.

mod answer;
mod host;
mod script;

use arbitrary::{Arbitrary as _, Unstructured};

use host::{Host, Trace};
use script::Script;

pub fn run(data: &[u8]) {
    let Ok(script) = Script::arbitrary_take_rest(Unstructured::new(data)) else { return };
    assert_eq!(play(&script), play(&script), "the same inputs give the same actions");
}

fn play(script: &Script<'_>) -> Option<Trace> {
    let mut host = Host::new(script.options().build().ok()?);
    script.operations.iter().for_each(|operation| operation.play(&mut host));
    Some(host.trace())
}
