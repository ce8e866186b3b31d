//! The kinds of object that the fake serves, and in what they differ.

use alloc::format;
use alloc::string::{String, ToString as _};

use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Endpoints,
    EndpointSlice,
    Event,
    Lease,
    Pod,
    Service,
}

impl Kind {
    pub(super) const ALL: [Self; 6] =
        [Self::Endpoints, Self::EndpointSlice, Self::Event, Self::Lease, Self::Pod, Self::Service];

    pub(super) fn of_resource(group: &str, version: &str, plural: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.group() == group && version == "v1" && kind.plural() == plural)
    }

    pub(super) fn of_object(api_version: &str, name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name && kind.api_version() == api_version)
    }

    pub(super) const fn group(self) -> &'static str {
        match self {
            Self::EndpointSlice => "discovery.k8s.io",
            Self::Lease => "coordination.k8s.io",
            Self::Endpoints | Self::Event | Self::Pod | Self::Service => "",
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Endpoints => "Endpoints",
            Self::EndpointSlice => "EndpointSlice",
            Self::Event => "Event",
            Self::Lease => "Lease",
            Self::Pod => "Pod",
            Self::Service => "Service",
        }
    }

    pub(super) const fn plural(self) -> &'static str {
        match self {
            Self::Endpoints => "endpoints",
            Self::EndpointSlice => "endpointslices",
            Self::Event => "events",
            Self::Lease => "leases",
            Self::Pod => "pods",
            Self::Service => "services",
        }
    }

    pub(super) const fn singular(self) -> &'static str {
        match self {
            Self::Endpoints => "endpoints",
            Self::EndpointSlice => "endpointslice",
            Self::Event => "event",
            Self::Lease => "lease",
            Self::Pod => "pod",
            Self::Service => "service",
        }
    }

    pub(super) const fn short_name(self) -> Option<&'static str> {
        match self {
            Self::Endpoints => Some("ep"),
            Self::Event => Some("ev"),
            Self::Pod => Some("po"),
            Self::Service => Some("svc"),
            Self::EndpointSlice | Self::Lease => None,
        }
    }

    pub(super) fn api_version(self) -> String {
        if self.group().is_empty() { "v1".to_string() } else { format!("{}/v1", self.group()) }
    }

    /// `leases.coordination.k8s.io`, as messages name a resource.
    pub(super) fn qualified_resource(self) -> String {
        qualified(self.plural(), self.group())
    }

    /// Where etcd keeps objects of this kind; a conflict's message says it.
    pub(super) const fn registry(self) -> &'static str {
        match self {
            Self::Endpoints => "/registry/services/endpoints",
            Self::EndpointSlice => "/registry/endpointslices",
            Self::Event => "/registry/events",
            Self::Lease => "/registry/leases",
            Self::Pod => "/registry/pods",
            Self::Service => "/registry/services/specs",
        }
    }

    /// Whether a PUT creates what does not exist (`AllowCreateOnUpdate` of the kind's strategy).
    pub(super) const fn is_created_by_update(self) -> bool {
        matches!(self, Self::Endpoints | Self::Event | Self::Lease | Self::Service)
    }

    /// Whether a PUT without a resourceVersion wins (`AllowUnconditionalUpdate`).
    pub(super) const fn is_updated_unconditionally(self) -> bool {
        !matches!(self, Self::Lease)
    }

    /// Whether DELETE answers with the object, and not with a Status.
    pub(super) const fn is_returned_when_deleted(self) -> bool {
        matches!(self, Self::Pod | Self::Service)
    }

    pub(super) const fn has_status(self) -> bool {
        matches!(self, Self::Pod | Self::Service)
    }

    pub(super) const fn has_generation(self) -> bool {
        matches!(self, Self::Pod | Self::EndpointSlice)
    }

    /// What an empty object of this kind has beside its metadata: a bookmark is one.
    pub(super) fn empty(self) -> Value {
        match self {
            Self::Endpoints => json!({}),
            Self::EndpointSlice => json!({"addressType": "", "endpoints": null, "ports": null}),
            Self::Event => json!({
                "eventTime": null, "firstTimestamp": null, "involvedObject": {}, "lastTimestamp": null,
                "reportingComponent": "", "reportingInstance": "", "source": {},
            }),
            Self::Lease => json!({"spec": {}}),
            Self::Pod => json!({"spec": {"containers": null}, "status": {}}),
            Self::Service => json!({"spec": {}, "status": {"loadBalancer": {}}}),
        }
    }
}

pub(super) fn qualified(name: &str, group: &str) -> String {
    if group.is_empty() { name.to_string() } else { format!("{name}.{group}") }
}
