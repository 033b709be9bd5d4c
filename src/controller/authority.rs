//! Certificates: made, and read again.

use std::fmt;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::x509::{self, Life};

/// The common name of our CAs, by which one of ours is known from another's.
pub const CA: &str = "pod-hardener CA";

/// How much earlier than now a certificate begins at most, for clocks that are late.
const EARLIER: Duration = Duration::from_secs(300);

/// From when to when a certificate is to be valid.
fn life(now: SystemTime, lifetime: Duration) -> Life {
    Life {
        from: now - EARLIER.min(lifetime / 20),
        to: now + lifetime,
    }
}

/// A certificate could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MakingError {
    /// The library could not make it.
    #[error("cannot make a certificate: {0}")]
    Making(#[from] rcgen::Error),
    /// Nobody would trust what was made.
    #[error("a certificate that is made now is not valid: see to the clock of this machine")]
    Useless,
}

/// The certificate of a CA, whose key may be gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ca {
    der: CertificateDer<'static>,
    life: Life,
}

impl Ca {
    /// Those in a PEM text that are CAs of ours; what is none is passed over.
    pub fn all_of_pem(text: &[u8]) -> Vec<Self> {
        let certificates = CertificateDer::pem_slice_iter(text).flatten();
        certificates.filter_map(Self::of_der).collect()
    }

    fn of_der(der: CertificateDer<'static>) -> Option<Self> {
        let read = x509::read(&der)?;
        let life = (read.is_ca && read.common_name.as_deref() == Some(CA)).then_some(read.life)?;
        Some(Self { der, life })
    }

    /// From when to when it is valid.
    pub fn life(&self) -> Life {
        self.life
    }

    /// As DER.
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// As PEM.
    pub fn pem(&self) -> String {
        x509::pem(&self.der)
    }

    fn is_of(&self, key: &KeyPair) -> bool {
        let read = x509::read(&self.der);
        read.is_some_and(|read| read.public_key == key.subject_public_key_info())
    }
}

/// A CA that can sign.
#[derive(Debug)]
pub struct Authority {
    ca: Ca,
    key: KeyPair,
}

impl Authority {
    /// A new one, of a P-256 key, valid for `lifetime` from now on.
    ///
    /// # Errors
    ///
    /// When no key can be made.
    pub fn make(now: SystemTime, lifetime: Duration) -> Result<Self, MakingError> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, CA);
        let life = life(now, lifetime);
        (params.not_before, params.not_after) = (life.from.into(), life.to.into());
        let key = KeyPair::generate()?;
        let der = params.self_signed(&key)?.der().clone();
        let ca = Ca { der, life };
        Ok(Self { ca, key })
    }

    /// The one of `cas` whose key is in a PEM text.
    pub fn find(cas: &[Ca], key: &[u8]) -> Option<Self> {
        let key = KeyPair::from_pem(std::str::from_utf8(key).ok()?).ok()?;
        let ca = cas.iter().find(|ca| ca.is_of(&key))?.clone();
        Some(Self { ca, key })
    }

    /// Its certificate.
    pub fn ca(&self) -> &Ca {
        &self.ca
    }

    /// Its certificate, and the key is forgotten.
    pub fn into_ca(self) -> Ca {
        self.ca
    }

    /// Its key as PEM.
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// A new serving certificate, of a P-256 key, for `names`; it does not outlive the CA.
    ///
    /// # Errors
    ///
    /// When no key can be made, or a name is none.
    pub fn sign(
        &self,
        names: &[String],
        now: SystemTime,
        lifetime: Duration,
    ) -> Result<Serving, MakingError> {
        let mut params = CertificateParams::new(names)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "pod-hardener");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let life = life(now, lifetime);
        let life = Life {
            from: life.from.max(self.ca.life.from),
            to: life.to.min(self.ca.life.to),
        };
        (params.not_before, params.not_after) = (life.from.into(), life.to.into());
        let issuer = Issuer::from_ca_cert_der(&self.ca.der, &self.key)?;
        let key = KeyPair::generate()?;
        let (certificate, key) = (params.signed_by(&key, &issuer)?.pem(), key.serialize_pem());
        // What is not taken would be made again and again.
        Serving::read(certificate.as_bytes(), key.as_bytes(), &self.ca, names, now)
            .ok_or(MakingError::Useless)
    }
}

/// What the servers prove themselves with.
#[derive(Clone, PartialEq, Eq)]
pub struct Serving {
    /// The certificate as PEM.
    pub certificate: String,
    /// Its key as PEM.
    pub key: String,
    life: Life,
}

impl fmt::Debug for Serving {
    /// Without the key, which nobody is to find in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serving")
            .field("life", &self.life)
            .finish_non_exhaustive()
    }
}

impl Serving {
    /// The pair in two PEM texts, if the key is the certificate's and somebody who trusts only `ca` takes it for each of
    /// `names`.
    pub fn read(
        certificate: &[u8],
        key: &[u8],
        ca: &Ca,
        names: &[String],
        now: SystemTime,
    ) -> Option<Self> {
        let der = CertificateDer::from_pem_slice(certificate).ok()?;
        let read = x509::read(&der)?;
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
        let (certificate, key) = (text(certificate)?, text(key)?);
        let pair = KeyPair::from_pem(&key).ok()?;
        let is_usable = read.public_key == pair.subject_public_key_info()
            && x509::is_trusted(&der, &[], &[ca.der()], names, now);
        is_usable.then_some(Self {
            certificate,
            key,
            life: read.life,
        })
    }

    /// From when to when it is valid.
    pub fn life(&self) -> Life {
        self.life
    }
}
