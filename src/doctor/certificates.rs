//! The certificate that the servers have, and who trusts it.

use std::time::SystemTime;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::{Entry, Findings, Seen};
use crate::controller::authority;
use crate::x509;

/// How the certificate is renewed.
const RENEW: &str = "look at the log of the one who renews it: kubectl logs deploy/pod-hardener-controller -n pod-hardener, or cert-manager's";

/// How a registration learns what to trust.
const TRUST: &str = "kubectl logs deploy/pod-hardener-controller -n pod-hardener: it writes caBundle, and says why it cannot; with certificates.mode=existing \
     give the chart the right caBundle";

/// The certificate can be read, is valid, and is not overdue for renewal.
pub(super) fn certificate(seen: &Seen, now: SystemTime, findings: &mut Findings) {
    let Some((from, pem)) = &seen.certificate else {
        return;
    };
    let read = CertificateDer::from_pem_slice(pem).ok();
    let Some(read) = read.and_then(|der| x509::read(&der)) else {
        findings.error(
            from,
            "holds no certificate: the servers wait for one",
            RENEW,
        );
        return;
    };
    let until = humantime::format_rfc3339_seconds(read.life.to);
    if read.life.is_over(now) {
        findings.error(
            from,
            format!("has ended, at {until}: the API server takes no answer"),
            RENEW,
        );
    } else if read.life.from > now {
        let from_when = humantime::format_rfc3339_seconds(read.life.from);
        findings.error(
            from,
            format!("is not valid before {from_when}: the API server takes no answer"),
            "see to the clocks of the nodes",
        );
    } else if read.life.due() < now {
        findings.warning(
            from,
            format!("is valid until {until}, less than a third of its time, and not renewed yet"),
            RENEW,
        );
    }
}

/// Every registration trusts what the servers have.
pub(super) fn trust(seen: &Seen, now: SystemTime, findings: &mut Findings) {
    let pem = seen.certificate.as_ref().map(|(_, pem)| pem.as_slice());
    // The first is the server's, the others lead to a CA.
    let mut chain = CertificateDer::pem_slice_iter(pem.unwrap_or_default()).flatten();
    let (served, chain) = (chain.next(), chain.collect::<Vec<_>>());
    let issuer = served
        .as_ref()
        .and_then(|served| x509::read(served)?.issuer);
    for entry in seen.entries() {
        let Some(bundle) = &entry.client.ca_bundle else {
            let what = "has no caBundle: the API server takes our answers only if a CA signed that it trusts anyway";
            match issuer
                .as_deref()
                .is_none_or(|issuer| issuer == authority::CA)
            {
                true => findings.error(entry.object(), what, TRUST),
                false => findings.note(entry.object(), what, "nothing, if that is so"),
            }
            continue;
        };
        let cas: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(&bundle.0)
            .flatten()
            .collect();
        let roots: Vec<&CertificateDer<'_>> = cas.iter().collect();
        let (Some(served), Some(name)) = (&served, name(&entry)) else {
            continue;
        };
        if !x509::is_trusted(served, &chain, &roots, std::slice::from_ref(&name), now) {
            findings.error(
                entry.object(),
                format!("does not trust what the servers have as a certificate for {name}"),
                TRUST,
            );
        }
    }
}

/// The name that the API server asks for (C9).
fn name(entry: &Entry<'_>) -> Option<String> {
    if let Some(service) = &entry.client.service {
        return Some(format!("{}.{}.svc", service.name, service.namespace));
    }
    let url: hyper::Uri = entry.client.url.as_ref()?.parse().ok()?;
    Some(url.host()?.trim_matches(['[', ']']).to_owned())
}
