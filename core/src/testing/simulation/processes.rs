//! Processes and pods that come and go.

use alloc::vec::Vec;

use super::clock::duration;
use super::node::Connector;
use super::queue::{Event, Micros};
use super::{Application, Simulation};
use crate::election::Report as ElectionReport;
use crate::machine::Input;
use crate::membership::Report as MembershipReport;
use crate::testing::promises::{Broken, Promise};

/// How long a pod takes to become ready, and how long it has to end.
const READY: Micros = 1_000_000;
const GRACE_S: u32 = 6;
const GRACE: Micros = 6_000_000;
/// From the end of a node's pod to the start of the process in the next one.
const REPLACEMENT: Micros = 500_000;

impl<A: Application> Simulation<A> {
    /// A process starts in the place of the one before, if that is gone.
    pub(super) fn start(&mut self, index: usize) -> Result<(), Broken> {
        let Some(node) = self.nodes.get_mut(index).filter(|node| !node.is_up) else { return Ok(()) };
        let own = node.pod.and_then(|pod| self.cluster.pods.get(&pod)).map(|pod| pod.name.clone());
        self.lives = self.lives.saturating_add(1);
        node.replace(&self.plan, self.lives, own)
            .map_err(|error| Broken::new(Promise::E7, alloc::format!("{error}")))?;
        node.is_up = true;
        node.started_at = self.real;
        node.line.in_flight.clear();
        if let Some(pod) = node.pod {
            self.queue.plan(self.real.saturating_add(READY), Event::PodReady(pod, true));
        }
        self.feed_election(index, Input::Start)?;
        self.feed_membership(index, Input::Start)
    }

    /// A process is gone at once, its work and its links with it. What it has sent is under way nevertheless.
    pub(super) fn kill(&mut self, index: usize) {
        let real = self.real;
        let Some(node) = self.nodes.get_mut(index).filter(|node| node.is_up) else { return };
        let (process, pod) = (node.process, node.pod);
        node.is_up = false;
        node.paused_until = 0;
        node.work = None;
        let links = core::mem::take(&mut node.connector);
        node.line.in_flight.clear();
        self.close_watches(|of, _| of == process);
        self.election.ended(process.id());
        self.application.killed(index, duration(real));
        let Connector { links, .. } = links;
        links.keys().for_each(|name| self.draw_link(index, name, false));
        if let Some(pod) = pod {
            if self.cluster.pods.get(&pod).is_some_and(|pod| !pod.is_terminating) {
                self.cluster.set_ready(real, pod, false);
            }
            self.drop_links_to_pod(pod);
        }
    }

    fn drop_links_to_pod(&mut self, pod: u64) {
        if let Some(name) = self.cluster.pods.get(&pod).map(|pod| pod.name.clone()) {
            self.drop_links_to(&name);
        }
    }

    /// Pods are replaced, so many at a time.
    pub(super) fn roll(&mut self, batch: usize, every: Micros, mut pods: Vec<u64>) -> Result<(), Broken> {
        if self.real >= self.plan.duration_ms.saturating_mul(1000) {
            return Ok(());
        }
        let rest = pods.split_off(batch.clamp(1, pods.len().max(1)).min(pods.len()));
        let mut surge = Vec::new();
        for pod in pods {
            let Some(node) = self.cluster.pods.get(&pod).filter(|pod| !pod.is_terminating).map(|pod| pod.node) else {
                continue;
            };
            self.cluster.terminate(self.real, pod, GRACE_S);
            self.queue.plan(self.real.saturating_add(GRACE), Event::PodGone(pod));
            match node {
                Some(node) => self.tell_to_end(node)?,
                None => surge.push(None),
            }
        }
        for pod in self.cluster.add(self.real, &surge, false) {
            self.queue.plan(self.real.saturating_add(READY), Event::PodReady(pod, true));
        }
        if !rest.is_empty() {
            self.queue.plan(self.real.saturating_add(every), Event::Roll { batch, every, pods: rest });
        }
        Ok(())
    }

    /// As SIGTERM does.
    fn tell_to_end(&mut self, index: usize) -> Result<(), Broken> {
        let Some(node) = self.nodes.get_mut(index).filter(|node| node.is_up) else { return Ok(()) };
        let process = node.process;
        let starts_at = self.real.saturating_add(GRACE).saturating_add(REPLACEMENT);
        node.disturbed_until = node.disturbed_until.max(starts_at);
        // A process that stands still does not hear it.
        if node.stands_still_until() > self.real {
            return Ok(());
        }
        self.tell_election(process, &ElectionReport::Shutdown)?;
        self.feed_membership(index, Input::Report(&MembershipReport::Drain))
    }

    /// The time of a pod is over. That of a node gets another one, and there a process starts.
    pub(super) fn pod_gone(&mut self, number: u64) {
        let node = self.cluster.pods.get(&number).and_then(|pod| pod.node);
        if let Some(index) = node {
            self.kill(index);
        }
        self.drop_links_to_pod(number);
        self.cluster.forget(self.real, number);
        if let Some(index) = node {
            let pods = self.cluster.add(self.real, &[Some(index)], false);
            if let Some(node) = self.nodes.get_mut(index) {
                node.pod = pods.first().copied();
                let starts_at = self.real.saturating_add(REPLACEMENT);
                node.disturbed_until = node.disturbed_until.max(starts_at);
                self.queue.plan(starts_at, Event::Restart(index));
            }
        }
    }

    /// Members come, all at once.
    pub(super) fn scale_up(&mut self, members: usize) {
        let pods: Vec<_> = (0..members).map(|_| None).collect();
        for pod in self.cluster.add(self.real, &pods, false) {
            let at = self.real.saturating_add(self.chance.between(READY, READY.saturating_mul(3)));
            self.queue.plan(at, Event::PodReady(pod, true));
        }
    }

    /// Members go, the oldest first.
    pub(super) fn scale_down(&mut self, members: usize) {
        let pods = self.cluster.pods.iter().filter(|(_, pod)| pod.node.is_none() && !pod.is_terminating);
        for pod in pods.map(|(number, _)| *number).take(members).collect::<Vec<_>>() {
            self.cluster.terminate(self.real, pod, GRACE_S);
            self.queue.plan(self.real.saturating_add(GRACE), Event::PodGone(pod));
        }
    }
}
