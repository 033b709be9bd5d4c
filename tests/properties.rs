//! What holds for every pod, whatever it says. Each invariant has a planted bug in `tests/planted` that turns it red.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

#[path = "support/effective.rs"]
mod effective;
#[path = "support/harden.rs"]
mod harden;
#[path = "support/pods.rs"]
mod pods;
#[path = "support/token.rs"]
mod token;

use harden::{Hardened, harden_by, keeps};
use pod_hardener::config::{Profile, Settings};
use pod_hardener::object::Template;
use pod_hardener::plan::{Facts, Resources, ServiceAccount, Subjects};
use pod_hardener::quantity::Quantity;
use pod_hardener::rules::find;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What a pod is hardened by.
#[derive(Clone, Debug)]
struct Setting {
    profile: Profile,
    /// A configuration with overrides, in which the pod's exceptions hold too.
    overrides: Option<Settings>,
    facts: Facts,
}

fn setting() -> impl Strategy<Value = Setting> {
    let parts = (profile(), weighted(0.5, overrides()), facts());
    parts.prop_map(|(profile, overrides, facts)| Setting {
        profile,
        overrides,
        facts,
    })
}

fn without_overrides() -> impl Strategy<Value = Setting> {
    setting().prop_map(|setting| Setting {
        overrides: None,
        ..setting
    })
}

/// What is other for some containers of the generated pods.
const OVERRIDDEN: [&str; 12] = [
    // With the request of another one, the limit is below it.
    "containers = [\"c*\"]\nmemory-resources = { enabled = true, limit = \"50Mi\" }",
    "containers = [\"c0\"]\nrun-as-high-uid.enabled = false",
    "containers = [\"c1\"]\nrun-as-high-uid = { enabled = true, uid = \"namespace\" }",
    "containers = [\"c1\", \"i*\"]\nuser-namespace = { enabled = true, when = \"always\" }",
    "containers = [\"c*\"]\nrun-as-high-uid = { uid = \"image\", persistent-volumes = \"fs-group\" }",
    "containers = [\"i0\"]\ndrop-capabilities = { all = true, keep = [\"!NET_BIND_SERVICE\", \"CHOWN\"] }",
    "containers = [\"c0\"]\nread-only-root-filesystem = { enabled = true, writable-paths = [\"/var/lib/data\", \"/run/app\"] }",
    "containers = [\"c1\"]\nread-only-root-filesystem.enabled = false",
    "namespaces = [\"shop\"]\nmemory-resources = { enabled = true, request = \"48Mi\", limit = \"64Mi\" }",
    "containers = [\"c0\"]\nmemory-resources.request = \"60Mi\"\ncpu-resources.limit = \"2\"",
    "images = [\"registry.example/app\"]\ncontainers = [\"c*\"]\nrun-as-high-uid = { enabled = true, uid = 999 }",
    "containers = [\"c0\"]\nno-service-account-token.enabled = false\nprobes = { enabled = true, tcp-readiness = true }",
];

/// Some of them together: 64 of the ways to choose, read once.
fn overrides() -> impl Strategy<Value = Settings> {
    let chosen = (1..=64_usize).map(|n| {
        let bits = n.wrapping_mul(0x9E37_79B9) >> 7;
        let chosen = OVERRIDDEN.iter().enumerate();
        let chosen = chosen.filter(|(at, _)| bits >> at & 1 == 1);
        let overrides =
            chosen.map(|(_, text)| format!("[[overrides]]\nreason = \"chance\"\n{text}\n"));
        let text =
            String::from("version = 1\n[profiles.none]\nmemory-resources.limit = \"64Mi\"\n")
                + &overrides.collect::<String>();
        Settings::parse(&text, "overrides").unwrap_or_else(|error| panic!("{error}"))
    });
    select(chosen.collect::<Vec<_>>())
}

