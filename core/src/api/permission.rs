//! The right that a request takes, and how to grant it.

use core::fmt;

use super::meta::Namespace;
use super::refusal::Refusal;
use super::resource::Resource;

/// The right that a request takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Permission {
    /// The RBAC verb.
    pub verb: &'static str,
    /// This and the other verbs that whoever asks will need on the resource, so that one rule grants them all.
    pub needed: &'static [&'static str],
    /// The resource.
    pub resource: Resource,
    /// The namespace; `None` for all of them.
    pub namespace: Option<Namespace>,
}

impl Permission {
    /// The right to do one thing, by someone who needs these in all.
    pub(crate) const fn new(
        verb: &'static str,
        needed: &'static [&'static str],
        resource: Resource,
        namespace: Option<Namespace>,
    ) -> Self {
        Self { verb, needed, resource, namespace }
    }

    /// What to do about a refusal: a line of its own for each thing to do, and nothing where the refusal says it all.
    pub(crate) fn remedy<'a>(&'a self, refusal: &'a Refusal) -> impl fmt::Display + 'a {
        Remedy { permission: self, refusal }
    }

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
        let Permission { needed, resource, namespace, .. } = self.0;
        match namespace {
            Some(namespace) => write!(f, "a Role in namespace {namespace}")?,
            None => f.write_str("a ClusterRole")?,
        }
        write!(
            f,
            " with this rule, bound to that user or service account, grants it:\n  - apiGroups: [\"{}\"]\n    resources: \
             [\"{resource}\"]\n    verbs: [",
            resource.group()
        )?;
        for (place, verb) in needed.iter().enumerate() {
            write!(f, "{}\"{verb}\"", if place == 0 { "" } else { ", " })?;
        }
        f.write_str("]")
    }
}

struct Remedy<'a> {
    permission: &'a Permission,
    refusal: &'a Refusal,
}

impl fmt::Display for Remedy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.refusal {
            // A Role for it would let everybody in.
            Refusal::Forbidden { message } if message.contains("system:anonymous") => {
                f.write_str("\nno credentials were sent: give the server some")
            }
            Refusal::Forbidden { .. } => write!(f, "\n{}", self.permission.rule()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;

    #[test]
    fn all_namespaces_take_a_cluster_role() {
        let permission = Permission::new("list", &["list"], Resource::PODS, None);
        assert_eq!(permission.to_string(), "list pods in all namespaces");
        assert!(permission.rule().to_string().starts_with("a ClusterRole with"));
    }

    #[test]
    fn one_rule_grants_all_that_will_be_needed() {
        let permission = Permission::new("watch", &["list", "watch"], Resource::PODS, None);
        assert!(permission.rule().to_string().ends_with("\n    verbs: [\"list\", \"watch\"]"), "{}", permission.rule());
    }
}
