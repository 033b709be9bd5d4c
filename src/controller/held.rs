//! What the Secret holds, and what is to be done with it: values in, values out.
//!
//! | key | what it is |
//! |---|---|
//! | `tls.crt`, `tls.key` | the serving certificate and its key, for the servers |
//! | `ca.crt` | every CA that is to be trusted, for the registrations' `caBundle` |
//! | `ca.key` | the key of the CA that signs |
//! | `next.key` | the key of the CA that will sign once it is trusted everywhere |

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::authority::{Authority, Ca, MakingError, Serving};

/// The data of the Secret.
pub type Data = BTreeMap<String, Vec<u8>>;

/// What is asked of certificates.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The names that the servers are reached by.
    pub names: Vec<String>,
    /// How long a CA is valid.
    pub ca_lifetime: Duration,
    /// How long a serving certificate is valid.
    pub certificate_lifetime: Duration,
}

/// How many CAs are trusted that sign no more. How old they are does not count: a clock that was wrong for a while must not end
/// the trust in what servers have, and one that has ended does no harm.
const OTHERS: usize = 4;

/// What is held, as far as it can be used now.
#[derive(Debug)]
pub struct Held {
    current: Option<Authority>,
    next: Option<Authority>,
    others: Vec<Ca>,
    serving: Option<Serving>,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// There is no CA that can sign: make one.
    Found,
    /// The CA nears its end: make the next one, to be trusted before it signs.
    Stage,
    /// The next CA is trusted everywhere: it signs from now on.
    Promote,
    /// There is no serving certificate that will do, or it nears its end: sign one.
    Sign,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 4] = [Self::Found, Self::Stage, Self::Promote, Self::Sign];

    /// Its name in the log and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Stage => "stage",
            Self::Promote => "promote",
            Self::Sign => "sign",
        }
    }
}

impl Held {
    /// What of `data` can be used at `now`. The rest is as if it were not there.
    #[must_use]
    pub fn read(data: &Data, asked: &Asked, now: SystemTime) -> Self {
        let get = |key: &str| data.get(key).map(Vec::as_slice).unwrap_or_default();
        let cas = Ca::all_of_pem(get("ca.crt"));
        // One whose time has not come yet was made by a clock that was wrong.
        let signs = |key| Authority::find(&cas, get(key)).filter(|a| a.ca().life().contains(now));
        let (current, next) = (signs("ca.key"), signs("next.key"));
        let is_other = |ca: &&Ca| {
            ![&current, &next]
                .into_iter()
                .flatten()
                .any(|a| a.ca() == *ca)
        };
        let others = cas.iter().filter(is_other).take(OTHERS).cloned().collect();
        let serving = current.as_ref().and_then(|authority| {
            let (certificate, key) = (get("tls.crt"), get("tls.key"));
            Serving::read(certificate, key, authority.ca(), &asked.names, now)
        });
        Self {
            current,
            next,
            others,
            serving,
        }
    }