/// Facts of the namespace, each known or not.
fn facts() -> impl Strategy<Value = Facts> {
    let namespace = || Box::<str>::from(harden::NAMESPACE);
    let account = select(vec!["default", "shop", "other"]);
    let subjects = || {
        prop::option::weighted(0.6, (account.clone(), prop::bool::weighted(0.1))).prop_map(
            move |known| {
                known.map(|(account, everyone)| {
                    let accounts =
                        HashMap::from([(namespace(), HashSet::from([Box::from(account)]))]);
                    Arc::new(Subjects {
                        everyone,
                        accounts,
                        ..Subjects::default()
                    })
                })
            },
        )
    };
    let accounts = of((of(any::<bool>()), any::<bool>())).prop_map(move |known| {
        let account = known.map(|(automount, is_young)| ServiceAccount {
            automount,
            is_young,
        });
        let named = |account| ["default", "shop"].map(|name| (Box::from(name), account));
        account.map(|account| {
            Arc::new(HashMap::from([(
                namespace(),
                HashMap::from(named(account)),
            )]))
        })
    });
    let resources = || {
        let some = weighted(0.3, (any::<bool>(), any::<bool>()));
        some.prop_map(move |known| {
            known.map(|(cpu, memory)| {
                Arc::new(HashMap::from([(namespace(), Resources { cpu, memory })]))
            })
        })
    };
    let quota = weighted(0.3, Just(Arc::new(HashSet::from([namespace()]))));
    let parts = (
        subjects(),
        subjects(),
        accounts,
        resources(),
        resources(),
        quota,
        of(any::<bool>()),
    );
    parts.prop_map(
        |(role, cluster, accounts, pod_limits, autoscalers, quotas, user_namespaces)| Facts {
            role_bindings: role,
            cluster_role_bindings: cluster,
            service_accounts: accounts,
            ranges: None,
            pod_limits,
            best_effort_quotas: quotas,
            autoscalers,
            user_namespaces,
        },
    )
}

/// The shipped profiles and the one of everything, by chance.
fn profile() -> impl Strategy<Value = Profile> {
    let text = format!("{}{}", pod_hardener::config::EMBEDDED, pods::EVERYTHING);
    let settings = Settings::parse(&text, "everything").unwrap_or_else(|error| panic!("{error}"));
    let profiles = settings
        .profile_names()
        .filter_map(|name| settings.profile(name).cloned());
    prop::sample::select(profiles.collect::<Vec<_>>())
}

fn hardened(setting: &Setting, pod: &Value) -> Hardened {
    by(setting, Template::Itself, pod)
}

