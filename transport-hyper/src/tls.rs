//! Whom we trust, and who we are: from PEM to what rustls wants.

mod unverified;

use std::sync::Arc;

use quorate_core::api::FailureKind;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, Error, InconsistentKeys, RootCertStore};

use crate::config::Fault;
use crate::material::Material;

/// Everything that a TLS handshake needs to be told. The files it names are read for each handshake.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    pub(crate) trust: Trust,
    /// What the server's certificate must be valid for, and what we call the server by.
    pub(crate) server_name: ServerName<'static>,
    pub(crate) identity: Option<Identity>,
}

/// How the server proves itself.
#[derive(Clone, Debug)]
pub(crate) enum Trust {
    /// By a certificate that one of these authorities issued.
    Authorities(Material),
    /// Not at all. No credential may go to such a server.
    #[cfg_attr(not(feature = "kubeconfig"), expect(dead_code, reason = "only a kubeconfig can ask for it"))]
    Unverified,
}

/// A client certificate and its key.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) chain: Material,
    pub(crate) key: Material,
}

impl Tls {
    /// Reads the files and prepares one handshake. Blocks on the file system.
    pub(crate) fn client_config(&self) -> Result<ClientConfig, (FailureKind, Fault)> {
        let provider = provider();
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| (FailureKind::Untrusted, provider_fault(&error)))?;
        let builder = match &self.trust {
            Trust::Authorities(authorities) => {
                let roots = root_store(authorities).map_err(|fault| (FailureKind::Untrusted, fault))?;
                builder.with_root_certificates(roots)
            }
            Trust::Unverified => {
                let verifier = unverified::AnyCertificate::new(&provider);
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
            }
        };
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let mut faults = Vec::new();
                let Some(resolver) = identity.resolver(&provider, &mut faults) else {
                    let fault = faults
                        .into_iter()
                        .next()
                        .unwrap_or_else(|| identity.chain.fault("cannot be used", "replace it"));
                    return Err((FailureKind::Credentials, fault));
                };
                builder.with_client_cert_resolver(resolver)
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

impl Identity {
    pub(crate) const fn is_file(&self) -> bool {
        self.chain.is_file() || self.key.is_file()
    }

    /// Adds every reason why this identity cannot be used.
    pub(crate) fn check(&self, faults: &mut Vec<Fault>) {
        self.resolver(&provider(), faults);
    }

    fn resolver(&self, provider: &CryptoProvider, faults: &mut Vec<Fault>) -> Option<Arc<dyn ResolvesClientCert>> {
        let chain = certificates(&self.chain).map_err(|fault| faults.push(fault)).ok();
        let key = self.private_key(provider).map_err(|fault| faults.push(fault)).ok();
        let certified = CertifiedKey::new(chain?, key?);
        match certified.keys_match() {
            // Not every provider can tell; the server will.
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => {
                Some(Arc::new(SingleCertAndKey::from(certified)))
            }
            Err(Error::InconsistentKeys(_)) => {
                faults.push(
                    self.key.fault("is not the key of the client certificate", "name the two that belong together"),
                );
                None
            }
            Err(_) => {
                faults.push(self.chain.fault("does not begin with an X.509 certificate", "replace it"));
                None
            }
        }
    }

    fn private_key(&self, provider: &CryptoProvider) -> Result<Arc<dyn rustls::sign::SigningKey>, Fault> {
        // rustls' own error texts quote lines of the file.
        let der = PrivateKeyDer::from_pem_slice(&self.key.read()?).map_err(|_| {
            self.key.fault(
                "holds no private key in PEM form",
                "give one that is not encrypted, as BEGIN PRIVATE KEY begins it",
            )
        })?;
        provider.key_provider.load_private_key(der).map_err(|_| {
            self.key.fault(
                "holds a private key that cannot be used",
                "give an RSA, ECDSA or Ed25519 key that is not encrypted",
            )
        })
    }
}

/// The authorities in a PEM bundle. Those that cannot be read are left out, as client-go does, if one remains.
pub(crate) fn root_store(authorities: &Material) -> Result<RootCertStore, Fault> {
    let mut roots = RootCertStore::empty();
    let (added, ignored) = roots.add_parsable_certificates(certificates(authorities)?);
    if added == 0 {
        let problem = format!("none of its {ignored} certificates can be used as a certificate authority");
        return Err(authorities.fault(problem, "give the CA certificate of the cluster"));
    }
    Ok(roots)
}

fn certificates(material: &Material) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let pem = material.read()?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    found.ok().filter(|certificates| !certificates.is_empty()).ok_or_else(|| {
        material.fault("holds no certificate in PEM form, or a damaged one", "give one as BEGIN CERTIFICATE begins it")
    })
}

/// Who does the cryptography. Given by value wherever rustls wants it: the process-wide default belongs to the program.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    #[cfg(feature = "ring")]
    return Arc::new(rustls::crypto::ring::default_provider());
    #[cfg(all(feature = "aws-lc-rs", not(feature = "ring")))]
    return Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    // Without either, compilation stops with a text in lib.rs; this only keeps further errors out of its way.
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    loop {}
}

fn provider_fault(error: &Error) -> Fault {
    Fault::new("TLS", error.to_string(), "build with the feature ring or aws-lc-rs")
}
