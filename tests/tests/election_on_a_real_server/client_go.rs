//! Candidates of client-go's leader election on the same Lease.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use quorate_tests::client_go::ClientGo;
use quorate_tests::eventually::eventually;
use quorate_tests::trouble::Trouble;

use crate::arena::{Arena, Candidate, LEASE, Pace, SLACK, Temper};

const FLAGS: [&str; 6] = ["-lease-duration", "4s", "-renew-deadline", "2s", "-retry-period", "500ms"];

fn start(arena: &Arena, identity: &str) -> Result<ClientGo, Trouble> {
    let flags = [&["-namespace", arena.lab.namespace(), "-lease", LEASE][..], &FLAGS].concat();
    ClientGo::start(&arena.lab.kubeconfig(), identity, &flags)
}

fn await_leading(rival: &ClientGo, limit: Duration) -> Result<Timestamp, Trouble> {
    eventually("client-go's candidate leads", limit, || rival.last("leading"))
}

/// When our last work was gone, on the wall clock that client-go's candidate writes.
fn ended(arena: &Arena, candidate: &Candidate) -> Result<Timestamp, Trouble> {
    let ended = arena.await_end(candidate, Duration::from_secs(1))?.ended.unwrap_or_else(Instant::now);
    Ok(Timestamp::now() - ended.elapsed())
}

pub(crate) fn a_release_of_either_is_taken_by_the_other_without_overlap() -> Result<(), Trouble> {
    let arena = Arena::new("go-release", Pace::BesideClientGo)?;
    let rival = start(&arena, "go")?;
    await_leading(&rival, Duration::from_secs(20))?;
    let ours = arena.candidate("a", Temper::Obedient)?;
    std::thread::sleep(Duration::from_secs(1));
    assert!(!ours.guard.is_leading() && ours.elector.holder().as_deref() == Some("go"));
    // It releases with "" and stops; we take it from there.
    rival.terminate()?;
    arena.await_leading(arena.config().jitter() + SLACK, &ours)?;

    let rival = start(&arena, "go-again")?;
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(rival.last("leading")?, None);
    arena.shut_down(&ours);
    // It looks every retry period, and believes a released record for its one second.
    let led = await_leading(&rival, Duration::from_secs(3))?;
    assert!(ended(&arena, &ours)? < led, "E1: it led before our work was gone");
    arena.finish()
}

pub(crate) fn a_crash_of_either_is_taken_over_after_the_duration_without_overlap() -> Result<(), Trouble> {
    let arena = Arena::new("go-crash", Pace::BesideClientGo)?;
    let rival = start(&arena, "go")?;
    await_leading(&rival, Duration::from_secs(20))?;
    let ours = arena.candidate("a", Temper::Stubborn)?;
    std::thread::sleep(Duration::from_secs(1));
    drop(rival);
    let crashed_at = Instant::now();
    arena.await_leading(arena.config().worst_failover() + SLACK, &ours)?;
    assert!(crashed_at.elapsed() + arena.config().longest_pause() + SLACK >= arena.config().options().lease_duration);

    let rival = start(&arena, "go-again")?;
    std::thread::sleep(Duration::from_secs(1));
    // Cut off, with work that does not stop: it must be gone before client-go's candidate leads.
    ours.proxy.silence();
    let led = await_leading(&rival, Duration::from_secs(8))?;
    assert!(ended(&arena, &ours)? < led, "E1: it led before our work was gone");
    ours.proxy.open();
    std::thread::sleep(Duration::from_secs(1));
    assert!(!ours.guard.is_leading() && rival.last("stopped")?.is_none());
    arena.finish()
}
