//! Values that cannot work, and what is said of them.

use std::fs;

use libtest_mimic::Failed;

use crate::helm::{Helm, chart};

/// Values, and the error.
const REFUSED: &[(&str, &str)] = &[
    (
        "profiles: [compatible, shop]",
        "profiles has `shop`, which the configuration lacks: write `[profiles.shop]` into config, or take it out; there is \
         compatible, restricted, strict",
    ),
    (
        "config: |\n  version = 1\n  [profiles.shop]\n  extends = \"strict\"",
        "config has the profile `shop`, which no label can name: add it to profiles, which has compatible, restricted, strict",
    ),
    (
        "profiles: [strict, bank]\nconfig: |\n  version = 1\n  profiles.bank.extends = \"strict\"\n  [ \"profiles\" . 'shop' ]",
        "config has the profile `shop`, which no label can name: add it to profiles, which has strict, bank",
    ),
    (
        "userNamespaces: true\nconfig: version = 1",
        "userNamespaces is for the embedded configuration: beside config, write `user-namespace.enabled = true` into the \
         profiles there",
    ),
    (
        "profiles: [restricted, strict]\ndefaultProfile: compatible",
        "defaultProfile is `compatible`, which profiles lacks: it has restricted, strict",
    ),
    (
        "certificates: {mode: existing}",
        "certificates.mode is existing: name the Secret of the certificate by certificates.secretName",
    ),
    (
        "certificates: {secretName: mine}",
        "certificates.secretName and certificates.caBundle are yours with certificates.mode=existing alone, and it is self",
    ),
    (
        "certificates: {mode: self, issuerRef: {name: company}}",
        "certificates.issuerRef is an issuer of cert-manager, and certificates.mode is self",
    ),
    (
        "replicas: 0",
        "replicas is 0, so that the server is elsewhere: say where by webhook.url",
    ),
    (
        "replicas: 0\nwebhook: {url: \"https://192.0.2.7:8443\"}",
        "replicas is 0, so that the server at webhook.url has a certificate of its own: certificates.mode=existing with its CA \
         in certificates.caBundle, not self",
    ),
    (
        "shutdownDelay: 11",
        "terminationGracePeriodSeconds is 30, and shutdownDelay 11: the kubelet would kill a server that still answers; give at \
         least 31",
    ),
    (
        "serviceAccount: {name: one}\ncontroller: {serviceAccount: {name: one}}",
        "serviceAccount.name and controller.serviceAccount.name are both `one`: the servers would have the CA's key",
    ),
    (
        "defaultProfile: compatible\nwebhook: {failurePolicy: Fail}",
        "defaultProfile takes every namespace without a label, and webhook.failurePolicy Fail refuses their pods while the servers are \
         away: name those that the servers need themselves (network, storage, cert-manager) in excludedNamespaces",
    ),
    (
        "adminPort: 10250",
        "containerPort and adminPort are both 10250",
    ),
    (
        "hostNetwork: true",
        "hostNetwork is true, and containerPort 10250, which is the kubelet's on every node: give another one",
    ),
];

/// Values that the schema refuses, each with several. Helm tells of all that is wrong at once.
const OF_NO_FORM: &[(&str, &[&str])] = &[
    ("webhok", &["{}"]),
    (
        "profiles",
        &[
            "[]",
            "[off]",
            "[\"off\"]",
            "[Shop]",
            "[strict, strict]",
            "null",
        ],
    ),
    ("replicas", &["-1", "two", "1.5"]),
    ("userNamespaces", &["\"yes\""]),
    ("excludedNamespaces", &["[kube*]"]),
    (
        "webhook.url",
        &["http://192.0.2.7", "https://192.0.2.7?a=b", "https://a@b"],
    ),
    ("webhook.failurePolicy", &["ignore"]),
    ("webhook.timeoutSeconds", &["31", "0"]),
    ("webhook.matchConditions", &["[\"true\"]"]),
    ("certificates.mode", &["none"]),
    ("certificates.caBundle", &["LS0t"]),
    ("certificates.issuerRef", &["{nam: company}"]),
    ("image.digest", &["\"9f86d0\""]),
    ("image.pullPolicy", &["Sometimes"]),
    ("podDisruptionBudget.maxUnavailable", &["0", "half"]),
    ("containerPort", &["65536"]),
    ("maxConnections", &["65536", "0"]),
    ("listenAddress", &["\"::\""]),
    ("podLabels", &["{cost-centre: 42}"]),
    ("networkPolicy.adminFrom", &["[{}]"]),
    ("serviceMonitor.interval", &["often"]),
];

/// Values of no form that stand side by side: of each that has so many, the one at this place.
fn of_no_form(at: usize) -> (String, Vec<&'static str>) {
    let (mut text, mut paths, mut last) = (String::new(), Vec::new(), "");
    for (path, values) in OF_NO_FORM {
        let Some(value) = values.get(at) else {
            continue;
        };
        paths.push(*path);
        match path.split_once('.') {
            Some((above, name)) => {
                if last != above {
                    text += &format!("{above}:\n");
                }
                text += &format!("  {name}: {value}\n");
                last = above;
            }
            None => text += &format!("{path}: {value}\n"),
        }
    }
    (text, paths)
}

pub(super) fn all() -> Result<(), Failed> {
    let helms = Helm::both()?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("values.yaml");
    let said = |helm: &Helm, values: &str| -> Result<String, Failed> {
        fs::write(&file, values)?;
        let file = file.display().to_string();
        let output = helm.run(None, &["template", &chart(), "--values", &file])?;
        let said = String::from_utf8(output.stderr)?;
        match output.status.success() {
            true => Err(format!("{}: accepted: {values}", helm.name()).into()),
            false => Ok(said),
        }
    };
    for helm in &helms {
        for (values, error) in REFUSED {
            let said = said(helm, values)?;
            let line = said.lines().next().unwrap_or_default();
            assert!(
                line.ends_with(&format!(": {error}")),
                "{values}\n{line}\n{error}"
            );
        }
        // What is wrong is said by the parser, another one in each.
        let said_of_toml = said(helm, "config: version = =")?;
        assert!(
            said_of_toml.contains(": config is not TOML: toml: line 1 (last key \"version\"): ")
        );
        assert!(said_of_toml.contains(": try `pod-hardener config check FILE`\n"));
        for at in 0..6 {
            let (values, paths) = of_no_form(at);
            let said = said(helm, &values)?;
            for path in paths {
                // "- at '/webhook/url': ..." or "- webhook.url: ...", and of what is missing "(root): profiles is required".
                let name = path.rsplit('.').next().unwrap();
                let mut lines = said
                    .lines()
                    .filter(|line| line.trim_start().starts_with("- "));
                assert!(
                    lines.any(|line| line.contains(name)),
                    "{path}: {values}\n{said}"
                );
            }
        }
    }
    Ok(())
}
