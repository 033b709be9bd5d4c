//! Every record of one admission, each read where it ends up, for real pods: what is stored, the annotation on it, the API server's
//! audit log, the decision log, and the metrics.

#[path = "recorded/counted.rs"]
mod counted;
#[path = "recorded/looked.rs"]
mod looked;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::Failed;
use pod_hardener::cluster::Cluster;
use pod_hardener::config::Settings;
use pod_hardener::record::Level;
use pod_hardener::serve::Decisions;
use serde_json::{Value, json};

use crate::cluster::{Registered, kubectl};
use crate::control_plane::ControlPlane;
use crate::corpus::{self, Sample};
use crate::dry_run::{Trial, dry_run_as, prepare};
use crate::mutator::Mutator;
use crate::records::{KEYS, Set, set_by_annotation, set_by_line};
use crate::webhook::{Webhook, rule};

/// The label's profile in each namespace, and what else happens there: nobody hardens, and `strict` is shadowed.
const SHADOW: &str = "recorded-unlabelled";
/// `compatible` hardens, and `strict` is shadowed beside it.
const BOTH: &str = "recorded-compatible";
/// Another webhook adds a sidecar after us, so that we are called again.
const AGAIN: &str = "recorded-restricted";
/// `strict` hardens.
const STRICT: &str = "recorded-strict";

/// At least so many pods are tried, where there are real ones.
const PODS: usize = 200;

/// A decision log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn add(&self, line: &[u8]) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend_from_slice(line);
    }

    fn lines(&self) -> Result<Vec<Value>, Failed> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = std::str::from_utf8(&all)?.lines();
        Ok(lines.map(serde_json::from_str).collect::<Result<_, _>>()?)
    }
}

/// What is on record of the pods of one name in one namespace.
#[derive(Default)]
struct OnRecord {
    /// The decisions, in order.
    lines: Vec<Value>,
    /// The annotations of the API server's audit record.
    audited: Value,
}

type All = BTreeMap<(String, String), OnRecord>;

pub(super) fn agree(plane: &ControlPlane) -> Result<(), Failed> {
    let (real, samples) = samples();
    let log = Log::default();
    let taken = log.clone();
    let to = Box::new(move |line: &[u8]| taken.add(line));
    let decisions = Decisions::new(Level::Full, to, Box::new(|| 0));
    let webhook = Webhook::start_logging(Settings::embedded(), Cluster::unknown(), decisions);
    let other = Mutator::start(json!([{"op": "add", "path": "/spec/containers/-",
        "value": {"name": "added-by-another", "image": "x:1"}}]));
    let _others = Registered::new(
        plane,
        &other.registration("zzz", AGAIN, rule("CREATE", "pods")),
    )?;
    let _shadow = Registered::new(plane, &shadow(&webhook))?;
    let stored = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(create(plane, &webhook, &samples))?;
    let registration = ["delete", "MutatingWebhookConfiguration", "zz-pod-hardener"];
    kubectl(plane, &registration)?;

    let lines = log.lines()?;
    let counted = counted::metrics(&webhook.admin)?;
    assert_eq!(counted, counted::expected(&lines), "metrics and log");
    let all = on_record(plane, lines)?;
    let (mut pods, mut twice) = (0, 0);
    for (i, _) in samples.iter().enumerate() {
        let name = format!("r{i}");
        let get = |namespace: &str| {
            let key = (namespace.to_owned(), name.clone());
            stored.get(&key).zip(all.get(&key))
        };
        let (Some((plain, shadow)), Some((strict, hardened))) = (get(SHADOW), get(STRICT)) else {
            continue;
        };
        let what = &samples[i].name;
        let Some((_, both)) = get(BOTH) else {
            return Err(format!("{what} is refused in some namespace only").into());
        };
        pods += 1;
        one_call(what, hardened, strict, "strict")?;
        looked::fields(what, plain, strict, &set_by_line(&hardened.lines[0]))?;
        shadows(what, shadow, hardened, both)?;
        // Not every pod takes the other webhook's container.
        if let Some((stored, again)) = get(AGAIN) {
            twice += 1;
            second_call(what, again, stored)?;
        }
    }
    let calls: usize = all.values().map(|one| one.lines.len()).sum();
    eprintln!("{pods} pods, {twice} of them twice, {calls} calls");
    let least = if real { PODS } else { 20 };
    assert!(pods >= least && twice * 10 >= pods * 9, "{pods}, {twice}");
    Ok(())
}

