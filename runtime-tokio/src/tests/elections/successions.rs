//! Several candidates: who leads next, and when.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::{LONG, Lab, eventually};
use crate::Shutdown;

#[tokio::test(start_paused = true)]
async fn after_a_release_the_next_leads_at_once() {
    let lab = Lab::new();
    let (first, _) = lab.leader("a").await;
    let (second, _) = lab.candidate("b");
    sleep(LONG).await;
    assert!(!second.guard().is_leading());
    assert!(second.holder().is_some_and(|holder| holder.starts_with("a_")));
    assert_eq!(first.shutdown().await, Shutdown::Released);
    let released = lab.last("a releases");
    eventually(|| second.guard().is_leading()).await;
    // The jitter, and a few exchanges.
    assert!(lab.now() - released < 410, "{}", lab.now() - released);
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_the_next_leads_at_the_expiry() {
    let lab = Lab::new();
    let (first, _) = lab.leader("a").await;
    let (second, _) = lab.candidate("b");
    let first_term = first.guard().token();
    sleep(LONG).await;
    drop(first);
    let written = lab.last("a renews");
    eventually(|| second.guard().is_leading()).await;
    let took = lab.now() - written;
    assert!((15_000..15_410).contains(&took), "{took}");
    assert!(second.guard().token() > first_term, "E4");
    assert_eq!(lab.story(), ["a wins", "b wins"]);
}

#[tokio::test(start_paused = true)]
async fn no_two_guards_lead_at_once_while_lines_come_and_go() {
    let lab = Lab::new();
    let candidates: Vec<_> = ["a", "b", "c"].map(|name| lab.candidate(name)).into();
    let guards: Vec<_> = candidates.iter().map(|(elector, _)| elector.guard()).collect();
    let lines = async {
        for round in 0..60 {
            sleep(Duration::from_millis(7300)).await;
            for (number, (elector, line)) in candidates.iter().enumerate() {
                match (round * 7 + number * 5) % 4 {
                    0 => line.cut(),
                    1 => elector.step_down(),
                    2 => elector.stand(),
                    _ => line.mend(),
                }
            }
        }
    };
    let mut lines = std::pin::pin!(lines);
    let (mut led, mut last) = (0, None);
    while timeout(Duration::from_millis(3), lines.as_mut()).await.is_err() {
        let tokens: Vec<_> = guards.iter().filter_map(crate::Guard::token).collect();
        assert!(tokens.len() < 2, "E1: {tokens:?}");
        if let Some(token) = tokens.into_iter().next() {
            assert!(last.as_ref().is_none_or(|last| *last <= token), "E4");
            led += usize::from(last.as_ref() != Some(&token));
            last = Some(token);
        }
    }
    assert!(led > 5, "{led} terms: {:?}", lab.story());
}
