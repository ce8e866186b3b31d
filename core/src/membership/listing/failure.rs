//! Why a listing, or one attempt of it, failed.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::time::Duration;

use crate::api::{DecodeError, Failure, Namespace, Resource};

/// A listing that brought nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ListingError {
    /// What was asked for.
    pub permission: Permission,
    /// What the last attempt brought.
    pub failure: ListingFailure,
    /// What the attempt before brought, if the last one brought nothing at all.
    pub previous: Option<ListingFailure>,
    /// How many attempts were made for this answer.
    pub attempts: u32,
    /// How long they took in all.
    pub elapsed: Duration,
}

/// `cannot list pods in namespace lab: …`
impl fmt::Display for ListingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.permission, self.failure)?;
        if let Some(previous) = &self.previous {
            write!(f, "; before that: {previous}")?;
        }
        match (self.attempts, self.elapsed.as_secs_f64()) {
            (0 | 1, seconds) if seconds < 0.1 => {}
            (0 | 1, seconds) => write!(f, " (tried for {seconds:.1} s)")?,
            (attempts, seconds) => write!(f, " (tried {attempts} times in {seconds:.1} s)")?,
        }
        match &self.failure {
            // A Role for it would let everybody in.
            ListingFailure::Forbidden { message } if message.contains("system:anonymous") => {
                f.write_str("\nno credentials were sent: give the server some")
            }
            ListingFailure::Forbidden { .. } => write!(f, "\n{}", self.permission.rule()),
            _ => Ok(()),
        }
    }
}

impl core::error::Error for ListingError {}

/// What one attempt brought in place of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ListingFailure {
    /// 410 for a list that names no state at all.
    Expired {
        /// What the server says.
        message: String,
    },
    /// There was no complete answer.
    Failed(Failure),
    /// 403: the permission is missing, or the server is still starting.
    Forbidden {
        /// What the server says.
        message: String,
    },
    /// 404.
    NotFound {
        /// What the server says.
        message: String,
    },
    /// Any other status that asking again does not change.
    Rejected {
        /// The HTTP status.
        status: u16,
        /// What the server says.
        message: String,
    },
    /// The Service has no selector: its endpoints are made by hand, so it has no pods to list.
    ServiceWithoutSelector,
    /// 5xx: the server cannot answer now.
    ServerError {
        /// The HTTP status.
        status: u16,
        /// What the server says.
        message: String,
    },
    /// 429: the server has too much to do.
    Throttled {
        /// What the server says.
        message: String,
    },
    /// No answer within the request timeout.
    TimedOut,
    /// More objects than the limit allows.
    TooManyObjects {
        /// The limit.
        limit: usize,
    },
    /// 401: the server does not know us. The transport has read the credentials again by then.
    Unauthorized {
        /// What the server says.
        message: String,
    },
    /// The answer is not what was asked for.
    Undecodable(DecodeError),
    /// Pages kept expiring or changing while the rest was read.
    Unstable {
        /// How often the listing began again.
        restarts: u32,
    },
    /// The server asks us to wait for longer than the request timeout lasts.
    WaitTooLong {
        /// How long it asks us to wait.
        after: Duration,
        /// What it could not do.
        failure: Box<Self>,
    },
}

impl fmt::Display for ListingFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { message } => write!(f, "expired: {message}"),
            Self::Failed(failure) => failure.fmt(f),
            Self::Forbidden { message } => write!(f, "forbidden: {message}"),
            Self::NotFound { message } => write!(f, "not found: {message}"),
            Self::Rejected { status, message } => write!(f, "the server refused with status {status}: {message}"),
            Self::ServiceWithoutSelector => {
                f.write_str("the Service has no selector, so it has no pods; list its EndpointSlices instead")
            }
            Self::ServerError { status, message } => write!(f, "the server failed with status {status}: {message}"),
            Self::Throttled { message } => write!(f, "the server has too much to do: {message}"),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::TooManyObjects { limit } => write!(f, "more than {limit} objects; narrow the selection"),
            Self::Unauthorized { message } => {
                write!(f, "unauthorized: {message}; the credentials are missing, wrong or expired")
            }
            Self::Undecodable(error) => write!(f, "the answer is {error}"),
            Self::Unstable { restarts } => {
                write!(f, "pages expired or changed before the last one was read, {restarts} times over")
            }
            Self::WaitTooLong { after, failure } => {
                write!(
                    f,
                    "{failure}; it asks to wait {:.0} s, which is longer than the request timeout",
                    after.as_secs_f64()
                )
            }
        }
    }
}

/// The right that a request takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Permission {
    /// The RBAC verb.
    pub verb: &'static str,
    /// The resource.
    pub resource: Resource,
    /// The namespace; `None` for all of them.
    pub namespace: Option<Namespace>,
}

impl Permission {
    /// How to grant it ([RBAC](https://kubernetes.io/docs/reference/access-authn-authz/rbac/)), with the rule in YAML.
    #[must_use]
    pub fn rule(&self) -> impl fmt::Display + '_ {
        Rule(self)
    }
}

/// `list pods in namespace lab`
impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} in ", self.verb, self.resource)?;
        match &self.namespace {
            Some(namespace) => write!(f, "namespace {namespace}"),
            None => f.write_str("all namespaces"),
        }
    }
}

struct Rule<'a>(&'a Permission);

impl fmt::Display for Rule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Permission { verb, resource, namespace } = self.0;
        match namespace {
            Some(namespace) => write!(f, "a Role in namespace {namespace}")?,
            None => f.write_str("a ClusterRole")?,
        }
        write!(
            f,
            " with this rule, bound to that user or service account, grants it:\n  - apiGroups: [\"{}\"]\n    resources: \
             [\"{resource}\"]\n    verbs: [\"{verb}\"]",
            resource.group()
        )
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;

    #[test]
    fn a_403_names_the_right_that_is_missing_and_the_rule_that_grants_it() {
        let permission = Permission {
            verb: "list",
            resource: Resource::ENDPOINT_SLICES,
            namespace: Some(Namespace::parse("lab").unwrap()),
        };
        let failure = ListingFailure::Forbidden { message: "no".into() };
        let error =
            ListingError { permission, failure, previous: None, attempts: 3, elapsed: Duration::from_millis(1040) };
        assert_eq!(
            error.to_string(),
            "cannot list endpointslices in namespace lab: forbidden: no (tried 3 times in 1.0 s)\n\
             a Role in namespace lab with this rule, bound to that user or service account, grants it:\n\
             \x20 - apiGroups: [\"discovery.k8s.io\"]\n    resources: [\"endpointslices\"]\n    verbs: [\"list\"]"
        );
    }

    #[test]
    fn nobody_is_told_to_let_everybody_in() {
        let permission = Permission { verb: "list", resource: Resource::PODS, namespace: None };
        let failure = ListingFailure::Forbidden { message: "User \"system:anonymous\" cannot list".into() };
        let error = ListingError { permission, failure, previous: None, attempts: 1, elapsed: Duration::ZERO };
        assert!(error.to_string().ends_with("\nno credentials were sent: give the server some"), "{error}");
    }

    #[test]
    fn all_namespaces_take_a_cluster_role() {
        let permission = Permission { verb: "list", resource: Resource::PODS, namespace: None };
        assert_eq!(permission.to_string(), "list pods in all namespaces");
        assert!(permission.rule().to_string().starts_with("a ClusterRole with"));
    }
}
