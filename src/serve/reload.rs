//! What is read from files, kept up to date: a version that can be used is put in force, another is refused, and what was in
//! force stays.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arc_swap::ArcSwap;

use super::Shared;
use super::metrics::Reloads;
use super::standing::Standing;
use super::tls::{Identity, InForce};
use super::watched::{Pace, Reading, Watched};
use crate::config::Settings;
use crate::x509::Life;

/// Follows the file of the configuration, for ever, where there is one.
pub(super) async fn follow_configuration(shared: &Shared, file: Option<PathBuf>, pace: Pace) {
    let Some(file) = file else {
        return;
    };
    follow(
        "configuration",
        Watched::new(vec![file.clone()], pace),
        &shared.configuration,
        &shared.metrics.configuration,
        |texts| {
            let text = texts.first().map(Vec::as_slice).unwrap_or_default();
            take_configuration(&file, text, &shared.settings)
        },
    )
    .await;
}

/// Follows the files of the certificate and its key, for ever, where there are such.
pub(super) async fn follow_certificate(
    shared: &Shared,
    files: Option<(PathBuf, PathBuf)>,
    pace: Pace,
) {
    let Some((certificate, key)) = files else {
        return;
    };
    follow(
        "certificate",
        Watched::new(vec![certificate.clone(), key.clone()], pace),
        &shared.certificate,
        &shared.metrics.certificate,
        |texts| {
            let mut texts = texts.iter().map(Vec::as_slice);
            let mut next = || texts.next().unwrap_or_default();
            let pair = (next(), next());
            let life = take_certificate((&certificate, &key), pair, &shared.pair)?;
            shared.metrics.lives.put("serving", life);
            Ok(Taken::New(valid(&certificate, life)))
        },
    )
    .await;
}

/// What became of a version that can be used.
enum Taken {
    /// It is in force, and called so.
    New(String),
    /// It was in force already.
    Same,
}

/// Hands every new version of `watched` to `take`, for ever, and says what became of it.
async fn follow(
    name: &'static str,
    mut watched: Watched,
    standing: &Standing,
    metrics: &Reloads,
    take: impl Fn(&[Vec<u8>]) -> Result<Taken, String>,
) {
    loop {
        let refused = match judge(watched.changed().await, &take) {
            Ok(Taken::New(what)) => {
                metrics.loaded(standing.is_there());
                tracing::info!(target: "reload", in_force = what, "{name}: a new version is in force");
                standing.put(what);
                continue;
            }
            Ok(Taken::Same) => {
                metrics.restored();
                if standing.restore() {
                    tracing::info!(target: "reload", "{name}: what is on disk is again what is in force");
                }
                continue;
            }
            Err(refused) => refused,
        };
        let Refused { outcome, why } = refused;
        metrics.refused(outcome);
        let consequence = match standing.is_there() {
            true => "what was in force stays",
            false => "waiting for another",
        };
        tracing::error!(target: "reload", outcome, why, "{name}: what is on disk cannot be used; {consequence}");
        standing.refuse(why);
    }
}

/// Why a version is not taken.
struct Refused {
    /// Its name in metrics.
    outcome: &'static str,
    why: String,
}

fn judge(
    reading: Reading,
    take: impl Fn(&[Vec<u8>]) -> Result<Taken, String>,
) -> Result<Taken, Refused> {
    let refused = |outcome| move |why| Refused { outcome, why };
    let files = reading
        .map_err(|error| error.to_string())
        .map_err(refused("unreadable"))?;
    // A version that brings out a bug is a bad one, and no reason to end.
    let taken = catch_unwind(AssertUnwindSafe(|| take(&files))).unwrap_or_else(|_| {
        Err("reading it is a bug in this program; please report it".to_owned())
    });
    taken.map_err(refused("refused"))
}

/// Puts the text of a configuration in force, for all requests that come after.
fn take_configuration(
    file: &Path,
    text: &[u8],
    in_force: &ArcSwap<Settings>,
) -> Result<Taken, String> {
    let name = file.display().to_string();
    let text = std::str::from_utf8(text)
        .map_err(|error| format!("{name} is not UTF-8 from byte {} on", error.valid_up_to()))?;
    let settings = Settings::parse(text, &name).map_err(|error| error.to_string())?;
    if settings.version() == in_force.load().version() {
        return Ok(Taken::Same);
    }
    let what = described(&settings, &name);
    in_force.store(settings.into());
    Ok(Taken::New(what))
}

/// A configuration in a few words; one that is switched off is also told of loudly.
pub(super) fn described(settings: &Settings, source: &str) -> String {
    let version = settings.version();
    if settings.enabled() {
        return format!("version {version} of {source}");
    }
    tracing::warn!(target: "reload", source, version, "the configuration is switched off: every pod is admitted as it is");
    format!("version {version} of {source}, switched off: every pod is admitted as it is")
}

/// Puts a certificate in force, for all handshakes that come after, and says how long it is valid.
fn take_certificate(
    (certificate, key): (&Path, &Path),
    (certificate_text, key_text): (&[u8], &[u8]),
    in_force: &InForce,
) -> Result<Option<Life>, String> {
    let identity = Identity::from_pem((certificate, certificate_text), (key, key_text));
    let identity = identity.map_err(|error| error.to_string())?;
    let life = identity.life();
    in_force.put(identity.into_pair().map_err(|error| error.to_string())?);
    Ok(life)
}

/// A certificate in a few words.
fn valid(certificate: &Path, life: Option<Life>) -> String {
    let file = certificate.display();
    match life {
        Some(life) => format!(
            "{file}, valid until {}",
            humantime::format_rfc3339_seconds(life.to)
        ),
        None => file.to_string(),
    }
}
