//! What an election costs the server, by its audit log.

use std::thread::sleep;
use std::time::Duration;

use jiff::Timestamp;
use quorate_tests::api_server::{ApiServer, AuditEntry};
use quorate_tests::lab::Lab;
use quorate_tests::trouble::Trouble;

use crate::arena::{Arena, Pace, Temper};

const STANDBYS: [&str; 10] = ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9"];

/// How long is looked.
const WINDOW: Duration = Duration::from_secs(10);

pub(crate) fn a_quiet_election_costs_one_write_a_retry_period_and_nothing_for_ten_standbys() -> Result<(), Trouble> {
    let arena = Arena::new("quiet-election", Pace::Short)?;
    let leader = arena.candidate("leader", Temper::Obedient)?;
    arena.await_leading(Duration::from_secs(2), &leader)?;
    let stand_by = Lab::without_rights(&ApiServer::shared()?, "standbys")?;
    arena.lab.grant_to(
        &stand_by,
        "- {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, watch, create, update]}",
    )?;
    let standbys = STANDBYS
        .map(|name| arena.candidate_of(&stand_by, name, Temper::Obedient))
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    sleep(Duration::from_secs(3));
    let from = Timestamp::now();
    sleep(WINDOW);
    let until = Timestamp::now();
    arena.check_unchanged(&leader);
    assert!(standbys.iter().all(|standby| !standby.guard.is_leading()));

    let log = arena.lab.server().audit()?;
    let of = |user: &str| -> Result<Vec<AuditEntry>, Trouble> {
        let mut found = Vec::new();
        for entry in log.iter().filter(|entry| entry.user == user) {
            if (from..until).contains(&entry.time.parse::<Timestamp>()?) {
                found.push(entry.clone());
            }
        }
        Ok(found)
    };
    let writes = of(&arena.lab.user())?;
    let (retry, longest) = (arena.config().options().retry_period, arena.config().longest_pause());
    let (least, most) =
        (WINDOW.as_secs_f64() / longest.as_secs_f64() - 2.0, WINDOW.as_secs_f64() / retry.as_secs_f64() + 2.0);
    println!("the leader: {} writes in {WINDOW:?}", writes.len());
    assert!(writes.iter().all(|entry| entry.verb == "update" && entry.status == 200), "{writes:#?}");
    assert!((least..most).contains(&(writes.len() as f64)), "{}", writes.len());
    // A renewal each half second is heard by the watch long before silence calls for a read.
    let others = of(&stand_by.user())?;
    println!("ten standbys: {} requests in {WINDOW:?}", others.len());
    assert!(others.iter().all(|entry| ["get", "watch"].contains(&&*entry.verb)), "{others:#?}");
    assert!(others.len() <= 2, "{others:#?}");
    arena.finish()
}
