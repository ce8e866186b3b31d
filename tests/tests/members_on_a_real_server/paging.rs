//! Lists of several pages.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use quorate_core::api::{Failure, FailureKind, Request, Sent};
use quorate_core::membership::Source;
use quorate_core::membership::listing::{Event, ListingOptions};
use quorate_runtime_tokio::{Answer, Transport};
use quorate_tests::api_server::{ApiServer, AuditEntry};
use quorate_tests::eventually::eventually;
use quorate_tests::lab::{Lab, Pod};
use quorate_tests::trouble::Trouble;
use quorate_transport_hyper::Client;
use serde_json::json;

use crate::in_process;

const FIVE: [&str; 5] = ["10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.5"];

/// The lists that the lab's user has asked for, once there are so many.
fn lists(lab: &Lab, count: usize) -> Result<Vec<AuditEntry>, Trouble> {
    // The line of the last request may be written after its answer.
    eventually("the audit log has all lists", Duration::from_secs(5), || {
        let entries = lab.server().audit()?.into_iter();
        let lists: Vec<_> = entries.filter(|entry| entry.user == lab.user() && entry.verb == "list").collect();
        Ok((lists.len() >= count).then_some(lists))
    })
}

pub(crate) fn a_small_page_limit_reads_all_pages() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "pages")?;
    lab.serve("web", &Pod::stateful_set("web", 5))?;
    let options = in_process::options(&lab, "app=web")?;
    let config = ListingOptions { source: Source::Pods, page_limit: 2, ..options }.build()?;
    let listed = in_process::list(config, &in_process::client(&lab)?)?;
    assert_eq!(in_process::names(&listed.outcome?), FIVE);
    assert_eq!(listed.events, []);

    let lists = lists(&lab, 3)?;
    assert_eq!(lists.len(), 3, "{lists:?}");
    assert!(lists.iter().all(|list| list.status == 200 && list.uri.contains("limit=2")), "{lists:?}");
    assert!(lists.iter().all(|list| !list.uri.contains("resourceVersion")), "{lists:?}");
    let continued: Vec<_> = lists.iter().map(|list| list.uri.contains("continue=")).collect();
    assert_eq!(continued, [false, true, true]);
    Ok(())
}

/// 501 slices, one more than a page takes, each with one endpoint.
pub(crate) fn the_command_reads_more_than_one_page() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "many")?;
    let slices: Vec<_> = (0..501_u32)
        .map(|index| {
            json!({
                "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
                "metadata": {"namespace": "many", "name": format!("many-{index}"), "labels": {"app": "many"}},
                "addressType": "IPv4",
                "endpoints": [{"addresses": [format!("10.3.{}.{}", index / 250, index % 250 + 1)]}],
            })
        })
        .collect();
    lab.server().create(&slices)?;
    assert_eq!(lab.names(&["-l", "app=many"])?.len(), 501);
    assert_eq!(lists(&lab, 2)?.len(), 2);
    Ok(())
}

/// A token expires after five minutes for real. Here history is forgotten right after the first page.
pub(crate) fn an_expired_continue_token_begins_the_list_again() -> Result<(), Trouble> {
    // Without this the server answers from its snapshots, for a while.
    let lab = Lab::new(&ApiServer::start(&["--feature-gates=ListFromCacheSnapshot=false"])?, "expired")?;
    lab.serve("web", &Pod::stateful_set("web", 5))?;
    let options = in_process::options(&lab, "app=web")?;
    let config = ListingOptions { source: Source::Pods, page_limit: 2, ..options }.build()?;
    let transport = ForgetfulServer { client: in_process::client(&lab)?, lab: &lab, sent: AtomicUsize::new(0) };
    let listed = in_process::list(config, &transport)?;

    // One state of the cluster, the newer one: without the pod that went between the pages.
    assert_eq!(in_process::names(&listed.outcome?), ["10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.5"]);
    assert_eq!(listed.events, [Event::Restarted]);
    let statuses: Vec<_> = lists(&lab, 4)?.iter().map(|list| (list.status, list.uri.contains("continue="))).collect();
    assert_eq!(statuses, [(200, false), (410, true), (200, false), (200, true)]);
    Ok(())
}

/// Something changes after the first page, and the server forgets what was before.
struct ForgetfulServer<'a> {
    client: Client,
    lab: &'a Lab,
    sent: AtomicUsize,
}

impl ForgetfulServer<'_> {
    fn forget(&self) -> Result<(), Trouble> {
        self.lab.kubectl(&["delete", "pod", "web-0", "--force", "--grace-period", "0"])?;
        self.lab.server().compact()
    }
}

#[async_trait]
impl Transport for ForgetfulServer<'_> {
    async fn send(&self, request: Request) -> Result<Box<dyn Answer>, Failure> {
        if self.sent.fetch_add(1, Ordering::Relaxed) == 1 {
            // It blocks, but there is nothing else to do meanwhile.
            let failed = |trouble: Trouble| Failure {
                sent: Sent::No,
                kind: FailureKind::Untrusted,
                message: trouble.to_string(),
            };
            self.forget().map_err(failed)?;
        }
        Transport::send(&self.client, request).await
    }
}
