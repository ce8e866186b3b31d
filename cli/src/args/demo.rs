//! The flags of `quorate demo`.

use clap::Args;

/// See it all work, in about 20 seconds, with nothing but this program
///
/// A development server, five members that are followed and linked, and three candidates of which one at a time runs a command:
/// members come and go, one drains, readiness flaps, the API goes away, the leader hands over, and is killed. They are the same
/// processes as in real use. What is printed tells what happens as it happens, and at the end what was measured.
///
/// Exit codes: 0 all went as it should; 1 it did not; 130 it was interrupted.
#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// Play the command that the candidates run
    #[arg(long, hide = true)]
    pub(crate) work: bool,
}
