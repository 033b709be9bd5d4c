//! What doctor says of what it saw: each fault in a healthy cluster is found, and nothing else. `tests/node.rs` has a real cluster.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

use std::time::{Duration, SystemTime};

use base64::Engine;
use k8s_openapi::api::core::v1::Namespace;
use pod_hardener::cluster::registrations::MutatingWebhookConfiguration;
use pod_hardener::config::Settings;
use pod_hardener::controller::authority::Authority;
use pod_hardener::doctor::{Program, Seen, Server, Unhardened, Unseen, diagnose, probe, text};
use serde_json::{Value, json};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HARDEN: &str = "pod-hardener.io/harden";
const AUDIT: &str = "pod-hardener.io/audit";

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

/// A CA and what it signed, as PEM.
fn certificate(signed: SystemTime, name: &str) -> (String, String) {
    let authority = Authority::make(signed, 730 * DAY).unwrap();
    let serving = authority
        .sign(&[name.to_owned()], signed, 90 * DAY)
        .unwrap();
    (authority.ca().pem(), serving.certificate)
}

fn webhook(mode: &str, profile: &str, ca: &str) -> Value {
    let label = if mode == "audit" { AUDIT } else { HARDEN };
    json!({
        "name": format!("{profile}.{mode}.pod-hardener.io"),
        "clientConfig": {
            "service": {"name": "pod-hardener", "namespace": "pod-hardener", "path": format!("/{mode}/{profile}")},
            "caBundle": base64::engine::general_purpose::STANDARD.encode(ca),
        },
        "namespaceSelector": {
            "matchLabels": {label: profile},
            "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system", "kube-public", "kube-node-lease", "pod-hardener"]}],
        },
        "rules": [
            {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]},
            {"operations": ["UPDATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods/ephemeralcontainers"]},
        ],
        "matchConditions": [{"name": "not-a-mirror-pod", "expression": "true"}],
        "failurePolicy": "Ignore",
        "timeoutSeconds": 2,
        "reinvocationPolicy": "IfNeeded",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    })
}

fn registration(kind: &str, name: &str, webhooks: Vec<Value>) -> Value {
    json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": name}, "webhooks": webhooks})
}

fn mutating(name: &str, webhooks: Vec<Value>) -> MutatingWebhookConfiguration {
    serde_json::from_value(registration("MutatingWebhookConfiguration", name, webhooks)).unwrap()
}

fn namespace(name: &str, labels: &[(&str, &str)]) -> Namespace {
    let mut all = json!({"kubernetes.io/metadata.name": name});
    for (key, value) in labels {
        all[*key] = (*value).into();
    }
    serde_json::from_value(json!({"metadata": {"name": name, "labels": all}})).unwrap()
}

fn server(node: &str) -> Server {
    Server {
        image: format!(
            "registry.example/pod-hardener:{}",
            env!("CARGO_PKG_VERSION")
        ),
        ready: true,
        node: Some(node.to_owned()),
    }
}

const PROFILES: [&str; 3] = ["compatible", "restricted", "strict"];

/// The webhooks of the registration that hardens, which trust `ca`.
fn hardening(ca: &str) -> Vec<Value> {
    PROFILES
        .map(|profile| webhook("harden", profile, ca))
        .into()
}

/// A cluster in which all is well, and the CA that signed.
fn healthy() -> (Seen, String) {
    let (ca, served) = certificate(now(), "pod-hardener.pod-hardener.svc");
    let looks = PROFILES.map(|profile| webhook("audit", profile, &ca));
    let mut looks: Value = registration(
        "ValidatingWebhookConfiguration",
        "pod-hardener",
        looks.into(),
    );
    for webhook in looks["webhooks"].as_array_mut().unwrap() {
        webhook
            .as_object_mut()
            .unwrap()
            .remove("reinvocationPolicy");
    }
    let seen = Seen {
        names: ["zz-pod-hardener".to_owned(), "pod-hardener".to_owned()],
        version: Some((1, 37)),
        nodes: 2,
        mutating: vec![mutating("zz-pod-hardener", hardening(&ca))],
        validating: vec![serde_json::from_value(looks).unwrap()],
        policies: vec![
            "pod-hardener-namespaces".to_owned(),
            "pod-hardener-pods".to_owned(),
        ],
        namespaces: vec![
            namespace("kube-system", &[]),
            namespace("shop", &[(HARDEN, "strict"), (AUDIT, "strict")]),
            namespace("off", &[(HARDEN, "off")]),
        ],
        service: Some(("service pod-hardener/pod-hardener".to_owned(), true)),
        program: Program {
            namespace: "pod-hardener".to_owned(),
            servers: vec![server("a"), server("b")],
            pull_secrets: Vec::new(),
        },
        settings: Some(("embedded".to_owned(), Ok(Settings::embedded()))),
        certificate: Some(("secret".to_owned(), served.into_bytes())),
        reached: vec![("shop".to_owned(), Ok(true))],
        ..Seen::default()
    };
    (seen, ca)
}

