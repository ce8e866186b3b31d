//! A Lease on the real server, and candidates for it, each with a way of its own to the server.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quorate_core::api::{LeaseName, Method, Namespace, Request};
use quorate_core::election::{ElectionConfig, ElectionOptions};
use quorate_runtime_tokio::{Elector, Guard, Leadership, Shutdown, random_seed};
use quorate_tests::api_server::ApiServer;
use quorate_tests::eventually::eventually;
use quorate_tests::lab::Lab;
use quorate_tests::proxy::Proxy;
use quorate_tests::trouble::Trouble;
use quorate_transport_hyper::{Client, Config};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::log::{Interval, Log, Watcher};

pub(crate) const LEASE: &str = "demo";

/// What a busy machine may add to every time that is promised.
pub(crate) const SLACK: Duration = Duration::from_millis(350);

/// The least time that work takes which heeds what it is told.
const STOPPING: Duration = Duration::from_millis(50);

pub(crate) struct Arena {
    pub(crate) lab: Lab,
    pub(crate) log: Arc<Log>,
    runtime: Runtime,
    watcher: Watcher,
    administrator: Client,
    config: ElectionConfig,
}

/// How patient the candidates are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    Default,
    /// 3 s, 2 s and 0.5 s.
    Short,
    /// 4 s, 2 s and 0.5 s, with a second for what client-go may misjudge.
    BesideClientGo,
}

/// What work does when it is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Temper {
    Obedient,
    /// Nothing.
    Stubborn,
}

impl Arena {
    /// A namespace with an empty Lease in it.
    pub(crate) fn new(namespace: &str, pace: Pace) -> Result<Self, Trouble> {
        let arena = Self::without_lease(namespace, pace)?;
        arena.ship_lease()?;
        Ok(arena)
    }

    pub(crate) fn without_lease(namespace: &str, pace: Pace) -> Result<Self, Trouble> {
        let lab = Lab::without_rights(&ApiServer::shared()?, namespace)?;
        lab.grant("- {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, watch, create, update]}")?;
        let files: [PathBuf; 1] = [lab.server().kubeconfig().to_owned()];
        Ok(Self {
            config: options(namespace, pace, "nobody")?.build()?,
            log: Arc::default(),
            runtime: tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?,
            watcher: Watcher::start(),
            administrator: Client::new(Config::from_kubeconfig(&files, None)?),
            lab,
        })
    }

    /// The Lease that a manifest creates.
    pub(crate) fn ship_lease(&self) -> Result<(), Trouble> {
        let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": LEASE}});
        self.ask(Method::Post, "", "application/json", &lease).map(drop)
    }

    pub(crate) const fn config(&self) -> &ElectionConfig {
        &self.config
    }

    pub(crate) const fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    pub(crate) fn candidate(&self, name: &'static str, temper: Temper) -> Result<Candidate, Trouble> {
        self.candidate_of(&self.lab, name, temper)
    }

    /// One with another lab's service account.
    pub(crate) fn candidate_of(&self, lab: &Lab, name: &'static str, temper: Temper) -> Result<Candidate, Trouble> {
        let proxy = Proxy::to(lab.server().url())?;
        let file = lab.file(&format!("kubeconfig-{name}"));
        let kubeconfig = lab.kubeconfig_of(json!({"tokenFile": lab.token_file()}));
        let files = [kubeconfig.cluster_field("server", json!(proxy.url())).write(file)?];
        let client = Client::new(Config::from_kubeconfig(&files, None)?);
        let options =
            ElectionOptions { identity: name.to_owned(), nonce: random_seed(), ..self.config.options().clone() };
        let config = ElectionOptions { seed: options.nonce, ..options }.build()?;
        let _entered = self.runtime.enter();
        let elector = Arc::new(Elector::start(config, client));
        self.watcher.add(elector.guard());
        let (running, log) = (Arc::clone(&elector), Arc::clone(&self.log));
        let runner = self.runtime.spawn(async move {
            let _ = running.run_while_leading(|leadership| work(Arc::clone(&log), name, temper, leadership)).await;
        });
        Ok(Candidate { name, proxy, guard: elector.guard(), elector, runner })
    }

    /// Ends a candidate as `kill -9` does: nothing that it might yet say arrives.
    pub(crate) fn crash(&self, candidate: Candidate) {
        let Candidate { proxy, elector, runner, .. } = candidate;
        proxy.refuse();
        runner.abort();
        let _ = self.runtime.block_on(runner);
        drop(elector);
    }

    pub(crate) fn shut_down(&self, candidate: &Candidate) -> Shutdown {
        self.runtime.block_on(candidate.elector.shutdown())
    }

