//! What one API object says of members, in plain facts: no policy, no names.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::state::MemberState;
use super::view::{Family, Reason, Skipped};
use crate::api::decode::{DecodeError, ListMeta, Text, decode_list, decode_object};
use crate::api::endpoint_slice::{self, EndpointSlice};
use crate::api::endpoints::{self, Endpoints};
use crate::api::pod::Pod;
use crate::api::target::TargetReference;
use crate::api::{ObjectReference, Resource, ResourceVersion, Uid};
use crate::name::is_nameable;
use crate::text;

/// Which kind of API object tells of the members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "these are the kinds that hold pod addresses")]
pub enum Source {
    /// EndpointSlices: the default.
    #[default]
    EndpointSlices,
    /// Endpoints: deprecated since Kubernetes 1.33, cut at 1,000 addresses, and silent about terminating pods.
    Endpoints,
    /// Pods: the only source that tells pending, failed and succeeded pods, and the largest answer.
    Pods,
}

impl Source {
    /// The API's name for it.
    #[must_use]
    pub const fn resource(self) -> Resource {
        match self {
            Self::EndpointSlices => Resource::ENDPOINT_SLICES,
            Self::Endpoints => Resource::ENDPOINTS,
            Self::Pods => Resource::PODS,
        }
    }

    /// Decodes one page of this source's collection.
    pub(crate) fn decode_page(self, bytes: &[u8]) -> Result<Page, DecodeError> {
        let mut objects: Vec<Object> = Vec::new();
        let kind = self.resource().kind();
        let mut push = |object: Object| {
            let object = object.sharing_the_namespace_of(objects.last());
            objects.push(object);
        };
        let meta = match self {
            Self::EndpointSlices => decode_list(bytes, kind, |slice| push(Object::of_slice(&slice))),
            Self::Endpoints => decode_list(bytes, kind, |endpoints| push(Object::of_endpoints(&endpoints))),
            Self::Pods => decode_list(bytes, kind, |pod| push(Object::of_pod(&pod))),
        }?;
        Ok(Page::new(objects, &meta))
    }

    /// Decodes one object of this source.
    pub(crate) fn decode_object(self, json: &[u8]) -> Result<Object, DecodeError> {
        Ok(match self {
            Self::EndpointSlices => Object::of_slice(&decode_object(json)?),
            Self::Endpoints => Object::of_endpoints(&decode_object(json)?),
            Self::Pods => Object::of_pod(&decode_object(json)?),
        })
    }
}

/// One page of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) objects: Vec<Object>,
    pub(crate) resource_version: ResourceVersion,
    /// Where the next page begins; `None` on the last.
    pub(crate) continue_token: Option<Arc<str>>,
}

impl Page {
    fn new(objects: Vec<Object>, meta: &ListMeta<'_>) -> Self {
        let continue_token = (!meta.continue_token.is_empty()).then(|| Arc::from(&*meta.continue_token));
        Self { objects, resource_version: ResourceVersion::new(&meta.resource_version), continue_token }
    }
}

/// Which object of a collection: its kind goes without saying.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a namespace and a name, and nothing else")]
pub struct ObjectKey {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

/// `lab/web-0`
impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// What one API object says of members.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Object {
    /// The object itself.
    pub reference: ObjectReference,
    /// Its version; empty if it names none.
    pub resource_version: ResourceVersion,
    /// The Service that it belongs to: a slice's label names it, Endpoints carry its name, and pods have none.
    pub service: Option<Arc<str>>,
    /// The members that it tells of.
    pub endpoints: Vec<Endpoint>,
    /// What in it cannot be used, and why.
    pub skipped: Vec<Skipped>,
}

/// One member, as one API object tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Endpoint {
    /// Its addresses; none at all for a pod that has not got one yet.
    pub addresses: Addresses,
    /// Its namespace; empty if the object names none.
    pub namespace: Arc<str>,
    /// The pod behind it, if the object names one.
    pub pod: Option<PodReference>,
    /// Its host name, if it has one.
    pub hostname: Option<Arc<str>>,
    /// The Service through which its host name resolves, as far as the object tells.
    pub service: Option<Arc<str>>,
    /// Its state, as this object sees it.
    pub state: MemberState,
    /// Whether its readiness probe passes, terminating or not.
    pub serving: bool,
}

/// Names the pod behind an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct PodReference {
    /// The pod's name.
    pub name: Arc<str>,
    /// The pod's UID: who it is, whatever its name and address.
    pub uid: Uid,
}

