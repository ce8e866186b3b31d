//! Why a listing, or one attempt of it, failed.

use alloc::boxed::Box;
use core::fmt;
use core::time::Duration;

use crate::api::{DecodeError, Failure, Permission, Refusal};

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
            ListingFailure::Refused(refusal) => self.permission.remedy(refusal).fmt(f),
            _ => Ok(()),
        }
    }
}

impl core::error::Error for ListingError {}

/// What one attempt brought in place of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ListingFailure {
    /// There was no complete answer.
    Failed(Failure),
    /// The server refused, or could not answer.
    Refused(Refusal),
    /// The Service has no selector: its endpoints are made by hand, so it has no pods to list.
    ServiceWithoutSelector,
    /// No answer within the request timeout.
    TimedOut,
    /// More objects than the limit allows.
    TooManyObjects {
        /// The limit.
        limit: usize,
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
            Self::Failed(failure) => failure.fmt(f),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::ServiceWithoutSelector => {
                f.write_str("the Service has no selector, so it has no pods; list its EndpointSlices instead")
            }
            Self::TimedOut => f.write_str("no answer in time"),
            Self::TooManyObjects { limit } => write!(f, "more than {limit} objects; narrow the selection"),
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

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;
    use crate::api::{Namespace, Resource};

    #[test]
    fn a_403_names_the_right_that_is_missing_and_the_rule_that_grants_it() {
        let namespace = Some(Namespace::parse("lab").unwrap());
        let permission = Permission::new("list", &["list"], Resource::ENDPOINT_SLICES, namespace);
        let failure = ListingFailure::Refused(Refusal::Forbidden { message: "no".into() });
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
        let permission = Permission::new("list", &["list"], Resource::PODS, None);
        let failure =
            ListingFailure::Refused(Refusal::Forbidden { message: "User \"system:anonymous\" cannot list".into() });
        let error = ListingError { permission, failure, previous: None, attempts: 1, elapsed: Duration::ZERO };
        assert!(error.to_string().ends_with("\nno credentials were sent: give the server some"), "{error}");
    }
}