fn by(setting: &Setting, template: Template, object: &Value) -> Hardened {
    let Setting {
        profile,
        overrides,
        facts,
    } = setting;
    let namespace = harden::NAMESPACE;
    harden_by(
        overrides.as_ref(),
        namespace,
        facts,
        profile,
        template,
        object,
    )
    .unwrap_or_else(|error| panic!("{error}\n{object}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_patch_applies_and_gives_what_the_plan_says(pod in pods::pod(), setting in setting()) {
        let hardened = hardened(&setting, &pod);
        let mut expected = pod;
        hardened.set.iter().for_each(|(pointer, value)| set(&mut expected, pointer, value));
        take_out(&mut expected, &hardened.removed);
        prop_assert_eq!(hardened.object, expected);
    }

    #[test]
    fn nothing_that_the_author_wrote_changes(pod in pods::pod(), setting in setting()) {
        let hardened = hardened(&setting, &pod);
        prop_assert!(keeps(&hardened.object, &pod), "{:#?}", hardened.patch);
    }

    #[test]
    fn hardening_twice_changes_nothing_the_second_time(pod in pods::pod(), setting in setting()) {
        let once = hardened(&setting, &pod);
        let twice = hardened(&setting, &once.object);
        prop_assert_eq!(twice.patch, None);
    }

    #[test]
    fn the_order_of_rules_makes_no_difference(pod in pods::pod(), setting in setting()) {
        let reversed = Setting { profile: setting.profile.clone().reversed(), ..setting.clone() };
        prop_assert_eq!(hardened(&setting, &pod).object, hardened(&reversed, &pod).object);
    }

    #[test]
    fn what_the_api_server_accepts_it_accepts_hardened(pod in pods::pod(), setting in setting()) {
        prop_assume!(refusal(&pod).is_none());
        let hardened = hardened(&setting, &pod);
        prop_assert_eq!(refusal(&hardened.object), None, "{:#?}", hardened.patch);
    }

    #[test]
    fn what_the_author_adds_is_not_dropped(pod in pods::pod(), setting in setting()) {
        let hardened = hardened(&setting, &pod);
        for (before, after) in containers(&pod).into_iter().zip(containers(&hardened.object)) {
            let list = |of: &Value, name| names(&of["securityContext"]["capabilities"][name]);
            let new = list(after, "drop").into_iter().filter(|name| !list(before, "drop").contains(name));
            for name in new {
                prop_assert!(!list(before, "add").iter().any(|added| bare(added) == bare(&name)), "{name}");
            }
        }
    }

    /// A user that a user namespace does not have is one that the container cannot be made for (G4).
    #[test]
    fn a_user_that_is_given_exists_in_the_user_namespace(pod in pods::pod(), setting in setting()) {
        let hardened = hardened(&setting, &pod);
        if hardened.object["spec"]["hostUsers"] == false {
            for (pointer, value) in hardened.set.iter().filter(|(pointer, _)| pointer.ends_with("runAsUser")) {
                prop_assert!(value.as_u64().is_some_and(|uid| uid < 65_534), "{pointer}: {value}");
            }
        }
    }

    /// A user that is not root cannot listen on a low port, and cannot read the data of another, unless the pod says so (X4, X6).
    #[test]
    fn a_user_that_is_given_can_listen_and_read(pod in pods::pod(), setting in setting()) {
        let hardened = hardened(&setting, &pod);
        let context = &hardened.object["spec"]["securityContext"];
        let ours = hardened.set.iter().filter_map(|(pointer, _)| pointer.strip_suffix("/securityContext/runAsUser"));
        for container in ours.map(|pointer| hardened.object.pointer(pointer).unwrap()) {
            let ports = container["ports"].as_array().into_iter().flatten();
            let is_low = |port: &Value| port["containerPort"].as_u64().is_some_and(|port| (1..1_024).contains(&port));
            if ports.clone().any(is_low) {
                prop_assert!(context["sysctls"].to_string().contains("ip_unprivileged_port_start"), "{container}");
            }
            let mounts = container["volumeMounts"].as_array().into_iter().flatten();
            if mounts.clone().any(|mount| mount["name"] == "data") {
                prop_assert!(context["fsGroup"].is_u64(), "{container}");
            }
        }
    }

    #[test]
    fn a_rule_writes_only_the_fields_that_it_declares(pod in pods::pod(), setting in setting()) {
        for line in hardened(&setting, &pod).said {
            let Some((who, what)) = line.split_once(": set ") else { continue };
            let rule = find(who.split(' ').next().unwrap()).unwrap();
            let field = what.split(' ').next().unwrap();
            prop_assert!(rule.writes.iter().any(|declared| declared.to_string() == field), "{line}");
        }
    }

    #[test]
    fn every_rule_speaks_of_every_container(pod in pods::pod(), setting in without_overrides()) {
        let said = hardened(&setting, &pod).said;
        for (rule, _) in setting.profile.rules().filter(|(rule, _)| rule.container.is_some()) {
            for container in containers(&pod) {
                let name = container["name"].as_str().unwrap();
                let of = |line: &String| line.starts_with(rule.id) && line.contains(&format!(" {name}: "));
                prop_assert!(said.iter().any(of), "{} is silent of {name}", rule.id);
            }
        }
    }

    #[test]
    fn a_template_is_hardened_as_the_pod_that_is_made_of_it(pod in pods::pod(), setting in setting()) {
        let template = json!({"metadata": pod["metadata"], "spec": pod["spec"]});
        let job = json!({"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": template}}}});
        let job = by(&setting, Template::JobSpec, &job);
        let pod = hardened(&setting, &pod);
        prop_assert_eq!(&job.object["spec"]["jobTemplate"]["spec"]["template"]["spec"], &pod.object["spec"]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// The profiles are a ladder: going up it by steps ends where a jump ends.
    #[test]
    fn climbing_from_profile_to_profile_ends_where_strict_at_once_does(pod in pods::pod()) {
        let settings = Settings::embedded();
        let by = |name: &str, pod: &Value| {
            let profile = settings.profile(name).unwrap().clone();
            hardened(&Setting { profile, overrides: None, facts: Facts::default() }, pod).object
        };
        let climbed = by("strict", &by("restricted", &by("compatible", &pod)));
        prop_assert_eq!(effective::settings(&climbed), effective::settings(&by("strict", &pod)));
    }
}

