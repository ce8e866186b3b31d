//! A certificate authority for one run, and what it vouches for.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PublicKeyData as _,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::tls::provider;

pub(super) struct Pki {
    /// The authority's certificate, as PEM. Its key is gone by now.
    pub(super) authority: String,
    /// Nobody can guess it.
    pub(super) token: String,
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Pki {
    /// For a server at this address and at those by which a machine knows itself.
    pub(super) fn make(listen: IpAddr) -> Result<Self, rcgen::Error> {
        let mut authority = named("quorate dev-server, authority", Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        if !listen.is_unspecified() && !listen.is_loopback() {
            names.push(listen.to_string());
        }
        let mut server = named("quorate dev-server", names)?;
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = server.signed_by(&key, &authority)?.der().clone();
        let token = token()?;
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        Ok(Self { authority: authority.pem(), token, certificate, key })
    }

    pub(super) fn acceptor(&self, http2: bool) -> Result<TlsAcceptor, Box<dyn Error>> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key())?;
        let protocols: &[&[u8]] = if http2 { &[b"h2", b"http/1.1"] } else { &[b"http/1.1"] };
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn named(name: &str, hosts: Vec<String>) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(hosts)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

/// 128 bits of chance: a key is where we have them from without one more dependency. The first byte of an elliptic curve's
/// point tells its form only.
fn token() -> Result<String, rcgen::Error> {
    let key = KeyPair::generate()?;
    Ok(key.der_bytes().iter().skip(1).take(16).map(|byte| format!("{byte:02x}")).collect())
}
