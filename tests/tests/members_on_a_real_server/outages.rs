//! Servers that are down, or on their way up.

use std::time::Duration;

use quorate_tests::api_server::{Announce, ApiServer};
use quorate_tests::lab::{Lab, Pod};
use quorate_tests::trouble::Trouble;

use crate::sources::SOURCES;

const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn a_server_that_is_down_is_asked_until_the_request_timeout_and_one_that_comes_back_answers()
-> Result<(), Trouble> {
    let server = ApiServer::start(&[])?;
    let lab = Lab::new(&server, "down")?;
    lab.serve("web", &Pod::stateful_set("web", 2))?;
    let url = server.url();
    server.kill()?;

    let gave_up = lab.members(&["--service", "web", "--request-timeout", "1500ms"])?.run()?.with_code(1)?;
    assert_eq!(gave_up.stdout(), "");
    assert!(gave_up.stderr().contains(url), "{gave_up}");
    assert!(gave_up.stderr().contains("no connection"), "{gave_up}");
    assert!(gave_up.stderr().contains("(tried "), "{gave_up}");
    let took = gave_up.took();
    // It gives up when the next attempt would come too late; the upper bound leaves room for a busy machine.
    assert!(took > Duration::from_millis(500) && took < Duration::from_secs(5), "{gave_up}");

    let waiting = lab.members(&["--service", "web", "--request-timeout", "40s", "-v"])?.start()?;
    server.restart(Announce::Ready)?;
    let answered = waiting.finish(LIMIT)?.with_code(0)?;
    assert_eq!(answered.lines(), ["10.1.0.1", "10.1.0.2"]);
    assert!(answered.stderr().contains("trying again in"), "{answered}");
    Ok(())
}

pub(crate) fn a_frozen_server_is_given_up_at_the_request_timeout_and_a_thawed_one_answers() -> Result<(), Trouble> {
    let server = ApiServer::start(&[])?;
    let lab = Lab::new(&server, "frozen")?;
    lab.serve("web", &Pod::stateful_set("web", 2))?;
    server.freeze()?;
    let gave_up = lab.members(&["--service", "web", "--request-timeout", "1s"])?.run()?.with_code(1)?;
    assert_eq!(gave_up.stdout(), "");
    assert!(gave_up.stderr().contains(server.url()), "{gave_up}");
    assert!(gave_up.stderr().contains("no answer in time"), "{gave_up}");
    let took = gave_up.took();
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(4), "{gave_up}");

    let waiting = lab.members(&["--service", "web", "--request-timeout", "40s"])?.start()?;
    server.thaw()?;
    assert_eq!(waiting.finish(LIMIT)?.with_code(0)?.lines(), ["10.1.0.1", "10.1.0.2"]);
    Ok(())
}

/// Of the answers that they get, 16 to 18 in 40 are 403 (audit log, three runs).
pub(crate) fn clients_that_wait_for_a_starting_server_never_get_a_wrong_answer() -> Result<(), Trouble> {
    let server = ApiServer::start(&[])?;
    let lab = Lab::new(&server, "starting")?;
    lab.serve("web", &Pod::stateful_set("web", 3))?;
    for round in 0..2 {
        server.kill()?;
        // The first answers are the ones that may be wrong: some clients wait before the server starts, some for its port.
        let start =
            |source| lab.members(&["--service", "web", "--source", source, "--request-timeout", "40s", "-v"])?.start();
        let mut waiting = SOURCES.map(start).into_iter().collect::<Result<Vec<_>, _>>()?;
        server.restart(Announce::Early)?;
        for source in SOURCES.iter().cycle().take(6) {
            waiting.push(start(source)?);
        }
        for client in waiting {
            let answered = client.finish(LIMIT)?.with_code(0)?;
            assert_eq!(answered.lines(), ["10.1.0.1", "10.1.0.2", "10.1.0.3"], "round {round}: {answered}");
        }
    }
    Ok(())
}
