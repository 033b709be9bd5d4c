//! What certificates say, and whether a client would trust them.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use pem::{EncodeConfig, LineEnding, Pem};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring::default_provider;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::parse_x509_certificate;
use x509_parser::x509::X509Name;

/// From when to when a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// Its first moment.
    pub from: SystemTime,
    /// Its last.
    pub to: SystemTime,
}

impl Life {
    /// Whether a moment is in it.
    #[must_use]
    pub fn contains(self, now: SystemTime) -> bool {
        self.from <= now && now < self.to
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(self, now: SystemTime) -> bool {
        self.to <= now
    }

    /// When a third of it is left: time to renew, and to learn of it when that fails.
    #[must_use]
    pub fn due(self) -> SystemTime {
        let all = self.to.duration_since(self.from).unwrap_or_default();
        self.to - all / 3
    }
}

/// What a certificate says of itself.
#[derive(Debug)]
pub struct Read {
    /// From when to when it is valid.
    pub life: Life,
    /// Whether it may sign others.
    pub is_ca: bool,
    /// Its subject's common name.
    pub common_name: Option<String>,
    /// The common name of who signed it.
    pub issuer: Option<String>,
    /// Its public key, as DER of a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
    pub public_key: Vec<u8>,
}

/// Reads a certificate; nothing where it is none.
#[must_use]
pub fn read(der: &CertificateDer<'_>) -> Option<Read> {
    let (_, certificate) = parse_x509_certificate(der).ok()?;
    let moment = |seconds: i64| {
        let seconds = u64::try_from(seconds).ok()?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    };
    let validity = certificate.validity();
    let common_name = |name: &X509Name<'_>| {
        let mut names = name.iter_common_name();
        names
            .next()
            .and_then(|name| name.as_str().ok())
            .map(str::to_owned)
    };
    Some(Read {
        life: Life {
            from: moment(validity.not_before.timestamp())?,
            to: moment(validity.not_after.timestamp())?,
        },
        is_ca: certificate.is_ca(),
        common_name: common_name(certificate.subject()),
        issuer: common_name(certificate.issuer()),
        public_key: certificate.public_key().raw.to_vec(),
    })
}

/// Whether a client that trusts `roots` alone takes a certificate, with the others of its chain, for a server of each of `names`
/// (RFC 5280, RFC 6125).
#[must_use]
pub fn is_trusted(
    certificate: &CertificateDer<'_>,
    chain: &[CertificateDer<'_>],
    roots: &[&CertificateDer<'_>],
    names: &[String],
    now: SystemTime,
) -> bool {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots.iter().map(|root| CertificateDer::from(root.as_ref())));
    let provider = Arc::new(default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(store.into(), provider).build();
    let now = now.duration_since(SystemTime::UNIX_EPOCH);
    let (Ok(verifier), Ok(now)) = (verifier, now) else {
        return false;
    };
    let now = UnixTime::since_unix_epoch(now);
    names.iter().all(|name| {
        ServerName::try_from(name.as_str()).is_ok_and(|name| {
            verifier
                .verify_server_cert(certificate, chain, &name, &[], now)
                .is_ok()
        })
    })
}

/// Whether a client can ask for a server by this name or address.
#[must_use]
pub fn is_name(name: &str) -> bool {
    ServerName::try_from(name).is_ok()
}

/// A certificate as PEM (RFC 7468).
#[must_use]
pub fn pem(der: &CertificateDer<'_>) -> String {
    let lines = EncodeConfig::new().set_line_ending(LineEnding::LF);
    pem::encode_config(&Pem::new("CERTIFICATE", der.as_ref()), lines)
}