/// A member's addresses: one of a family at most, as Kubernetes gives them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Addresses {
    /// Its IPv4 address.
    pub v4: Option<Ipv4Addr>,
    /// Its IPv6 address.
    pub v6: Option<Ipv6Addr>,
    /// The family of the pod's first address, where the object tells: only pods do.
    pub primary: Option<Family>,
}

impl Addresses {
    /// Whether there is no address at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.v4.is_none() && self.v6.is_none()
    }

    /// The address to use: of the preferred family if there is one, else of the primary one, else IPv4, else what there is.
    #[must_use]
    pub fn choose(&self, preferred: Option<Family>) -> Option<IpAddr> {
        let (v4, v6) = (self.v4.map(IpAddr::V4), self.v6.map(IpAddr::V6));
        match preferred.or(self.primary).unwrap_or(Family::Ipv4) {
            Family::Ipv4 => v4.or(v6),
            Family::Ipv6 => v6.or(v4),
        }
    }

    /// Takes one address; a second one of its family changes nothing.
    pub(crate) fn add(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(v4) => self.v4 = self.v4.or(Some(v4)),
            IpAddr::V6(v6) => self.v6 = self.v6.or(Some(v6)),
        }
    }

    /// Fills in what is missing from another object's word on the same member.
    pub(crate) fn complete_from(&mut self, other: &Self) {
        self.v4 = self.v4.or(other.v4);
        self.v6 = self.v6.or(other.v6);
        self.primary = self.primary.or(other.primary);
    }
}

impl PodReference {
    /// The pod as an object in its namespace.
    pub(crate) fn reference(&self, namespace: &Arc<str>) -> ObjectReference {
        ObjectReference { kind: Resource::PODS.kind().into(), namespace: namespace.clone(), name: self.name.clone() }
    }
}

impl Object {
    /// Which one it is in its collection.
    pub(crate) fn key(&self) -> ObjectKey {
        ObjectKey { namespace: self.reference.namespace.clone(), name: self.reference.name.clone() }
    }

    fn of_slice(slice: &EndpointSlice<'_>) -> Self {
        let metadata = &slice.metadata;
        let mut object = Self::new(Resource::ENDPOINT_SLICES, &metadata.namespace, &metadata.name);
        object.resource_version = ResourceVersion::new(&metadata.resource_version);
        if &*slice.address_type == "FQDN" {
            object.skip(Reason::DomainNames);
            return object;
        }
        object.service = non_empty(metadata.service_name());
        for endpoint in &slice.endpoints {
            object.add_slice_endpoint(endpoint);
        }
        object
    }

    fn add_slice_endpoint(&mut self, endpoint: &endpoint_slice::Endpoint<'_>) {
        let conditions = &endpoint.conditions;
        let state = match (conditions.terminating(), conditions.ready()) {
            (true, _) => MemberState::Terminating,
            (false, true) => MemberState::Ready,
            (false, false) => MemberState::NotReady,
        };
        self.add_address(&endpoint.address, &endpoint.hostname, &endpoint.target_ref, state, conditions.serving());
    }

