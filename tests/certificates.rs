//! The certificates that the controller keeps, through years of simulated time: what servers prove themselves with is trusted
//! by the registrations at every moment, however late each of the two learns of a change.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

use std::time::{Duration, SystemTime};

use pod_hardener::controller::authority::{Authority, Ca};
use pod_hardener::controller::held::{Asked, Data, Held, Step};
use pod_hardener::x509;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Between two looks.
const TICK: Duration = DAY;

fn asked() -> Asked {
    Asked {
        names: vec!["pod-hardener.pod-hardener.svc".to_owned()],
        ca_lifetime: 730 * DAY,
        certificate_lifetime: 90 * DAY,
    }
}

/// Certificates count whole seconds.
fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

/// What the Secret would hold.
fn stored(held: &Held) -> Data {
    let some = held.data().into_iter();
    some.filter_map(|(key, text)| Some((key.to_owned(), text?.into_bytes())))
        .collect()
}

/// What is held after `step`, read back as the next look reads it.
fn after(held: Held, step: Step, now: SystemTime) -> Held {
    let held = held.take(step, &asked(), now).unwrap();
    Held::read(&stored(&held), &asked(), now)
}

fn founded(now: SystemTime) -> Held {
    let empty = Held::read(&Data::new(), &asked(), now);
    assert_eq!(empty.step(&asked(), false, now), Some(Step::Found));
    let held = after(empty, Step::Found, now);
    assert_eq!(held.step(&asked(), false, now), Some(Step::Sign));
    after(held, Step::Sign, now)
}

fn is_trusted(certificate: &str, bundle: &str, now: SystemTime) -> bool {
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    let cas = Ca::all_of_pem(bundle.as_bytes());
    let roots: Vec<_> = cas.iter().map(Ca::der).collect();
    x509::is_trusted(&certificate, &[], &roots, &asked().names, now)
}

/// A client or a server that learns of a change later than it is made.
struct Late {
    by: Duration,
    versions: Vec<(SystemTime, String)>,
}

impl Late {
    fn new(by: Duration) -> Self {
        Self {
            by,
            versions: Vec::new(),
        }
    }

    fn told(&mut self, now: SystemTime, text: String) {
        if self.versions.last().is_none_or(|(_, last)| *last != text) {
            self.versions.push((now, text));
        }
    }

    /// What it goes by at `now`; the first version at once, since nothing was there before.
    fn knows(&self, now: SystemTime) -> &str {
        let known = self
            .versions
            .iter()
            .rev()
            .find(|(told, _)| *told + self.by <= now);
        &known.unwrap_or(&self.versions[0]).1
    }
}

/// Ten years, with the controller away for weeks in between.
fn decade(
    bundles_late: Duration,
    settle: Duration,
    certificates_late: Duration,
) -> Result<[usize; 4], String> {
    let mut now = start();
    let mut held = founded(now);
    let (mut registration, mut server) = (Late::new(bundles_late), Late::new(certificates_late));
    let mut steps = [0; 4];
    let mut trusted_since = now;
    for tick in 0..10 * 365 {
        now += TICK;
        let away = tick % 120 >= 100;
        if !away {
            held = Held::read(&stored(&held), &asked(), now);
            if registration
                .versions
                .last()
                .is_none_or(|(_, last)| *last != held.bundle())
            {
                trusted_since = now;
            }
            registration.told(now, held.bundle());
            let trusted = trusted_since + settle <= now;
            if let Some(step) = held.step(&asked(), trusted, now) {
                steps[step as usize] += 1;
                held = after(held, step, now);
            }
            server.told(
                now,
                held.serving().expect("a certificate").certificate.clone(),
            );
        }
        if !is_trusted(server.knows(now), registration.knows(now), now) {
            return Err(format!("tick {tick}, steps {steps:?}"));
        }
    }
    Ok(steps)
}

#[test]
fn ten_years_without_a_moment_of_distrust() {
    decade(2 * TICK, 3 * TICK, Duration::ZERO).unwrap();
    let [found, stage, promote, sign] = decade(2 * TICK, 3 * TICK, 5 * DAY).unwrap();
    // A CA is renewed after 487 of its 730 days, a certificate after 60 of its 90.
    assert_eq!((found, stage, promote), (0, 7, 7));
    assert!((50..60).contains(&sign), "{sign}");
}

/// The settling time is what keeps the promise: registrations that learn of a CA later than it signs distrust the server.
#[test]
fn a_ca_that_signs_before_it_is_trusted_shows() {
    assert!(decade(4 * TICK, TICK, Duration::ZERO).is_err());
}

#[test]
fn a_lost_secret_costs_no_trust_in_what_is_served() {
    let now = start();
    let before = founded(now);
    let mut held = Held::read(&Data::new(), &asked(), now);
    held.adopt(before.bundle().as_bytes(), &asked(), now);
    let held = after(held, Step::Found, now);
    assert!(is_trusted(
        &before.serving().unwrap().certificate,
        &held.bundle(),
        now
    ));
    // Servers have a certificate: the new CA is trusted first.
    assert_eq!(held.step(&asked(), false, now), None);
    assert_eq!(held.step(&asked(), true, now), Some(Step::Sign));
}

