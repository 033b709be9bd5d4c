//! Who the server is: a certificate out of files, or one that it makes itself; and TLS with the one that is in force.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::x509::{self, Life};

/// A certificate with its chain, and its key.
#[derive(Debug)]
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    ca: Option<String>,
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file does not hold what it should.
    #[error("there is no {what} in {}; give a PEM file that begins with `-----BEGIN {begins}-----`", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// `certificate` or `private key`.
        what: &'static str,
        /// The word of its PEM header.
        begins: &'static str,
    },
    /// The key is not the certificate's, or of a kind that is not known.
    #[error(
        "the certificate and the key do not make a pair: {0}; give the key that the certificate was made for"
    )]
    NoPair(rustls::Error),
    /// A certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Making(#[from] rcgen::Error),
}

impl Identity {
    /// The identity in two PEM texts; the paths are what errors call them.
    ///
    /// # Errors
    ///
    /// When one holds no certificate or no key.
    pub fn from_pem(certificate: (&Path, &[u8]), key: (&Path, &[u8])) -> Result<Self, TlsError> {
        let empty = |path: &Path, what, begins| TlsError::Empty {
            path: path.to_owned(),
            what,
            begins,
        };
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate.1).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| empty(certificate.0, "certificate", "CERTIFICATE"))?;
        let private = PrivateKeyDer::from_pem_slice(key.1);
        let key = private.map_err(|_| empty(key.0, "private key", "PRIVATE KEY"))?;
        Ok(Self {
            chain,
            key,
            ca: None,
        })
    }

    /// A P-256 identity for `localhost` and the loopback addresses, and `listen` if it is an address of its own, signed
    /// by a CA that is forgotten at once.
    ///
    /// # Errors
    ///
    /// When no key can be made.
    pub fn self_made(listen: IpAddr) -> Result<Self, TlsError> {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        authority
            .distinguished_name
            .push(DnType::CommonName, "pod-hardener, made at start");
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

        let mut names = vec![
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
            "::1".to_owned(),
        ];
        if !listen.is_unspecified() && !names.contains(&listen.to_string()) {
            names.push(listen.to_string());
        }
        let mut server = CertificateParams::new(names)?;
        server
            .distinguished_name
            .push(DnType::CommonName, "pod-hardener");
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = server.signed_by(&key, &authority)?;
        Ok(Self {
            chain: vec![certificate.der().clone()],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            ca: Some(authority.pem()),
        })
    }

    /// The certificate of the CA, as PEM, if it was made here.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca.as_deref()
    }

    /// From when to when the certificate is valid; nothing where it does not say.
    #[must_use]
    pub fn life(&self) -> Option<Life> {
        Some(x509::read(self.chain.first()?)?.life)
    }

    /// TLS with this identity alone.
    ///
    /// # Errors
    ///
    /// When the key is not the certificate's.
    pub fn into_server_config(self) -> Result<Arc<ServerConfig>, TlsError> {
        let in_force = InForce::default();
        in_force.put(self.into_pair()?);
        server_config(Arc::new(in_force))
    }

    /// The pair, checked.
    ///
    /// # Errors
    ///
    /// When the key is not the certificate's.
    pub(super) fn into_pair(self) -> Result<CertifiedKey, TlsError> {
        CertifiedKey::from_der(self.chain, self.key, &default_provider()).map_err(TlsError::NoPair)
    }
}

/// The pair in force; a handshake takes it, and connections that are open keep what they have.
#[derive(Debug, Default)]
pub(super) struct InForce(ArcSwapOption<CertifiedKey>);

impl InForce {
    pub(super) fn put(&self, pair: CertifiedKey) {
        self.0.store(Some(Arc::new(pair)));
    }

    /// Whether there is one.
    pub(super) fn is_there(&self) -> bool {
        self.0.load().is_some()
    }
}

impl ResolvesServerCert for InForce {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load_full()
    }
}

/// TLS 1.2 and 1.3 with the pair in force, for HTTP/1.1.
///
/// # Errors
///
/// When the library knows no such versions.
pub(super) fn server_config(in_force: Arc<InForce>) -> Result<Arc<ServerConfig>, TlsError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::NoPair)?
        .with_no_client_auth()
        .with_cert_resolver(in_force);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A session that is resumed costs as much as a new one, and would never see a new certificate.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}