    fn of_endpoints(endpoints: &Endpoints<'_>) -> Self {
        let metadata = &endpoints.metadata;
        let mut object = Self::new(Resource::ENDPOINTS, &metadata.namespace, &metadata.name);
        object.resource_version = ResourceVersion::new(&metadata.resource_version);
        if metadata.is_truncated() {
            object.skip(Reason::Truncated);
        }
        object.service = non_empty(&metadata.name);
        for subset in &endpoints.subsets {
            let mut add = |address: &endpoints::Address<'_>, state, serving| {
                let (hostname, target) = (&address.hostname, &address.target_ref);
                object.add_address(&address.ip, hostname, target, state, serving);
            };
            subset.addresses.iter().for_each(|address| add(address, MemberState::Ready, true));
            subset.not_ready_addresses.iter().for_each(|address| add(address, MemberState::NotReady, false));
        }
        object
    }

    /// Adds one address of a slice or of Endpoints; one that is no address is skipped with its reason.
    fn add_address(
        &mut self,
        address: &str,
        hostname: &Text<'_>,
        target: &TargetReference<'_>,
        state: MemberState,
        serving: bool,
    ) {
        let (pod, namespace) = self.pod_behind(target);
        let mut addresses = Addresses::default();
        match parse_address(address) {
            Ok(address) => addresses.add(address),
            Err(reason) => {
                let object = match pod {
                    Some(pod) => pod.reference(&namespace),
                    None => self.reference.clone(),
                };
                return self.skipped.push(Skipped { object, reason });
            }
        }
        let (hostname, service) = (non_empty(hostname), self.service.clone());
        self.endpoints.push(Endpoint { addresses, namespace, pod, hostname, service, state, serving });
    }

    /// The pod that a reference names, and the namespace it is in. References are optional: endpoints may be made by hand.
    fn pod_behind(&self, target: &TargetReference<'_>) -> (Option<PodReference>, Arc<str>) {
        let own_namespace = &self.reference.namespace;
        if !target.is_pod() {
            return (None, own_namespace.clone());
        }
        let same = target.namespace.is_empty() || *target.namespace == **own_namespace;
        let namespace = if same { own_namespace.clone() } else { text::name(&target.namespace) };
        let pod = (!target.uid.is_empty())
            .then(|| PodReference { name: text::name(&target.name), uid: Uid::new(&target.uid) });
        (pod, namespace)
    }

    fn of_pod(pod: &Pod<'_>) -> Self {
        let metadata = &pod.metadata;
        let mut object = Self::new(Resource::PODS, &metadata.namespace, &metadata.name);
        object.resource_version = ResourceVersion::new(&metadata.resource_version);
        let mut addresses = Addresses::default();
        // `podIP` is always the first of `podIPs`, and older than it.
        let texts = core::iter::once(&pod.status.pod_ip).chain(pod.status.pod_ips.iter().map(|entry| &entry.ip));
        for text in texts.filter(|text| !text.is_empty()) {
            match parse_address(text) {
                Ok(address) => {
                    addresses.primary.get_or_insert_with(|| Family::of(address));
                    addresses.add(address);
                }
                // `podIP` stands in `podIPs` as well: one word on it is enough.
                Err(reason) if object.skipped.is_empty() => object.skip(reason),
                Err(_) => {}
            }
        }
        if addresses.is_empty() && !object.skipped.is_empty() {
            return object;
        }
        // A pod is one endpoint, and there are many pods (M6).
        object.endpoints.reserve_exact(1);
        let serving = pod.status.is_ready();
        object.endpoints.push(Endpoint {
            addresses,
            namespace: object.reference.namespace.clone(),
            pod: (!metadata.uid.is_empty())
                .then(|| PodReference { name: object.reference.name.clone(), uid: Uid::new(&metadata.uid) }),
            hostname: non_empty(&pod.spec.hostname),
            service: non_empty(&pod.spec.subdomain),
            state: pod_state(pod, serving),
            serving,
        });
        object
    }

    fn new(resource: Resource, namespace: &Text<'_>, name: &Text<'_>) -> Self {
        let reference =
            ObjectReference { kind: resource.kind().into(), namespace: text::name(namespace), name: text::name(name) };
        Self {
            reference,
            resource_version: ResourceVersion::default(),
            service: None,
            endpoints: Vec::new(),
            skipped: Vec::new(),
        }
    }

    /// A page names one namespace again and again; its objects share the text (M6).
    fn sharing_the_namespace_of(mut self, previous: Option<&Self>) -> Self {
        let Some(Self { reference: ObjectReference { namespace: shared, .. }, .. }) = previous else { return self };
        if *shared == self.reference.namespace {
            for endpoint in &mut self.endpoints {
                if Arc::ptr_eq(&endpoint.namespace, &self.reference.namespace) {
                    endpoint.namespace.clone_from(shared);
                }
            }
            self.reference.namespace.clone_from(shared);
        }
        self
    }

    fn skip(&mut self, reason: Reason) {
        self.skipped.push(Skipped { object: self.reference.clone(), reason });
    }
}

/// [Pod phases](https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase) and the deletion that was asked
/// for. A pod that has ended stays ended while it is being deleted.
fn pod_state(pod: &Pod<'_>, ready: bool) -> MemberState {
    match &*pod.status.phase {
        "Failed" => MemberState::Failed,
        "Succeeded" => MemberState::Succeeded,
        _ if !pod.metadata.deletion_timestamp.is_empty() => MemberState::Terminating,
        "Pending" => MemberState::Pending,
        _ if ready => MemberState::Ready,
        _ => MemberState::NotReady,
    }
}

fn parse_address(text: &str) -> Result<IpAddr, Reason> {
    if text.is_empty() {
        return Err(Reason::NoAddress);
    }
    let address = text.parse().ok().filter(|address| is_nameable(*address));
    address.ok_or_else(|| Reason::NotAnAddress(String::from(&*text::name(text))))
}

fn non_empty(text: &Text<'_>) -> Option<Arc<str>> {
    (!text.is_empty()).then(|| text::name(text))
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.resource().plural())
    }
}

#[cfg(test)]
mod tests;
