//! How many pods pass Pod Security `restricted` once they are hardened, and what keeps the others out.

use std::collections::BTreeMap;
use std::fmt;

use libtest_mimic::Failed;
use pod_hardener::config::Settings;
use pod_hardener::object::Template;

use crate::control_plane::ControlPlane;
use crate::corpus::Sample;
use crate::dry_run::{Trial, dry_run, prepare};
use crate::harden::harden;
use crate::webhook::Webhook;

/// What Pod Security says of a field that a rule fills in, and the rule.
const FILLED_IN: [(&str, &str); 5] = [
    (
        "allowPrivilegeEscalation != false",
        "no-privilege-escalation",
    ),
    ("unrestricted capabilities", "drop-capabilities"),
    ("runAsNonRoot != true", "run-as-high-uid"),
    ("runAsUser=0", "run-as-high-uid"),
    ("seccompProfile", "runtime-default-seccomp"),
];

/// What passes, and what does not.
#[derive(Debug, Default)]
pub(crate) struct Efficacy {
    /// Pods that are accepted where nothing is enforced.
    pub(crate) pods: usize,
    /// Those that pass as written.
    pub(crate) as_written: usize,
    /// Those that pass hardened by `restricted`.
    pub(crate) hardened: usize,
    /// Refusals that neither an author's choice nor a step back explains.
    pub(crate) unexplained: Vec<String>,
    reasons: BTreeMap<String, usize>,
}

impl fmt::Display for Efficacy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            pods,
            as_written,
            hardened,
            ..
        } = self;
        writeln!(
            f,
            "of {pods} pods {as_written} pass Pod Security restricted as written, {hardened} hardened; the others for:"
        )?;
        self.reasons
            .iter()
            .try_for_each(|(reason, count)| writeln!(f, "  {count} {reason}"))
    }
}

/// Tries every sample where `restricted` is enforced, with and without the label of the profile called `profile`.
///
/// # Errors
///
/// When the cluster cannot be prepared.
pub(crate) fn measure(
    plane: &ControlPlane,
    settings: &Settings,
    profile: &str,
    samples: &[Sample],
) -> Result<Efficacy, Failed> {
    let webhook = Webhook::start_with(settings.clone());
    let trial = |name, enforce| Trial {
        settings: settings.clone(),
        name,
        enforce,
        ..Trial::shipped()
    };
    let (open, enforced) = (trial("any", None), trial("restricted", Some("restricted")));
    let rules = settings
        .profile(profile)
        .ok_or("there is no such profile")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let client = plane.client()?;
        prepare(&client, &open, samples, &webhook).await?;
        prepare(&client, &enforced, samples, &webhook).await?;
        let mut efficacy = Efficacy::default();
        for sample in samples {
            let Ok(stored) = dry_run(&client, &open.namespace(None), &sample.pod).await else {
                continue;
            };
            efficacy.pods += 1;
            let as_written = dry_run(&client, &enforced.namespace(None), &sample.pod).await;
            efficacy.as_written += usize::from(as_written.is_ok());
            match dry_run(&client, &enforced.namespace(Some(profile)), &sample.pod).await {
                Ok(_) => efficacy.hardened += 1,
                Err(refusal) => {
                    let said = harden(rules, Template::Itself, &stored)?.said;
                    explain(&sample.name, &refusal, &said, &mut efficacy);
                }
            }
        }
        Ok(efficacy)
    })
}

/// Finds for every field that Pod Security names an author's choice or a step back in what the rules said.
fn explain(name: &str, refusal: &str, said: &[String], efficacy: &mut Efficacy) {
    let mut fields_of_authors = true;
    for (complaint, rule) in FILLED_IN {
        if !refusal.contains(complaint) {
            continue;
        }
        fields_of_authors = false;
        let of_rule = said
            .iter()
            .filter(|line| line.starts_with(&format!("{rule} of ")));
        let explained =
            of_rule.filter(|line| line.contains("(unsafe") || line.contains("stepped back"));
        let reasons: std::collections::BTreeSet<&str> = explained
            .filter_map(|line| line.split_once(": "))
            .map(|(_, verdict)| verdict)
            .collect();
        if reasons.is_empty() {
            efficacy
                .unexplained
                .push(format!("{name}: {complaint}: {refusal}"));
        }
        for reason in reasons {
            *efficacy
                .reasons
                .entry(format!("{rule}: {reason}"))
                .or_default() += 1;
        }
    }
    if fields_of_authors {
        *efficacy
            .reasons
            .entry("a field that no rule fills in, as its author wrote it".to_owned())
            .or_default() += 1;
    }
}
