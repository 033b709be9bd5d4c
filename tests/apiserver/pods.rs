//! Pods by server-side dry run: fixtures, real ones, generated ones, and Pod Security.

use std::path::Path;

use libtest_mimic::Failed;
use pod_hardener::config::Settings;
use serde_json::{Value, json};

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
    // Where something is enforced fewer do: most are refused as written.
    for (name, enforce, step) in [
        ("any", None, 1),
        ("baseline", Some("baseline"), 3),
        ("restricted", Some("restricted"), 3),
    ] {
        let report = dry_run::all(
            plane,
            Trial {
                name,
                enforce,
                ..Trial::shipped()
            },
            corpus::some_samples(&root, step),
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
    let samples = corpus::some_samples(&root, 3);
    for profile in ["restricted", "in-a-user-namespace"] {
        let efficacy = efficacy::measure(plane, &settings, profile, &samples)?;
        eprintln!("{profile}: {efficacy}");
        assert!(
            efficacy.unexplained.is_empty(),
            "{}",
            efficacy.unexplained.join("\n")
        );
        // 397 and 406 of the 681 pods known here; others, and some of them, must not fall far behind.
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
    let trial = Trial {
        settings: with_everything()?,
        careless: true,
        ..Trial::shipped()
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

/// The shipped profiles and the one of everything.
fn with_everything() -> Result<Settings, Failed> {
    let text = format!("{}{}", pod_hardener::config::EMBEDDED, pods::EVERYTHING);
    let settings = Settings::parse(&text, "defaults.toml and everything");
    Ok(settings.map_err(|error| error.to_string())?)
}

/// Where LimitRanges and quotas judge what a pod asks for, real pods and generated ones are accepted as they are without us.
pub(super) fn judged(plane: &ControlPlane) -> Result<(), Failed> {
    let limit_range = |item: Value| json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "limits"}, "spec": {"limits": [item]}});
    let quota = |scope: &str, hard: Value| {
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": scope.to_lowercase()},
            "spec": {"scopes": [scope], "hard": hard}})
    };
    let container = json!({"type": "Container", "min": {"cpu": "1m", "memory": "1Mi"}, "max": {"memory": "8Gi"},
        "default": {"memory": "256Mi"}, "defaultRequest": {"cpu": "5m", "memory": "128Mi"}});
    let ratio = json!({"type": "Container", "maxLimitRequestRatio": {"cpu": "10"}, "default": {"cpu": "500m"},
        "defaultRequest": {"cpu": "100m"}});
    let pod = json!({"type": "Pod", "max": {"cpu": "2"}});
    let pod_ratio = json!({"type": "Pod", "maxLimitRequestRatio": {"cpu": "2"}});
    let namespaces = [
        ("container-limits", vec![limit_range(container)]),
        ("container-ratio", vec![limit_range(ratio)]),
        ("pod-limits", vec![limit_range(pod)]),
        ("pod-ratio", vec![limit_range(pod_ratio)]),
        (
            "best-effort",
            vec![
                quota("BestEffort", json!({"pods": "1000"})),
                quota("NotBestEffort", json!({"pods": "0"})),
            ],
        ),
        (
            "terminating",
            vec![
                quota("Terminating", json!({"requests.cpu": "10"})),
                quota(
                    "NotTerminating",
                    json!({"limits.memory": "100Gi", "pods": "1000"}),
                ),
            ],
        ),
    ];
    let generated = generated::samples(900);
    let real: Vec<_> = corpus::root()
        .iter()
        .flat_map(|root| corpus::some_samples(root, 5))
        .collect();
    for (name, objects) in namespaces {
        let trial = Trial {
            settings: with_everything()?,
            name,
            objects,
            ..Trial::shipped()
        };
        // Few pods are accepted where every one must say what it asks for.
        let count = if name == "terminating" { 900 } else { 220 };
        let real = real
            .iter()
            .filter(|_| ["container-limits", "best-effort"].contains(&name));
        let samples = generated.iter().take(count).chain(real).cloned().collect();
        let report = dry_run::all(plane, trial, samples)?;
        eprintln!(
            "{name}: {} accepted, {} refused as written",
            report.accepted,
            report.refused.len()
        );
        assert!(report.accepted > 20, "{name}: {report}");
    }
    Ok(())
}