#[test]
fn the_generated_pods_have_a_volume_whose_name_is_ours() {
    let profile = Settings::embedded().profile("strict").unwrap().clone();
    let setting = Setting {
        profile,
        overrides: None,
        facts: Facts::default(),
    };
    let pod = json!({"spec": {"containers": [{"name": "c0"}]}});
    assert_eq!(
        hardened(&setting, &pod).object["spec"]["volumes"][0]["name"],
        pods::TAKEN
    );
}

/// Sets one value, making the objects on the way; an entry where the pointer ends in `/-`. Independent of the patch.
fn set(object: &mut Value, pointer: &str, value: &Value) {
    let mut at = object;
    let (path, entry) = pointer
        .strip_suffix("/-")
        .map_or((pointer, false), |path| (path, true));
    for name in path.split('/').skip(1) {
        let name = name.replace("~1", "/").replace("~0", "~");
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
        at = match at {
            Value::Array(list) => &mut list[name.parse::<usize>().unwrap()],
            other => &mut other[name],
        };
    }
    match (at, entry) {
        (Value::Array(list), true) => list.push(value.clone()),
        (at, true) => *at = json!([value]),
        (at, false) => *at = value.clone(),
    }
}

/// Takes entries out of lists: no position moves before its turn.
fn take_out(object: &mut Value, removed: &[(String, usize)]) {
    let lists: HashSet<&String> = removed.iter().map(|(list, _)| list).collect();
    for list in lists {
        let entries = object
            .pointer_mut(list)
            .and_then(Value::as_array_mut)
            .unwrap();
        let mut position = 0;
        entries.retain(|_| {
            position += 1;
            !removed.contains(&(list.clone(), position - 1))
        });
    }
}

fn containers(pod: &Value) -> Vec<&Value> {
    let lists = ["initContainers", "containers"].map(|list| pod["spec"][list].as_array());
    lists.into_iter().flatten().flatten().collect()
}