    /// The Secret's data for this: `None` is a key that goes. Keys that are not named here stay, and so does the serving
    /// certificate that is there until there is another, which some server may start with.
    #[must_use]
    pub fn data(&self) -> BTreeMap<&'static str, Option<String>> {
        let key = |authority: &Option<Authority>| authority.as_ref().map(Authority::key_pem);
        let mut data = BTreeMap::from([
            ("ca.crt", Some(self.bundle())),
            ("ca.key", key(&self.current)),
            ("next.key", key(&self.next)),
        ]);
        if let Some(serving) = &self.serving {
            data.insert("tls.crt", Some(serving.certificate.clone()));
            data.insert("tls.key", Some(serving.key.clone()));
        }
        data
    }

    /// Every CA that is to be trusted, as PEM: the one that signs, the next one, and those that some server may still have
    /// a certificate of.
    #[must_use]
    pub fn bundle(&self) -> String {
        self.cas().map(Ca::pem).collect()
    }

    fn cas(&self) -> impl Iterator<Item = &Ca> {
        let signing = [&self.current, &self.next].into_iter().flatten();
        signing.map(Authority::ca).chain(&self.others)
    }

    /// Trusts the CAs of `bundle` too, which were trusted until now: where the Secret is lost, the servers still have
    /// a certificate of one of them. None of ours is valid for longer than is asked for.
    pub fn adopt(&mut self, bundle: &[u8], asked: &Asked, now: SystemTime) {
        for ca in Ca::all_of_pem(bundle) {
            let is_ours = ca.life().to <= now + asked.ca_lifetime;
            if is_ours && self.others.len() < OTHERS && !self.cas().any(|known| *known == ca) {
                self.others.push(ca);
            }
        }
    }

    /// Whether there is no CA that signs, or will.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.current.is_none() && self.next.is_none()
    }

    /// The CA that signs.
    #[must_use]
    pub fn ca(&self) -> Option<&Ca> {
        self.current.as_ref().map(Authority::ca)
    }

    /// The serving certificate.
    #[must_use]
    pub fn serving(&self) -> Option<&Serving> {
        self.serving.as_ref()
    }

    /// What is to be done next, if anything is. `trusted`: every registration has had [`Self::bundle`] for long enough.
    #[must_use]
    pub fn step(&self, asked: &Asked, trusted: bool, now: SystemTime) -> Option<Step> {
        let Some(current) = &self.current else {
            return match (&self.next, trusted) {
                (Some(_), true) => Some(Step::Promote),
                (Some(_), false) => None,
                (None, _) => Some(Step::Found),
            };
        };
        let life = current.ca().life();
        match &self.next {
            None if life.due() <= now => return Some(Step::Stage),
            Some(_) if trusted => return Some(Step::Promote),
            _ => {}
        }
        let sign = match &self.serving {
            Some(serving) => {
                // One that is valid no longer than this would be signed again and again.
                let gains = life.to.min(now + asked.certificate_lifetime) > serving.life().to;
                serving.life().due() <= now && gains
            }
            None => true,
        };
        // Nobody has a certificate yet where there is neither another CA: nobody waits for one either way.
        let first = self.serving.is_none() && self.others.is_empty() && self.next.is_none();
        (sign && (trusted || first)).then_some(Step::Sign)
    }

    /// The next moment at which [`Self::step`] may say something else by the time alone.
    #[must_use]
    pub fn wakes(&self, now: SystemTime) -> Option<SystemTime> {
        let ca = self
            .current
            .as_ref()
            .map(|current| current.ca().life().due());
        let serving = self.serving.as_ref().map(|serving| serving.life().due());
        let signing = [&self.current, &self.next].into_iter().flatten();
        let ends = signing.map(|authority| authority.ca().life().to);
        let moments = ends.chain(ca).chain(serving);
        moments.filter(|moment| *moment > now).min()
    }

    /// Takes a step.
    ///
    /// # Errors
    ///
    /// When a certificate cannot be made.
    pub fn take(self, step: Step, asked: &Asked, now: SystemTime) -> Result<Self, MakingError> {
        let make = || Authority::make(now, asked.ca_lifetime);
        let sign = |authority: &Authority| {
            let lifetime = asked.certificate_lifetime;
            authority.sign(&asked.names, now, lifetime)
        };
        let mut held = self;
        match step {
            Step::Found => held.current = Some(make()?),
            Step::Stage => held.next = Some(make()?),
            Step::Promote => {
                let before = std::mem::replace(&mut held.current, held.next.take());
                held.others.splice(0..0, before.map(Authority::into_ca));
                held.others.truncate(OTHERS);
            }
            Step::Sign => {}
        }
        if let (Step::Promote | Step::Sign, Some(current)) = (step, &held.current) {
            held.serving = Some(sign(current)?);
        }
        Ok(held)
    }
}