#[test]
fn what_is_not_ours_is_not_trusted() {
    let now = start();
    let held = founded(now);
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "another");
    let foreign = params
        .self_signed(&rcgen::KeyPair::generate().unwrap())
        .unwrap()
        .pem();
    let mut data = stored(&held);
    for other in [
        foreign.as_str(),
        "-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----\n",
        "garbage",
    ] {
        data.get_mut("ca.crt").unwrap().extend(other.as_bytes());
        let mut read = Held::read(&data, &asked(), now);
        assert_eq!(read.bundle(), held.bundle());
        read.adopt(other.as_bytes(), &asked(), now);
        assert_eq!(read.bundle(), held.bundle());
    }
    // One in a registration that calls itself ours, and is valid for longer than ours are.
    let longer = Authority::make(now, 731 * DAY).unwrap().ca().pem();
    let mut lost = Held::read(&Data::new(), &asked(), now);
    lost.adopt(longer.as_bytes(), &asked(), now);
    assert_eq!(lost.bundle(), "");
}

#[test]
fn a_serving_certificate_that_will_not_do_is_replaced() {
    let now = start();
    let held = founded(now);
    let broken = |key: &str, value: &[u8]| {
        let mut data = stored(&held);
        data.insert(key.to_owned(), value.to_vec());
        let read = Held::read(&data, &asked(), now);
        assert!(!read.is_lost());
        read.step(&asked(), true, now)
    };
    let other = founded(now);
    assert_eq!(
        broken("tls.key", other.serving().unwrap().key.as_bytes()),
        Some(Step::Sign)
    );
    assert_eq!(
        broken("tls.crt", other.serving().unwrap().certificate.as_bytes()),
        Some(Step::Sign)
    );
    assert_eq!(broken("tls.crt", b""), Some(Step::Sign));
    assert_eq!(broken("ignored", b"x"), None);
    let renamed = Asked {
        names: vec!["pod-hardener.elsewhere.svc".to_owned()],
        ..asked()
    };
    let read = Held::read(&stored(&held), &renamed, now);
    assert_eq!(read.step(&renamed, true, now), Some(Step::Sign));
}

#[test]
fn a_lost_key_of_the_ca_makes_a_new_one() {
    let now = start();
    let held = founded(now);
    let mut data = stored(&held);
    data.insert(
        "ca.key".to_owned(),
        b"-----BEGIN PRIVATE KEY-----\n".to_vec(),
    );
    let read = Held::read(&data, &asked(), now);
    assert_eq!(read.step(&asked(), false, now), Some(Step::Found));
    // The one that signed what is served stays trusted.
    assert!(read.bundle().contains(&held.bundle()));
}

/// The clock of the controller's node goes three years ahead for a day. What servers have stays trusted, and a certificate of
/// tomorrow is not signed again and again.
#[test]
fn a_clock_that_is_wrong_for_a_day_ends_no_trust() {
    let now = start();
    let before = founded(now);
    let served = &before.serving().unwrap().certificate;
    let wrong = now + 3 * 365 * DAY;
    let mut held = Held::read(&stored(&before), &asked(), wrong);
    for _ in 0..2 {
        let step = held
            .step(&asked(), true, wrong)
            .expect("something is due by that clock");
        held = after(held, step, wrong);
        assert!(is_trusted(served, &held.bundle(), now));
    }
    assert_eq!(held.step(&asked(), true, wrong), None);
    // The right time again.
    let mut held = Held::read(&stored(&held), &asked(), now);
    for step in [Step::Found, Step::Sign] {
        assert_eq!(held.step(&asked(), true, now), Some(step));
        held = after(held, step, now);
        assert!(is_trusted(served, &held.bundle(), now));
    }
    assert_eq!(held.step(&asked(), true, now), None);
    let signed = &held.serving().unwrap().certificate;
    assert!(is_trusted(signed, &held.bundle(), now));
}

#[test]
fn a_lost_key_leaves_the_certificate_that_servers_start_with() {
    let now = start();
    let mut data = stored(&founded(now));
    data.remove("ca.key");
    let held = Held::read(&data, &asked(), now)
        .take(Step::Found, &asked(), now)
        .unwrap();
    assert!(!held.data().contains_key("tls.crt") && !held.data().contains_key("tls.key"));
}

#[test]
fn a_staged_ca_is_trusted_before_it_signs_where_the_other_is_lost() {
    let now = start();
    let due = now + 500 * DAY;
    let held = founded(now);
    let held = after(held, Step::Stage, due);
    let mut data = stored(&held);
    data.remove("ca.key");
    let held = Held::read(&data, &asked(), due);
    assert!(!held.is_lost());
    assert_eq!(held.step(&asked(), false, due), None);
    assert_eq!(held.step(&asked(), true, due), Some(Step::Promote));
}

#[test]
fn a_key_is_in_no_debug_output() {
    let shown = format!("{:?}", founded(start()));
    assert!(
        shown.contains("Serving") && !shown.contains("PRIVATE"),
        "{shown}"
    );
}