fn names(list: &Value) -> Vec<String> {
    let names = list.as_array().into_iter().flatten();
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

fn bare(capability: &str) -> String {
    capability
        .to_uppercase()
        .trim_start_matches("CAP_")
        .to_owned()
}

/// Why the API server refuses a pod, as far as the fields of the rules go. The real one judges in `tests/apiserver.rs`.
fn refusal(pod: &Value) -> Option<&'static str> {
    let spec = &pod["spec"];
    let windows = spec["os"]["name"] == "windows";
    let volumes: Vec<&str> = listed(&spec["volumes"], "name");
    if has_duplicates(&volumes) {
        return Some("M1");
    }
    let on_host = ["hostNetwork", "hostPID", "hostIPC"]
        .iter()
        .any(|field| spec[*field] == true);
    let devices = containers(pod)
        .iter()
        .any(|container| !listed(&container["volumeDevices"], "name").is_empty());
    if spec["hostUsers"] == false && (on_host || devices) {
        return Some("V10");
    }
    let sysctls = listed(&spec["securityContext"]["sysctls"], "name");
    if has_duplicates(&sysctls)
        || (spec["hostNetwork"] == true && sysctls.iter().any(|name| name.starts_with("net.")))
    {
        return Some("V12");
    }
    let annotations = pod["metadata"]["annotations"]
        .as_object()
        .into_iter()
        .flatten();
    let bytes: usize = annotations
        .map(|(key, value)| key.len() + value.as_str().unwrap_or_default().len())
        .sum();
    if bytes > 256 * 1024 {
        return Some("J11");
    }
    for container in containers(pod) {
        let context = &container["securityContext"];
        let escalates = context["allowPrivilegeEscalation"] == false;
        if escalates && context["privileged"] == true {
            return Some("V1");
        }
        if escalates && names(&context["capabilities"]["add"]).contains(&"CAP_SYS_ADMIN".to_owned())
        {
            return Some("V2");
        }
        let linux = [
            "allowPrivilegeEscalation",
            "capabilities",
            "seccompProfile",
            "privileged",
            "runAsUser",
            "readOnlyRootFilesystem",
        ];
        if windows && linux.iter().any(|field| !context[*field].is_null()) {
            return Some("W1");
        }
        if amounts_contradict(&container["resources"]) {
            return Some("Z1");
        }
        let is_init = container["name"]
            .as_str()
            .is_some_and(|name| name.starts_with('i'));
        let probes = ["livenessProbe", "readinessProbe"]
            .iter()
            .any(|probe| !container[*probe].is_null());
        if is_init && container["restartPolicy"] != "Always" && probes {
            return Some("N1");
        }
        let paths = listed(&container["volumeMounts"], "mountPath");
        let mounted = listed(&container["volumeMounts"], "name");
        let devices = listed(&container["volumeDevices"], "devicePath");
        if has_duplicates(&paths) {
            return Some("M2");
        }
        if !mounted.iter().all(|name| volumes.contains(name))
            || devices.iter().any(|path| paths.contains(path))
        {
            return Some("M3");
        }
        let name = container["name"].as_str().unwrap();
        let key = format!("container.seccomp.security.alpha.kubernetes.io/{name}");
        if differs(
            &pod["metadata"]["annotations"][&key],
            &context["seccompProfile"],
        ) {
            return Some("V7");
        }
    }
    let context = &spec["securityContext"];
    let linux = ["seccompProfile", "runAsUser", "fsGroup", "sysctls"];
    if windows
        && (linux.iter().any(|field| !context[*field].is_null()) || !spec["hostUsers"].is_null())
    {
        return Some("W1");
    }
    let annotation = &pod["metadata"]["annotations"]["seccomp.security.alpha.kubernetes.io/pod"];
    differs(annotation, &context["seccompProfile"]).then_some("V7")
}

/// Whether more is requested than there may be (Z1), a limit standing for a missing request (Z3).
fn amounts_contradict(resources: &Value) -> bool {
    ["cpu", "memory"].iter().any(|name| {
        let amount = |list: &str| {
            let said = &resources[list][*name];
            let text = said.as_str().map_or_else(|| said.to_string(), str::to_owned);
            Quantity::parse(&text)
        };
        matches!((amount("requests"), amount("limits")), (Some(request), Some(limit)) if request > limit)
    })
}

fn listed<'p>(list: &'p Value, key: &str) -> Vec<&'p str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(|entry| entry[key].as_str())
        .collect()
}

fn has_duplicates(names: &[&str]) -> bool {
    names
        .iter()
        .enumerate()
        .any(|(at, name)| names[..at].contains(name))
}

fn differs(annotation: &Value, field: &Value) -> bool {
    let (Some(annotation), Some(kind)) = (annotation.as_str(), field["type"].as_str()) else {
        return false;
    };
    match kind {
        "RuntimeDefault" => !["runtime/default", "docker/default"].contains(&annotation),
        "Unconfined" => annotation != "unconfined",
        _ => !annotation.starts_with("localhost/"),
    }
}
