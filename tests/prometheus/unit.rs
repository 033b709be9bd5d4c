//! The tests of `alerts.yaml`, which promtool runs.

use std::collections::BTreeMap;
use std::path::Path;

use libtest_mimic::Failed;

use crate::scraper;
use crate::shipped::{ALERTS, alert_names, data, string};

/// The tests.
const TESTS: &str = "tests/prometheus/alerts.yaml";

/// Prometheus takes the alerts, and each does what its tests say.
pub(super) fn pass() -> Result<(), Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (what, file) in [("check", ALERTS), ("test", TESTS)] {
        let mut promtool = scraper::command("promtool")?;
        promtool.args([what, "rules"]).arg(root.join(file));
        let output = promtool.output()?;
        let said =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
    }
    Ok(())
}

pub(super) fn complete() -> Result<(), Failed> {
    // Of each alert, how often it is expected to be silent, and to fire.
    let mut expected: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    let tests = data(TESTS)?;
    for test in tests["tests"].as_array().ok_or("there are no tests")? {
        for expects in test["alert_rule_test"].as_array().into_iter().flatten() {
            let fires = expects["exp_alerts"].as_array().map_or(0, Vec::len);
            let name = string(expects, "/alertname").to_owned();
            expected.entry(name).or_default()[fires.min(1)] += 1;
        }
    }
    for (name, [silent, fires]) in &expected {
        assert!(*silent > 0 && *fires > 0, "{name}: {silent}, {fires}");
    }
    let mut names = alert_names()?;
    names.sort();
    assert_eq!(names, expected.into_keys().collect::<Vec<_>>());
    Ok(())
}