/// Real pods, or fixtures where there are none; a few more than must be accepted.
fn samples() -> (bool, Vec<Sample>) {
    let Some(root) = corpus::root() else {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
        return (false, corpus::samples_in(&folder, &[&folder]));
    };
    let step = corpus::samples(&root).len().div_ceil(PODS * 5 / 4);
    (true, corpus::some_samples(&root, step))
}

/// `strict` in shadow, in two namespaces.
fn shadow(webhook: &Webhook) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "pod-hardener-recorded"},
        "webhooks": [{
            "name": "strict.audit.pod-hardener.io",
            "clientConfig": webhook.client_config("/audit/strict"),
            "namespaceSelector": {"matchExpressions": [
                {"key": "kubernetes.io/metadata.name", "operator": "In", "values": [SHADOW, BOTH]}]},
            "rules": [rule("CREATE", "pods")],
            "failurePolicy": "Fail",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }],
    })
}

/// Every sample in every namespace, by dry run and a name of its own: what would be stored.
async fn create(
    plane: &ControlPlane,
    webhook: &Webhook,
    samples: &[Sample],
) -> Result<BTreeMap<(String, String), Value>, Failed> {
    let client = plane.client()?;
    let trial = Trial {
        name: "recorded",
        ..Trial::shipped()
    };
    prepare(&client, &trial, samples, webhook).await?;
    let mut stored = BTreeMap::new();
    for (i, sample) in samples.iter().enumerate() {
        let name = format!("r{i}");
        let mut pod = sample.pod.clone();
        pod["metadata"]["name"] = json!(name);
        let there = [SHADOW, BOTH, AGAIN, STRICT];
        let asked = there.map(|namespace| dry_run_as(&client, namespace, &pod, Some(&name)));
        let answers = futures_util::future::join_all(asked).await;
        for (namespace, answer) in there.into_iter().zip(answers) {
            if let Ok(pod) = answer {
                stored.insert((namespace.to_owned(), name.clone()), pod);
            }
        }
    }
    Ok(stored)
}

/// Decisions and audit records, by namespace and name.
fn on_record(plane: &ControlPlane, lines: Vec<Value>) -> Result<All, Failed> {
    let mut all = All::new();
    for line in lines {
        let key =
            ["namespace", "name"].map(|key| line[key].as_str().unwrap_or_default().to_owned());
        assert_eq!(line["dry_run"], true);
        all.entry(key.into()).or_default().lines.push(line);
    }
    for record in plane
        .audit_log()?
        .lines()
        .filter(|line| line.contains("recorded-"))
    {
        let record: Value = serde_json::from_str(record)?;
        let uri = record["requestURI"].as_str().unwrap_or_default();
        let Some((_, manager)) = uri.split_once("fieldManager=") else {
            continue;
        };
        let name = manager.split('&').next().unwrap_or_default().to_owned();
        let namespace = record["objectRef"]["namespace"]
            .as_str()
            .unwrap_or_default();
        if let Some(one) = all.get_mut(&(namespace.to_owned(), name)) {
            one.audited = record["annotations"].clone();
        }
    }
    Ok(all)
}

/// What one call for a pod is on record as, everywhere.
fn one_call(what: &str, recorded: &OnRecord, stored: &Value, webhook: &str) -> Result<(), Failed> {
    let [line] = recorded.lines.as_slice() else {
        return Err(format!("{what}: {} calls", recorded.lines.len()).into());
    };
    audited(what, recorded, &[line], webhook, "")?;
    let told = stored["metadata"]["annotations"][crate::records::ANNOTATION].as_str();
    let told = told.map(set_by_annotation).unwrap_or_default();
    if told.1 != set_by_written(line) {
        return Err(format!("{what}: the annotation says {told:?}, the log {line}").into());
    }
    let header = ["profile", "config"]
        .map(|key| format!("{key}={}", line[key].as_str().unwrap_or_default()));
    if !told.1.is_empty() && told.0 != [header.join(" ")] {
        return Err(format!("{what}: {:?}", told.0).into());
    }
    Ok(())
}

