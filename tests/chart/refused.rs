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
        "shutdownDelay: 30",
        "terminationGracePeriodSeconds is 30, and shutdownDelay 30: the kubelet would kill a server that still answers",
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

/// Values that the schema refuses, and the one that is at fault.
const OF_NO_FORM: &[(&str, &str)] = &[
    ("webhok: {}", "webhok"),
    ("profiles: null", "profiles"),
    ("certificates: null", "certificates"),
    ("profiles: []", "profiles"),
    ("profiles: [off]", "profiles"),
    ("profiles: [\"off\"]", "profiles"),
    ("profiles: [Shop]", "profiles"),
    ("profiles: [strict, strict]", "profiles"),
    ("replicas: -1", "replicas"),
    ("replicas: two", "replicas"),
    ("userNamespaces: \"yes\"", "userNamespaces"),
    ("webhook: {url: \"http://192.0.2.7\"}", "url"),
    ("webhook: {url: \"https://192.0.2.7?a=b\"}", "url"),
    ("webhook: {failurePolicy: ignore}", "failurePolicy"),
    ("webhook: {timeoutSeconds: 31}", "timeoutSeconds"),
    ("webhook: {matchConditions: [\"true\"]}", "matchConditions"),
    ("certificates: {mode: none}", "mode"),
    ("certificates: {caBundle: LS0t}", "caBundle"),
    ("certificates: {issuerRef: {nam: company}}", "issuerRef"),
    ("image: {digest: \"9f86d0\"}", "digest"),
    ("image: {pullPolicy: Sometimes}", "pullPolicy"),
    ("containerPort: 65536", "containerPort"),
    ("maxConnections: 65536", "maxConnections"),
    ("listenAddress: \"::\"", "listenAddress"),
    ("podLabels: {cost-centre: 42}", "podLabels"),
    ("networkPolicy: {adminFrom: [{}]}", "adminFrom"),
    ("serviceMonitor: {interval: often}", "interval"),
];

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
        for (values, name) in OF_NO_FORM {
            let said = said(helm, values)?;
            assert!(said.contains("the schema"), "{values}\n{said}");
            assert!(said.contains(name), "{values}\n{said}");
        }
    }
    Ok(())
}
