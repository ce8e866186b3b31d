//! Signals for the command.

use rustix::process::Signal;

use super::server::Server;

#[test]
fn signals_that_mean_nothing_to_us_are_the_commands() {
    let server = Server::new();
    let traps = "for s in HUP QUIT USR1 USR2 WINCH; do trap \"echo got $s\" $s; done; trap 'exit 0' TERM";
    let leader = server.run(&[], &format!("{traps}; echo ready; while :; do sleep 0.05; done"));
    leader.until_said("ready");
    for (signal, name) in [
        (Signal::HUP, "HUP"),
        (Signal::QUIT, "QUIT"),
        (Signal::USR1, "USR1"),
        (Signal::USR2, "USR2"),
        (Signal::WINCH, "WINCH"),
    ] {
        leader.signal(signal);
        leader.until_said(&format!("got {name}\n"));
    }
    assert_eq!(leader.terminate().code, Some(0));
}

#[test]
fn a_second_signal_to_end_goes_to_the_command_and_ends_no_grace() {
    let server = Server::new();
    let script = "trap 'echo TERM' TERM; trap 'echo INT; exit 6' INT; echo ready; while :; do sleep 0.05; done";
    let leader = server.run(&[], script);
    leader.until_said("ready");
    leader.signal(Signal::TERM);
    leader.until_said("TERM\n");
    leader.signal(Signal::TERM);
    leader.until_said("TERM\nTERM\n");
    leader.signal(Signal::INT);
    let ended = leader.end();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(6), "ready\nTERM\nTERM\nINT\n"));
    assert!(server.is_free());
}

#[test]
fn those_in_its_group_get_them_as_well() {
    let server = Server::new();
    let script = "sh -c 'trap \"echo child; exit\" TERM; echo ready; while :; do sleep 0.05; done' & \
        trap 'wait; exit 3' TERM; wait; wait";
    let leader = server.run(&[], script);
    leader.until_said("ready");
    let ended = leader.terminate();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), "ready\nchild\n"));
}
