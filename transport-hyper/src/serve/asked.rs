//! What a request asks for, in the words of RBAC: a verb and a resource.

use http::Method;

/// As Kubernetes names it
/// ([request verbs](https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb)).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) verb: &'static str,
    /// `pods`, or `pods/status`; empty for paths that lead to no resource, such as `/version`.
    pub(super) resource: String,
}

impl Asked {
    pub(super) fn of(method: &Method, path: &str, query: &str) -> Self {
        let mut segments = path.split('/').filter(|segment| !segment.is_empty()).peekable();
        // /api/VERSION or /apis/GROUP/VERSION stands before the rest.
        let prefix = match segments.next() {
            Some("api") => 1,
            Some("apis") => 2,
            _ => usize::MAX,
        };
        let mut rest = segments.skip(prefix).peekable();
        let mut first = rest.next();
        // A namespace is where it lies; /namespaces/NAME alone is the namespace itself.
        if first == Some("namespaces") {
            let name = rest.next();
            if rest.peek().is_some() {
                first = rest.next();
            } else {
                return Self { verb: verb(method, name.is_some(), query), resource: "namespaces".into() };
            }
        }
        let Some(resource) = first else {
            return Self { verb: verb(method, true, query), resource: String::new() };
        };
        let is_named = rest.next().is_some();
        let resource = rest.next().map_or_else(|| resource.to_owned(), |part| format!("{resource}/{part}"));
        Self { verb: verb(method, is_named, query), resource }
    }
}

fn verb(method: &Method, is_named: bool, query: &str) -> &'static str {
    let is_watch = query.split('&').any(|pair| matches!(pair, "watch" | "watch=1" | "watch=true" | "watch=True"));
    match (method.as_str(), is_named) {
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", true) => "delete",
        ("DELETE", false) => "deletecollection",
        (_, false) if is_watch => "watch",
        (_, false) => "list",
        (_, true) => "get",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_and_resources_are_those_of_rbac() {
        for (method, target, verb, resource) in [
            ("GET", "/api/v1/pods?limit=5", "list", "pods"),
            ("GET", "/api/v1/namespaces/lab/pods?watch=true", "watch", "pods"),
            ("GET", "/api/v1/namespaces/lab/pods?watch=0", "list", "pods"),
            ("GET", "/api/v1/namespaces/lab/pods/a", "get", "pods"),
            ("PUT", "/api/v1/namespaces/lab/pods/a/status", "update", "pods/status"),
            ("POST", "/apis/coordination.k8s.io/v1/namespaces/lab/leases", "create", "leases"),
            ("PATCH", "/apis/coordination.k8s.io/v1/namespaces/lab/leases/a", "patch", "leases"),
            ("DELETE", "/api/v1/namespaces/lab/pods/a", "delete", "pods"),
            ("DELETE", "/api/v1/namespaces/lab/pods", "deletecollection", "pods"),
            ("GET", "/api/v1/namespaces", "list", "namespaces"),
            ("GET", "/api/v1/namespaces/lab", "get", "namespaces"),
            ("GET", "/version", "get", ""),
            ("GET", "/apis/discovery.k8s.io/v1", "get", ""),
            ("GET", "/", "get", ""),
        ] {
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            let asked = Asked::of(&Method::from_bytes(method.as_bytes()).unwrap(), path, query);
            assert_eq!((asked.verb, asked.resource.as_str()), (verb, resource), "{method} {target}");
        }
    }
}