/// What is found, as `severity check`.
fn found(seen: &Seen) -> Vec<String> {
    let findings = diagnose(seen, now());
    let short = findings
        .iter()
        .map(|finding| format!("{} {}", finding.severity.as_str(), finding.check));
    let mut short: Vec<String> = short.collect();
    short.dedup();
    short
}

/// A change of a webhook that hardens under `strict`.
fn changed(change: impl Fn(&mut Value)) -> Seen {
    let (mut seen, ca) = healthy();
    let mut webhooks = hardening(&ca);
    change(&mut webhooks[2]);
    seen.mutating = vec![mutating("zz-pod-hardener", webhooks)];
    seen
}

/// The same of the webhook's selector.
fn selecting(selector: Value) -> Seen {
    changed(|webhook| webhook["namespaceSelector"] = selector.clone())
}

fn with(change: impl FnOnce(&mut Seen)) -> Seen {
    let (mut seen, _) = healthy();
    change(&mut seen);
    seen
}

#[test]
fn a_healthy_cluster_has_no_finding() {
    assert_eq!(found(&healthy().0), Vec::<String>::new());
    assert_eq!(text(&[]), "healthy: nothing wrong was found, 0 notes\n");
}

#[test]
fn each_fault_is_found_and_nothing_else() {
    let (_, ca) = healthy();
    let other = certificate(now(), "pod-hardener.pod-hardener.svc").1;
    let elsewhere = certificate(now(), "pod-hardener.elsewhere.svc");
    let faults: Vec<(&str, Seen, &[&str])> = vec![
        (
            "no registration",
            with(|seen| seen.mutating.clear()),
            &["error installed"],
        ),
        (
            "none that looks",
            with(|seen| seen.validating.clear()),
            &["warning installed"],
        ),
        (
            "an old cluster",
            with(|seen| seen.version = Some((1, 29))),
            &["error installed"],
        ),
        (
            "an unknown profile",
            changed(|webhook| webhook["clientConfig"]["service"]["path"] = "/harden/stern".into()),
            &["error profiles", "error selectors", "note profiles"],
        ),
        (
            "a selector of nothing",
            selecting(json!({"matchLabels": {"x": "y"}})),
            &["error selectors", "warning labels"],
        ),
        (
            "a selector of everything",
            selecting(json!({})),
            &["error selectors", "warning selectors", "note selectors"],
        ),
        (
            "a selector that takes off",
            selecting(json!({"matchExpressions": [
                {"key": HARDEN, "operator": "In", "values": ["strict", "off"]},
                {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system", "kube-public", "kube-node-lease"]},
            ]})),
            &["error selectors"],
        ),
        (
            "a selector of the system",
            selecting(json!({"matchLabels": {HARDEN: "strict"}})),
            &["warning selectors"],
        ),
        (
            "no rules for new pods",
            changed(|webhook| webhook["rules"] = json!([webhook["rules"][1]])),
            &["error rules"],
        ),
        (
            "no rules for ephemeral containers",
            changed(|webhook| webhook["rules"] = json!([webhook["rules"][0]])),
            &["warning rules"],
        ),
        (
            "every subresource",
            changed(|webhook| {
                webhook["rules"][1]["resources"] = json!(["pods/*", "pods/ephemeralcontainers"])
            }),
            &["warning rules"],
        ),
        (
            "a long wait",
            changed(|webhook| webhook["timeoutSeconds"] = 20.into()),
            &["warning policy"],
        ),
        (
            "no second call",
            changed(|webhook| webhook["reinvocationPolicy"] = "Never".into()),
            &["warning policy"],
        ),
        (
            "a label of no profile",
            with(|seen| {
                seen.namespaces
                    .push(namespace("typo", &[(HARDEN, "strikt")]))
            }),
            &["error labels"],
        ),
        (
            "an audit label of no profile",
            with(|seen| seen.namespaces.push(namespace("typo", &[(AUDIT, "off")]))),
            &["error labels"],
        ),
        (
            "an excluded namespace",
            with(|seen| {
                seen.namespaces
                    .push(namespace("kube-public", &[(HARDEN, "strict")]))
            }),
            &["warning labels"],
        ),
        (
            "no policy for labels",
            with(|seen| seen.policies.clear()),
            &["note labels"],
        ),
        (
            "Pod Security beside Ignore",
            with(|seen| {
                let labels = [
                    (HARDEN, "strict"),
                    ("pod-security.kubernetes.io/enforce", "restricted"),
                ];
                seen.namespaces.push(namespace("tight", &labels));
            }),
            &["note pod-security"],
        ),
        (
            "somebody after us",
            with(|seen| seen.mutating.push(mutating("zzz-injector", hardening(&ca)))),
            &["warning others"],
        ),
        (
            "somebody before us",
            with(|seen| seen.mutating.push(mutating("injector", hardening(&ca)))),
            &["note others"],
        ),
        (
            "a policy that changes pods",
            with(|seen| seen.mutating_policies.push("p".to_owned())),
            &["note others"],
        ),
        (
            "no certificate",
            with(|seen| seen.certificate = Some(("secret".to_owned(), b"none".to_vec()))),
            &["error certificate"],
        ),
        (
            "a certificate that has ended",
            with(|seen| {
                let (_, served) = certificate(now() - 91 * DAY, "pod-hardener.pod-hardener.svc");
                seen.certificate = Some(("secret".to_owned(), served.into_bytes()));
            }),
            &["error certificate", "error trust"],
        ),
        (
            "a certificate of tomorrow",
            with(|seen| {
                let (_, served) = certificate(now() + DAY, "pod-hardener.pod-hardener.svc");
                seen.certificate = Some(("secret".to_owned(), served.into_bytes()));
            }),
            &["error certificate", "error trust"],
        ),
        (
            "another's certificate",
            with(|seen| seen.certificate = Some(("secret".to_owned(), other.into_bytes()))),
            &["error trust"],
        ),
        (
            "no caBundle",
            changed(|webhook| {
                drop(
                    webhook["clientConfig"]
                        .as_object_mut()
                        .unwrap()
                        .remove("caBundle"),
                )
            }),
            &["error trust"],
        ),
        (
            "no Service",
            with(|seen| seen.service = Some(("service".to_owned(), false))),
            &["error servers"],
        ),
        (
            "no server",
            with(|seen| seen.program.servers.clear()),
            &["error servers"],
        ),
        (
            "no server that is ready",
            with(|seen| {
                seen.program
                    .servers
                    .iter_mut()
                    .for_each(|server| server.ready = false)
            }),
            &["error servers"],
        ),
        (
            "one that is not ready",
            with(|seen| seen.program.servers[0].ready = false),
            &["warning servers"],
        ),
        (
            "a single server",
            with(|seen| drop(seen.program.servers.pop())),
            &["warning servers"],
        ),
        (
            "all on one node",
            with(|seen| seen.program.servers[0].node = Some("b".to_owned())),
            &["warning servers"],
        ),
        (
            "several versions",
            with(|seen| {
                seen.program.servers[0].image = "registry.example/pod-hardener:mine".to_owned()
            }),
            &["warning servers"],
        ),
        (
            "servers of another version",
            with(|seen| {
                seen.program
                    .servers
                    .iter_mut()
                    .for_each(|server| server.image = "x:0.0.1".to_owned())
            }),
            &["note servers"],
        ),
        (
            "a configuration that is off",
            with(|seen| {
                seen.settings = Some((
                    "c".to_owned(),
                    Ok(Settings::parse("version = 1\nenabled = false\n", "c").unwrap()),
                ))
            }),
            &["error configuration"],
        ),
        (
            "a configuration that is refused",
            with(|seen| seen.settings = Some(("c".to_owned(), Err("no".to_owned())))),
            &["error configuration"],
        ),
        (
            "a profile without a label",
            with(|seen| {
                let settings =
                    Settings::parse("version = 1\n[profiles.shop]\nextends = \"strict\"\n", "c")
                        .unwrap();
                seen.settings = Some(("c".to_owned(), Ok(settings)));
            }),
            &["note profiles"],
        ),
        (
            "not reached",
            with(|seen| seen.reached = vec![("shop".to_owned(), Ok(false))]),
            &["error reached"],
        ),
        (
            "refused",
            with(|seen| seen.reached = vec![("shop".to_owned(), Err("no".to_owned()))]),
            &["warning reached"],
        ),
        (
            "pods that came through",
            with(|seen| seen.unhardened = vec![came_through(false)]),
            &["warning unhardened"],
        ),
        (
            "pods that a condition may spare",
            with(|seen| seen.unhardened = vec![came_through(true)]),
            &["note unhardened"],
        ),
        (
            "a certificate for another name",
            {
                let (mut seen, _) = healthy();
                let (ca, served) = elsewhere;
                seen.mutating = vec![mutating("zz-pod-hardener", hardening(&ca))];
                seen.validating.clear();
                seen.unseen.push(Unseen {
                    what: "validatingwebhookconfigurations".to_owned(),
                    why: "no".to_owned(),
                });
                seen.certificate = Some(("secret".to_owned(), served.into_bytes()));
                seen
            },
            &["error trust", "note unseen"],
        ),
    ];
    let mut wrong = Vec::new();
    for (what, seen, wanted) in faults {
        let found = found(&seen);
        if found != wanted {
            wrong.push(format!("{what}: {found:?}, and not {wanted:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn came_through(conditions: bool) -> Unhardened {
    Unhardened {
        namespace: "shop".to_owned(),
        profile: "strict".to_owned(),
        pods: 3,
        open: 2,
        first: vec!["a".to_owned(), "b".to_owned()],
        conditions,
    }
}

#[test]
fn refusing_webhooks_want_two_servers() {
    let mut seen = changed(|webhook| webhook["failurePolicy"] = "Fail".into());
    assert_eq!(found(&seen), Vec::<String>::new());
    seen.program.servers.pop();
    assert_eq!(found(&seen), ["warning policy", "warning servers"]);
}

#[test]
fn what_may_not_be_read_is_no_fault() {
    let seen = with(|seen| {
        seen.mutating.clear();
        seen.validating.clear();
        seen.policies.clear();
        seen.program.servers.clear();
        for what in [
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "pods of the servers",
        ] {
            seen.unseen.push(Unseen {
                what: what.to_owned(),
                why: "forbidden".to_owned(),
            });
        }
    });
    assert_eq!(found(&seen), ["note unseen"]);
}

/// A company's CA signs by another one, whose certificate comes with the server's.
#[test]
fn a_chain_leads_to_the_ca() {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
    let ca = |name: &str| {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        params
    };
    let root = CertifiedIssuer::self_signed(ca("root"), KeyPair::generate().unwrap()).unwrap();
    let between =
        CertifiedIssuer::signed_by(ca("between"), KeyPair::generate().unwrap(), &root).unwrap();
    let mut params = CertificateParams::new(["pod-hardener.pod-hardener.svc".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2100, 1, 1);
    let leaf = params
        .signed_by(&KeyPair::generate().unwrap(), &between)
        .unwrap();
    let (mut seen, _) = healthy();
    seen.mutating = vec![mutating("zz-pod-hardener", hardening(&root.pem()))];
    seen.validating.clear();
    seen.unseen.push(Unseen {
        what: "validatingwebhookconfigurations".to_owned(),
        why: "no".to_owned(),
    });
    let chain = format!("{}{}", leaf.pem(), between.pem());
    seen.certificate = Some(("secret".to_owned(), chain.into_bytes()));
    assert_eq!(found(&seen), ["note unseen"]);
    seen.certificate = Some(("secret".to_owned(), leaf.pem().into_bytes()));
    assert_eq!(found(&seen), ["error trust", "note unseen"]);
}

#[test]
fn names_out_of_the_cluster_forge_no_line() {
    let seen = with(|seen| {
        seen.reached = vec![(
            "shop".to_owned(),
            Err("no\n\u{1b}[2Kerror[x]: y".to_owned()),
        )];
    });
    let said = text(&diagnose(&seen, now()));
    assert!(!said.contains('\u{1b}'), "{said}");
    assert_eq!(
        said.lines()
            .filter(|line| line.starts_with("error"))
            .count(),
        0,
        "{said}"
    );
}

#[test]
fn the_initial_user_namespace_is_no_own_one() {
    assert!(!probe::is_own_namespace(
        "         0          0 4294967295\n"
    ));
    assert!(probe::is_own_namespace(
        "         0     131072      65536\n"
    ));
}
