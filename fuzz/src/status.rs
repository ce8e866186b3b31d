//! `api::status::message`: what an error's body says, fit to be shown to people whatever a proxy put into it.

use quorate_core::api::status;

use crate::line::assert_is_short_line;

pub fn run(body: &[u8]) {
    assert_is_short_line(&status::message(body));
}
