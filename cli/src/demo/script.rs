//! The play.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::time::Duration;

use rustix::process::Signal;
use tokio::sync::mpsc;

use super::cast::Player;
use super::feed::{Feed, Told};
use super::stage::{self, Stage};
use super::tally::Tally;
use super::timeline::Timeline;

/// How long anything may take before the play is given up.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long to look for what must not happen.
const CALM: Duration = Duration::from_millis(1200);
const OUTAGE_MILLISECONDS: u64 = 1500;

/// Plays it to the end, and tells what was measured.
pub(super) async fn play() -> Result<(), String> {
    let failed = |error: std::io::Error| error.to_string();
    let stage = Stage::set().await.map_err(failed)?;
    let (feed, told) = Feed::new();
    let mut play = Play { timeline: Timeline::begin(), tally: Tally::default(), told };

    play.timeline.scene("Five pods of a Service, followed and linked by `quorate watch` beside the first of them");
    for number in 0..5 {
        stage.add_pod(number).map_err(failed)?;
    }
    let _watch = Player::watch(&stage, &feed).map_err(failed)?;
    play.until_linked(&[1, 2, 3, 4]).await?;

    play.timeline.scene("Three candidates: `quorate elect worker` runs a command on one of them at a time");
    let mut candidates = Vec::new();
    for number in 0..3 {
        candidates.push(Player::candidate(&stage, &feed, number).map_err(failed)?);
    }
    play.until("a leader", |tally| tally.work.len() == 1).await?;

    play.timeline.scene("A pod joins, another one is deleted");
    stage.add_pod(5).map_err(failed)?;
    stage.delete_pod(1, 0).map_err(failed)?;
    play.until_linked(&[2, 3, 4, 5]).await?;

    play.timeline.scene("A pod drains: it stays linked until it is gone");
    stage.delete_pod(2, 2).map_err(failed)?;
    play.until_linked(&[3, 4, 5]).await?;

    play.timeline.scene("No pod is ready any more, and then all are again: nobody is disconnected");
    play.tally.is_calm = true;
    for ready in [false, true] {
        for number in [0, 3, 4, 5] {
            stage.set_ready(number, ready).map_err(failed)?;
        }
        play.watch_for(CALM).await?;
    }

    play.timeline.scene("The API goes away for a while: nobody is disconnected, and the leader leads on");
    let terms = play.tally.terms;
    stage.api_goes_away(OUTAGE_MILLISECONDS);
    play.until("the outage to be noticed", |tally| !tally.is_live).await?;
    play.until("the view to be current again", |tally| tally.is_live).await?;
    play.watch_for(CALM).await?;
    let kept_leading = play.tally.terms == terms && play.tally.losses == 0;
    play.tally.is_calm = false;

    play.timeline.scene("SIGTERM for the leader: its work ends, it releases the Lease, another one takes over");
    let leader = play.leader()?;
    signal(&candidates, leader, Signal::TERM)?;
    play.until("the hand-over", |tally| tally.work.len() == 2).await?;
    let hand_over = play.tally.last_gap();

    play.timeline
        .scene("SIGKILL for the leader: its keeper ends the work, another one takes over when the Lease expires");
    let leader = play.leader()?;
    signal(&candidates, leader, Signal::KILL)?;
    let last_renewal = play.tally.last_renewal;
    play.until("the take-over", |tally| tally.work.len() == 3).await?;
    let take_over = play.tally.last_began().map(|began| began - last_renewal);
    play.watch_for(Duration::from_millis(300)).await?;

    play.timeline.scene("What was measured");
    close(&play.tally, kept_leading, hand_over, take_over)
}

struct Play {
    timeline: Timeline,
    tally: Tally,
    told: mpsc::UnboundedReceiver<Told>,
}

impl Play {
    async fn until_linked(&mut self, numbers: &[u8]) -> Result<(), String> {
        let wanted: BTreeSet<_> = numbers.iter().map(|number| stage::name(*number)).collect();
        self.until("the links", |tally| tally.linked == wanted).await
    }

    /// Shows what happens until the tally is as it should be.
    async fn until(&mut self, what: &str, is_so: impl Fn(&Tally) -> bool) -> Result<(), String> {
        let waiting = async {
            while !is_so(&self.tally) {
                let Some(told) = self.told.recv().await else { break };
                // Why the view is not current changes as an outage goes on.
                if told.event() != "degraded" || self.tally.is_live {
                    self.timeline.show(&told);
                }
                self.tally.take(&told);
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .map_err(|_| format!("waited for {what} for {} s in vain", PATIENCE.as_secs()))
    }

    /// Shows what happens for a while.
    async fn watch_for(&mut self, time: Duration) -> Result<(), String> {
        match tokio::time::timeout(time, self.until("", |_| false)).await {
            Ok(ended) => ended,
            Err(_) => Ok(()),
        }
    }

    fn leader(&self) -> Result<u8, String> {
        self.tally.leader.ok_or_else(|| "nobody leads".into())
    }
}

fn signal(candidates: &[Player], number: u8, signal: Signal) -> Result<(), String> {
    let candidate = candidates.get(usize::from(number)).ok_or("there is no such candidate")?;
    candidate.signal(signal).map_err(|error| format!("cannot signal candidate-{number}: {error}"))
}

/// Tells what was measured, and whether it is as it should be.
fn close(tally: &Tally, kept_leading: bool, hand_over: Option<f64>, take_over: Option<f64>) -> Result<(), String> {
    let milliseconds =
        |seconds: Option<f64>| seconds.map_or_else(|| "?".into(), |seconds| format!("{:.0} ms", seconds * 1000.0));
    let rows = [
        ("links made", tally.connects.to_string(), tally.connects == 5),
        ("links ended, each of a pod that was gone", tally.disconnects.to_string(), tally.disconnects == 2),
        (
            "links ended while readiness flapped and the API was away",
            tally.needless_disconnects.to_string(),
            tally.needless_disconnects == 0,
        ),
        ("changes of the leader while the API was away", usize::from(!kept_leading).to_string(), kept_leading),
        ("hand-over, from the old work's end to the new one's start", milliseconds(hand_over), hand_over.is_some()),
        (
            "take-over of a 5 s Lease, from the last renewal to the new work's start",
            milliseconds(take_over),
            take_over.is_some(),
        ),
        ("times that two worked at once", tally.overlaps().to_string(), tally.overlaps() == 0),
        ("fencing tokens that did not grow", usize::from(!tally.tokens_grow()).to_string(), tally.tokens_grow()),
    ];
    let mut out = anstream::stdout().lock();
    for (what, value, _) in &rows {
        writeln!(out, "          {value:>8}  {what}").map_err(|error| error.to_string())?;
    }
    let wrong: Vec<_> = rows.iter().filter(|(.., is_right)| !is_right).map(|(what, ..)| *what).collect();
    if wrong.is_empty() { Ok(()) } else { Err(format!("not as it should be: {}", wrong.join("; "))) }
}
