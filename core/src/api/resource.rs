//! The kinds of object that we read, and how the API names them.

use core::fmt;

/// A kind of object, as the API addresses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource {
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    kind: &'static str,
}

impl Resource {
    /// [EndpointSlices](https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/).
    pub const ENDPOINT_SLICES: Self =
        Self { group: "discovery.k8s.io", version: "v1", plural: "endpointslices", kind: "EndpointSlice" };
    /// [Endpoints](https://kubernetes.io/docs/concepts/services-networking/service/#endpoints), deprecated since
    /// Kubernetes 1.33.
    pub const ENDPOINTS: Self = Self { group: "", version: "v1", plural: "endpoints", kind: "Endpoints" };
    /// [Leases](https://kubernetes.io/docs/concepts/architecture/leases/).
    pub const LEASES: Self = Self { group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease" };
    /// [Pods](https://kubernetes.io/docs/concepts/workloads/pods/).
    pub const PODS: Self = Self { group: "", version: "v1", plural: "pods", kind: "Pod" };
    /// [Services](https://kubernetes.io/docs/concepts/services-networking/service/).
    pub const SERVICES: Self = Self { group: "", version: "v1", plural: "services", kind: "Service" };

    /// The API group; empty for the core group.
    #[must_use]
    pub const fn group(self) -> &'static str {
        self.group
    }

    /// The version of the API group.
    #[must_use]
    pub const fn version(self) -> &'static str {
        self.version
    }

    /// The name in paths and in RBAC rules.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        self.plural
    }

    /// The kind of one object, as in its `kind` field.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        self.kind
    }
}

/// The plural name, as kubectl takes it.
impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.plural)
    }
}
