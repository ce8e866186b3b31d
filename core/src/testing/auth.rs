//! Who asks, and what they may.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::kind::qualified;
use super::request::ResourceRoute;
use super::status::{ApiError, Details, Result};
use crate::time::Instant;

/// What a user may do, like a rule of a
/// [Role](https://kubernetes.io/docs/reference/access-authn-authz/rbac/#role-and-clusterrole) with its binding.
///
/// `*` in a list stands for everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "RBAC's rules have had these fields since their first version")]
pub struct Rule {
    /// In this namespace alone; everywhere, and at the cluster scope, when absent.
    pub namespace: Option<String>,
    /// API groups; the core group is the empty text.
    pub groups: Vec<String>,
    /// Resources, such as `pods` or `pods/status`.
    pub resources: Vec<String>,
    /// Verbs: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub verbs: Vec<String>,
    /// Only objects with these names; all when empty.
    pub names: Vec<String>,
}

impl Rule {
    /// Verbs on resources of one group, in one namespace.
    #[must_use]
    pub fn new(namespace: &str, group: &str, resources: &[&str], verbs: &[&str]) -> Self {
        let texts = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        Self {
            namespace: Some(namespace.into()),
            groups: texts(&[group]),
            resources: texts(resources),
            verbs: texts(verbs),
            names: Vec::new(),
        }
    }

    /// Everything, everywhere.
    #[must_use]
    pub fn administrator() -> Self {
        let all = || Vec::from(["*".to_string()]);
        Self { namespace: None, groups: all(), resources: all(), verbs: all(), names: Vec::new() }
    }

    fn is_administrator(&self) -> bool {
        let all = |list: &[String]| list.iter().any(|entry| entry == "*");
        self.namespace.is_none() && all(&self.groups) && all(&self.resources) && all(&self.verbs)
    }

    fn allows(&self, verb: &str, route: &ResourceRoute, name: Option<&str>) -> bool {
        let has = |list: &[String], what: &str| list.iter().any(|entry| entry == "*" || entry == what);
        (self.namespace.is_none() || self.namespace == route.namespace)
            && has(&self.groups, &route.group)
            && has(&self.resources, &resource(route))
            && has(&self.verbs, verb)
            && (self.names.is_empty() || name.is_some_and(|name| self.names.iter().any(|entry| entry == name)))
    }
}

fn resource(route: &ResourceRoute) -> String {
    match &route.subresource {
        Some(subresource) => format!("{}/{subresource}", route.resource),
        None => route.resource.clone(),
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Auth {
    tokens: BTreeMap<String, (String, Option<Instant>)>,
    rules: BTreeMap<String, Vec<Rule>>,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum User {
    /// No authentication is configured.
    Everybody,
    Anonymous,
    Named(String),
}

const ANONYMOUS: &str = "system:anonymous";

/// What `system:public-info-viewer` shows to everybody.
const PUBLIC: [&str; 4] = ["/healthz", "/livez", "/readyz", "/version"];
/// What `system:discovery` shows to everybody with a name.
const DISCOVERY: [&str; 3] = ["/api", "/apis", "/openapi"];

impl Auth {
    pub(super) fn add_user(&mut self, token: &str, user: &str, expires: Option<Instant>) {
        self.tokens.insert(token.into(), (user.into(), expires));
    }

    pub(super) fn set_rules(&mut self, user: &str, rules: Vec<Rule>) {
        self.rules.insert(user.into(), rules);
    }

    pub(super) fn authenticate(&self, now: Instant, token: Option<&str>) -> Result<User> {
        if self.tokens.is_empty() {
            return Ok(User::Everybody);
        }
        let Some(token) = token else { return Ok(User::Anonymous) };
        match self.tokens.get(token) {
            Some((user, expires)) if expires.is_none_or(|end| now < end) => Ok(User::Named(user.clone())),
            _ => Err(ApiError::unauthorized()),
        }
    }

    fn rules(&self, user: &User) -> &[Rule] {
        match user {
            User::Everybody => &[],
            User::Anonymous => self.rules.get(ANONYMOUS).map_or(&[], Vec::as_slice),
            User::Named(name) => self.rules.get(name).map_or(&[], Vec::as_slice),
        }
    }

    pub(super) fn may_path(&self, user: &User, verb: &str, path: &str) -> Result<()> {
        let lies_under = |root: &str| path == root || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'));
        let reads = verb == "get";
        let allowed = *user == User::Everybody
            || reads && PUBLIC.iter().any(|root| lies_under(root))
            || reads && *user != User::Anonymous && DISCOVERY.iter().any(|root| lies_under(root))
            || self.rules(user).iter().any(Rule::is_administrator);
        if allowed {
            return Ok(());
        }
        let message = format!("forbidden: User {:?} cannot {verb} path {path:?}", user.name());
        Err(ApiError::forbidden(message, Details::default()))
    }

    /// `name` is the object's, also when a field selector says it.
    pub(super) fn may(&self, user: &User, verb: &str, route: &ResourceRoute, name: Option<&str>) -> Result<()> {
        if *user == User::Everybody || self.rules(user).iter().any(|rule| rule.allows(verb, route, name)) {
            return Ok(());
        }
        let ResourceRoute { group, namespace, resource: kind, .. } = route;
        let who = qualified(kind, group);
        let which = route.name.as_ref().map_or_else(String::new, |name| format!(" {name:?}"));
        let scope = match namespace {
            Some(namespace) => format!("in the namespace {namespace:?}"),
            None => "at the cluster scope".to_string(),
        };
        let message = format!(
            "{who}{which} is forbidden: User {:?} cannot {verb} resource {:?} in API group {group:?} {scope}",
            user.name(),
            resource(route),
        );
        let name = route.name.clone().unwrap_or_default();
        Err(ApiError::forbidden(
            message,
            Details { name, group: group.clone(), kind: kind.clone(), ..Details::default() },
        ))
    }
}

impl User {
    fn name(&self) -> &str {
        match self {
            Self::Everybody => "system:admin",
            Self::Anonymous => ANONYMOUS,
            Self::Named(name) => name,
        }
    }
}
