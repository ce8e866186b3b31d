//! What a membership traces.

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tracing::subscriber::{DefaultGuard, NoSubscriber, set_default};
use tracing::{Dispatch, Level};

use super::api::{Api, config, pod};
use crate::MembershipHandle;

/// What was traced.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Takes in what is traced at this level and above in this thread, until the guard is dropped.
    pub(super) fn subscribe(&self, level: Level) -> DefaultGuard {
        // With one subscriber alone, whatever another test's thread reaches for the first time is never heard by anybody.
        static OTHERS: OnceLock<[Dispatch; 2]> = OnceLock::new();
        OTHERS.get_or_init(|| [NoSubscriber::new(), NoSubscriber::new()].map(Dispatch::new));
        let writer = self.clone();
        let subscriber = tracing_subscriber::fmt().with_max_level(level).with_ansi(false).without_time();
        set_default(subscriber.with_writer(move || writer.clone()).finish())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn traced(level: Level) -> String {
    let log = Log::default();
    let _guard = log.subscribe(level);
    let api = Api::new();
    api.put([pod(0)]);
    let membership = MembershipHandle::start(config(), api.clone());
    membership.synced().await.unwrap();
    api.with(|api, _| api.overload(Some(1)));
    api.cut_watches();
    tokio::time::sleep(Duration::from_secs(60)).await;
    membership.shutdown().await;
    log.text()
}

#[tokio::test(start_paused = true)]
async fn events_have_the_level_of_their_severity_and_fields_to_search_by() {
    let log = traced(Level::INFO).await;
    let joined = r#"INFO membership{selector=app=web}: quorate::membership: 10.0.0.1 joined (ready) kind="joined" member=10.0.0.1 address=10.0.0.1 pod="web-0""#;
    assert!(log.lines().any(|line| line.trim() == joined), "{log}");
    assert!(!log.contains("DEBUG"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn warnings_alone_still_say_whose_they_are() {
    let log = traced(Level::WARN).await;
    assert!(log.lines().all(|line| line.trim().starts_with("WARN membership{selector=app=web}")), "{log}");
    assert!(log.contains("degraded"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn exchanges_are_traced_for_those_who_look_for_a_fault() {
    let log = traced(Level::DEBUG).await;
    assert!(
        log.contains(r#"send id=#1 method="GET" target="/api/v1/pods?labelSelector=app%3Dweb&limit=500""#),
        "{log}"
    );
    assert!(log.contains("answer id=#1 status=200") && log.contains("answer id=#3 status=429"), "{log}");
}
