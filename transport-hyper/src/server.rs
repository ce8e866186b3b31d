//! The address of an API server.

use std::fmt;

use http::uri::{Authority, InvalidUri, PathAndQuery, Scheme, Uri};

/// Where an API server listens: scheme, host, port, and the path in front of every target.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    scheme: Scheme,
    authority: Authority,
    /// No slash at its end; often empty, but a Rancher server has one cluster a path.
    base_path: String,
}

impl Server {
    /// Reads a base URL. The error says what is wrong, and shows neither user name nor password.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        // Before anything is quoted: what stands in front of an @ may be a password.
        if text.contains('@') {
            return Err("the URL holds a user name or a password".into());
        }
        let uri: Uri = text.parse().map_err(|error: InvalidUri| format!("{text:?} is not a URL: {error}"))?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(format!("{text:?} lacks a scheme or a host"));
        };
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(format!("{text:?} has neither the scheme https nor http"));
        }
        // A port that is there but is no number would otherwise become the default port.
        let host_length = authority.host().len();
        if authority.as_str().len() > host_length && authority.port().is_none() {
            return Err(format!("{text:?} has a port that is not a number up to 65535"));
        }
        let path = parts.path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/"));
        if path.query().is_some() {
            return Err(format!("{text:?} has a query"));
        }
        Ok(Self { scheme, authority, base_path: path.path().trim_end_matches('/').to_owned() })
    }

    /// The host without the brackets of an IPv6 address.
    pub(crate) fn host(&self) -> &str {
        let host = self.authority.host();
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    /// The `Host` header.
    pub(crate) fn authority(&self) -> &str {
        self.authority.as_str()
    }

    pub(crate) fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Whether the host is this machine's own loopback.
    #[cfg(feature = "kubeconfig")]
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.host();
        host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
    }

    /// The whole URL of a target, which starts with a slash.
    pub(crate) fn url(&self, target: &str) -> Result<Uri, http::Error> {
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(format!("{}{target}", self.base_path))
            .build()
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.base_path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_comes_back_as_it_was_and_leads_every_target() {
        for (text, host, url) in [
            ("https://10.0.0.1:6443", "10.0.0.1", "https://10.0.0.1:6443/api/v1/pods?limit=5"),
            ("https://[fd00::1]:6443/", "fd00::1", "https://[fd00::1]:6443/api/v1/pods?limit=5"),
            (
                "https://rancher.example/k8s/c-1/",
                "rancher.example",
                "https://rancher.example/k8s/c-1/api/v1/pods?limit=5",
            ),
            ("http://localhost:8001", "localhost", "http://localhost:8001/api/v1/pods?limit=5"),
        ] {
            let server = Server::parse(text).unwrap();
            assert_eq!(server.to_string(), text.trim_end_matches('/'));
            assert_eq!(server.host(), host);
            assert_eq!(server.url("/api/v1/pods?limit=5").unwrap().to_string(), url);
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        for (text, said) in [
            ("", "not a URL"),
            ("10.0.0.1:6443", "lacks a scheme"),
            ("/var/run/socket", "lacks a scheme"),
            ("ftp://host", "neither"),
            ("https://host/?a=b", "query"),
            ("https://host:port", "port"),
            ("https://host:", "port"),
            ("https://host:70000", "port"),
            ("https://ho st", "not a URL"),
        ] {
            let problem = Server::parse(text).expect_err(text);
            assert!(problem.contains(said), "{text}: {problem}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_refused_and_not_shown() {
        for text in
            ["https://admin:marker@host", "https://admin:mar/ker@ho st", "foo://marker@host", "admin:marker@host:6443"]
        {
            let problem = Server::parse(text).unwrap_err();
            assert!(problem.contains("password") && !problem.contains("mar"), "{problem}");
        }
    }
}