    /// The Lease as it is stored.
    pub(crate) fn lease(&self) -> Result<Value, Trouble> {
        Ok(self.ask(Method::Get, LEASE, "", &Value::Null)?.1)
    }

    pub(crate) fn patch(&self, patch: &Value) -> Result<u16, Trouble> {
        Ok(self.ask(Method::Patch, LEASE, "application/merge-patch+json", patch)?.0)
    }

    pub(crate) fn delete_lease(&self) -> Result<u16, Trouble> {
        Ok(self.ask(Method::Delete, LEASE, "", &Value::Null)?.0)
    }

    /// As the administrator, who has a way of his own.
    fn ask(&self, method: Method, name: &str, content_type: &str, body: &Value) -> Result<(u16, Value), Trouble> {
        let namespace = self.lab.namespace();
        let target = format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}");
        let target = target.trim_end_matches('/');
        let body = body.to_string();
        let body = (!content_type.is_empty()).then_some((content_type, body.as_bytes()));
        let request = Request::raw(method, target, body, 1 << 20);
        self.runtime.block_on(async {
            let mut answer = self.administrator.send(&request).await?;
            let mut bytes = Vec::new();
            while let Some(chunk) = answer.chunk().await? {
                bytes.extend_from_slice(&chunk);
            }
            Ok((answer.status(), serde_json::from_slice(&bytes)?))
        })
    }

    /// The first of these that leads; it takes no longer than the limit.
    pub(crate) fn leader<'c>(&self, limit: Duration, candidates: &'c [Candidate]) -> Result<&'c Candidate, Trouble> {
        let end = Instant::now() + limit;
        loop {
            if let Some(leader) = candidates.iter().find(|candidate| candidate.guard.is_leading()) {
                return Ok(leader);
            }
            if Instant::now() > end {
                let explained: Vec<_> = candidates.iter().map(|it| (it.name, it.elector.explain())).collect();
                return Err(Trouble::new(format!("nobody leads within {limit:?}: {explained:?} {:?}", self.lease())));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The same of one.
    pub(crate) fn await_leading(&self, limit: Duration, candidate: &Candidate) -> Result<(), Trouble> {
        self.leader(limit, std::slice::from_ref(candidate)).map(drop)
    }

    /// The last interval of its work, once it has ended.
    pub(crate) fn await_end(&self, candidate: &Candidate, limit: Duration) -> Result<Interval, Trouble> {
        eventually("the work has ended", limit, || {
            Ok(self.log.last_of(candidate.name).filter(|interval| interval.ended.is_some()))
        })
    }

    /// That one led all the time, in one term, and nobody else did.
    pub(crate) fn check_unchanged(&self, leader: &Candidate) {
        assert!(leader.guard.is_leading(), "{}", leader.elector.explain());
        let intervals = self.log.intervals();
        assert!(
            matches!(intervals.as_slice(), [only] if only.who == leader.name && only.told.is_none()),
            "{intervals:#?}"
        );
    }

    /// What every test ends with: E1 and E4.
    pub(crate) fn finish(self) -> Result<(), Trouble> {
        self.watcher.check();
        self.log.check();
        self.runtime.shutdown_background();
        Ok(())
    }
}

pub(crate) struct Candidate {
    pub(crate) name: &'static str,
    pub(crate) proxy: Proxy,
    pub(crate) elector: Arc<Elector>,
    pub(crate) guard: Guard,
    runner: JoinHandle<()>,
}

async fn work(log: Arc<Log>, who: &'static str, temper: Temper, leadership: Leadership) {
    let running = log.begin(who, leadership.token().as_str().parse().unwrap());
    let reason = leadership.stopping().await;
    running.told(&reason);
    match temper {
        Temper::Obedient => tokio::time::sleep(STOPPING).await,
        Temper::Stubborn => std::future::pending().await,
    }
}

pub(crate) fn options(namespace: &str, pace: Pace, name: &str) -> Result<ElectionOptions, Trouble> {
    let invalid = |_| Trouble::new("an invalid name");
    let (namespace, lease) = (Namespace::parse(namespace).map_err(invalid)?, LeaseName::parse(LEASE).map_err(invalid)?);
    let options = ElectionOptions::new(namespace, lease, name, random_seed());
    let short = ElectionOptions {
        lease_duration: Duration::from_secs(3),
        renew_deadline: Duration::from_secs(2),
        retry_period: Duration::from_millis(500),
        ..options.clone()
    };
    Ok(match pace {
        Pace::Default => options,
        Pace::Short => short,
        Pace::BesideClientGo => {
            ElectionOptions { lease_duration: Duration::from_secs(4), beside_client_go: true, ..short }
        }
    })
}
