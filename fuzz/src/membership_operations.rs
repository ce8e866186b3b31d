//! The membership machine under any sequence of inputs, held against a naive account of who is there and who is connected.
//!
//! The account ([`reference`]) is made of the log alone: what was received, what was ordered, what was reported. It keeps all
//! objects as they are, makes the whole view anew after each call, and asks of each order what allows it.

mod answer;
mod belief;
mod connector;
mod evidence;
mod host;
mod memory;
mod reference;
mod removals;
mod script;
mod server;
mod settings;
mod settling;
mod view;

use arbitrary::{Arbitrary as _, Unstructured};

use host::{Host, Trace};
use script::{MOST_OPERATIONS, Script, settles};

pub fn run(data: &[u8]) {
    let Ok(script) = Script::arbitrary_take_rest(Unstructured::new(data)) else { return };
    assert_eq!(play(&script, true), play(&script, false), "the same inputs give the same actions, to a copy as well");
}

fn play(script: &Script<'_>, is_judged: bool) -> Option<Trace> {
    let (options, links) = (script.settings.options().build().ok()?, script.settings.links().build().ok()?);
    let mut host = Host::new(options, links, is_judged);
    for operation in script.operations(MOST_OPERATIONS) {
        operation.play(&mut host);
        host.check_description();
    }
    Some(host.end(settles(script)))
}