/// What the API server's audit log says under the keys with this end, against decisions of which the first that has something
/// to say there was written.
fn audited(
    what: &str,
    recorded: &OnRecord,
    lines: &[&Value],
    webhook: &str,
    end: &str,
) -> Result<(), Failed> {
    let said = |key: &str| {
        let key = format!("{webhook}.pod-hardener.io/{key}");
        recorded.audited[key].as_str().unwrap_or_default()
    };
    for (key, of_line, _) in KEYS {
        let key = format!("{key}{end}");
        let mut logged = lines.iter().filter_map(|line| line[of_line].as_str());
        let logged = logged.find(|text| !text.is_empty()).unwrap_or_default();
        if said(&key) != logged {
            let said = said(&key);
            return Err(format!("{what}: audited {key}: {said:?}, logged {lines:?}").into());
        }
    }
    for (key, line) in ["profile", "config"]
        .iter()
        .flat_map(|key| lines.iter().map(move |line| (key, line)))
    {
        assert_eq!(said(key), line[key], "{what}: {key}");
    }
    Ok(())
}

/// What is shadowed is what the label then does; beside a weaker label, what that leaves.
fn shadows(
    what: &str,
    shadow: &OnRecord,
    hardened: &OnRecord,
    both: &OnRecord,
) -> Result<(), Failed> {
    let [only] = shadow.lines.as_slice() else {
        return Err(format!("{what}: {} shadows", shadow.lines.len()).into());
    };
    audited(what, shadow, &[only], "strict.audit", "")?;
    if only["rules"] != hardened.lines[0]["rules"] {
        return Err(format!("{what}: in shadow {only}, hardened {}", hardened.lines[0]).into());
    }
    let [weaker, rest] = both.lines.as_slice() else {
        return Err(format!("{what}: {} calls beside a label", both.lines.len()).into());
    };
    assert_eq!(
        (&weaker["mode"], &rest["mode"]),
        (&json!("harden"), &json!("audit"))
    );
    audited(what, both, &[weaker], "compatible", "")?;
    audited(what, both, &[rest], "strict.audit", &end(told_of(weaker)))?;
    let (done, left) = (set_by_line(weaker), set_by_line(rest));
    // Of the shadow of the whole, what the weaker profile has set is no more among the rest, and all else is.
    let fields = |set: &crate::records::Set| -> std::collections::BTreeSet<(String, String)> {
        set.iter()
            .map(|(_, place, field, _)| (place.clone(), field.clone()))
            .collect()
    };
    let whole = fields(&set_by_line(only));
    for field in whole.difference(&fields(&done)) {
        if !fields(&left).contains(field) {
            return Err(format!("{what}: {field:?} is in neither part: {weaker}, {rest}").into());
        }
    }
    Ok(())
}

/// The API server calls again after another webhook: both calls are on record, each under its own keys.
fn second_call(what: &str, recorded: &OnRecord, stored: &Value) -> Result<(), Failed> {
    let told = stored["metadata"]["annotations"][crate::records::ANNOTATION].as_str();
    let (headers, told) = told.map(set_by_annotation).unwrap_or_default();
    let [first, second] = recorded.lines.as_slice() else {
        return Err(format!("{what}: {} calls", recorded.lines.len()).into());
    };
    audited(what, recorded, &[first, second], "restricted", "")?;
    let passes = told_of(first);
    if passes > 0 {
        audited(what, recorded, &[second], "restricted", &end(passes))?;
    }
    let set = &set_by_written(first) | &set_by_written(second);
    if headers.len() != passes + told_of(second) || told != set {
        return Err(format!("{what}: {headers:?}: {told:?}, logged {first}, {second}").into());
    }
    Ok(())
}

/// What a call adds to the pod's annotation: nothing where there is no room.
fn set_by_written(line: &Value) -> Set {
    match told_of(line) {
        0 => Set::new(),
        _ => set_by_line(line),
    }
}

/// How many passes a call adds to the pod's annotation.
fn told_of(line: &Value) -> usize {
    usize::from(line["annotation"] == "written")
}

/// What the keys of the pass after so many others end in.
fn end(passes: usize) -> String {
    match passes {
        0 => String::new(),
        n => format!("-{}", n + 1),
    }
}
