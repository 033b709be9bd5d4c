//! Pods by server-side dry run: fixtures, real ones, generated ones, and Pod Security.

use std::path::Path;

use libtest_mimic::Failed;
use pod_hardener::config::Settings;

use crate::control_plane::ControlPlane;
use crate::dry_run::Trial;
use crate::{careless, corpus, dry_run, efficacy, generated, pods};

pub(super) fn fixtures(plane: &ControlPlane) -> Result<(), Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
    let report = dry_run::all(
        plane,
        Trial::shipped(),
        corpus::samples_in(&folder, &[&folder]),
    )?;
    assert!(
        report.accepted > 20,
        "most fixtures are pods that the API server takes\n{report}"
    );
    eprintln!("{report}");
    Ok(())
}

pub(super) fn real(plane: &ControlPlane) -> Result<(), Failed> {
    let Some(root) = corpus::root() else {
        eprintln!("CORPUS names no folder of real inputs: the fixtures alone were tried");
        return Ok(());
    };
    for enforce in [None, Some("baseline"), Some("restricted")] {
        let report = dry_run::all(
            plane,
            Trial {
                enforce,
                ..Trial::shipped()
            },
            corpus::samples(&root),
        )?;
        assert!(report.accepted > 0, "{report}");
        eprintln!(
            "Pod Security enforced: {}
{report}",
            enforce.unwrap_or("nothing")
        );
    }
    Ok(())
}

/// Stepping back is no way out: most pods pass Pod Security `restricted`, and for each other one the author's choice or
/// the step back is named.
///
/// In a user namespace, Pod Security accepts root (from 1.35 on): nine real pods whose authors ask for root pass only so.
pub(super) fn pod_security(plane: &ControlPlane) -> Result<(), Failed> {
    let Some(root) = corpus::root() else {
        eprintln!("CORPUS names no folder of real inputs: there is nothing to measure");
        return Ok(());
    };
    let text = format!("{}{IN_A_USER_NAMESPACE}", pod_hardener::config::EMBEDDED);
    let settings =
        Settings::parse(&text, "defaults.toml and more").map_err(|error| error.to_string())?;
    let samples = corpus::samples(&root);
    for profile in ["restricted", "in-a-user-namespace"] {
        let efficacy = efficacy::measure(plane, &settings, profile, &samples)?;
        eprintln!("{profile}: {efficacy}");
        assert!(
            efficacy.unexplained.is_empty(),
            "{}",
            efficacy.unexplained.join("\n")
        );
        // 397 and 406 of the 681 pods known here; other pods must not fall far behind.
        assert!(efficacy.hardened * 100 >= efficacy.pods * 55, "{efficacy}");
    }
    Ok(())
}

/// The profile `restricted`, with user namespaces switched on.
const IN_A_USER_NAMESPACE: &str = "
[profiles.in-a-user-namespace]
no-privilege-escalation.enabled = true
user-namespace = { enabled = true, when = \"always\" }
run-as-high-uid.enabled = true
runtime-default-seccomp.enabled = true
drop-capabilities = { enabled = true, all = true }
";

/// How many pods are generated: `GENERATED` of them, or few enough for every run.
pub(super) fn generated_pods(plane: &ControlPlane) -> Result<(), Failed> {
    let count = std::env::var("GENERATED")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(1_000);
    let everything = format!("{}{}", pod_hardener::config::EMBEDDED, pods::EVERYTHING);
    let settings = Settings::parse(&everything, "defaults.toml and everything")
        .map_err(|error| error.to_string())?;
    let trial = Trial {
        settings,
        enforce: None,
        careless: true,
    };
    let report = dry_run::all(plane, trial, generated::samples(count))?;
    eprintln!("{count} generated pods: {report}");
    for id in careless::all_ids() {
        assert!(
            report.careless.contains_key(id),
            "no pod shows what {id} is for\n{report}"
        );
    }
    Ok(())
}
