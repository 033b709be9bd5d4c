//! The judgement itself, tried on what is made up here: it needs no node.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PodSpec;
use libtest_mimic::Failed;
use serde_json::json;

use crate::promises::{SLOWER, not_in_force, worse};
use crate::workloads::{Cell, Failure, Inside, Process, Results, Workload};

/// What is done to a fact.
type Change = fn(&mut Inside);

/// Each fact that is other than the pod says is named, and nothing is where all are in force.
pub(super) fn in_force() -> Result<(), Failed> {
    let pod: PodSpec = serde_json::from_value(json!({
        "hostUsers": false,
        "automountServiceAccountToken": false,
        "containers": [{
            "name": "web",
            "securityContext": {
                "allowPrivilegeEscalation": false,
                "seccompProfile": {"type": "RuntimeDefault"},
                "readOnlyRootFilesystem": true,
                "runAsUser": 10001,
                "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
            },
            "resources": {"limits": {"memory": "1Gi"}},
        }],
    }))?;
    let judge = |inside: &Inside| not_in_force(&pod, &pod.containers[0], inside);
    assert_eq!(judge(&hardened()), Vec::<String>::new());
    let changes: [(Change, &str); 8] = [
        (|inside| inside.mapped = false, "hostUsers: false"),
        (
            |inside| inside.read_only = false,
            "readOnlyRootFilesystem: true",
        ),
        (
            |inside| inside.token = true,
            "automountServiceAccountToken: false",
        ),
        (|inside| inside.memory = None, "the limit of memory"),
        (|inside| inside.processes[0].uid = 0, "runAsUser"),
        (
            |inside| inside.processes[0].seccomp = false,
            "seccompProfile: RuntimeDefault",
        ),
        (
            |inside| inside.processes[0].no_new_privileges = false,
            "allowPrivilegeEscalation: false",
        ),
        (
            |inside| inside.processes[0].bounding = "2000".to_owned(),
            "NET_RAW",
        ),
    ];
    for (change, what) in changes {
        let mut inside = hardened();
        change(&mut inside);
        assert_eq!(judge(&inside), [format!("{what} is not in force")]);
    }
    Ok(())
}

/// A process that may do more than as written is named, and one that may do less is not.
pub(super) fn less_safe() -> Result<(), Failed> {
    let judge = |written: &Inside, hardened: &Inside| worse(&cell(written), &cell(hardened));
    let written = Inside {
        processes: vec![root(), user()],
        ..Inside::default()
    };
    assert_eq!(judge(&written, &written), Vec::<String>::new());
    let mut mapped = written.clone();
    mapped.mapped = true;
    assert_eq!(judge(&written, &mapped), Vec::<String>::new());
    let changes: [(Change, &str); 6] = [
        (
            |inside| inside.processes[1].uid = 0,
            "no web is as harmless as UID 101 was",
        ),
        (
            |inside| inside.processes[1].capabilities = "400".to_owned(),
            "no web is as harmless as UID 101 was",
        ),
        (
            |inside| inside.processes[0].capabilities = "a80425ff".to_owned(),
            "web is UID 0",
        ),
        (
            |inside| inside.processes[0].bounding = "1ffffffffff".to_owned(),
            "web is UID 0",
        ),
        (
            |inside| inside.processes[1].no_new_privileges = false,
            "no web is as harmless as UID 101 was",
        ),
        (|inside| inside.token = true, "there is a token"),
    ];
    for (change, what) in changes {
        let mut hardened = written.clone();
        change(&mut hardened);
        let said = judge(&written, &hardened);
        assert!(
            said.iter().any(|line| line.contains(what)),
            "{what}: {said:?}"
        );
    }
    // The map is what makes its root nobody.
    assert!(!judge(&mapped, &written).is_empty());
    Ok(())
}

/// An end that takes much longer than as written is named.
pub(super) fn slower() -> Result<(), Failed> {
    let ends = |seconds| Cell {
        stop: Some(seconds),
        ..Cell::default()
    };
    assert_eq!(worse(&ends(0.1), &ends(SLOWER)), Vec::<String>::new());
    assert_eq!(worse(&ends(30.0), &ends(0.1)), Vec::<String>::new());
    assert_eq!(
        worse(&ends(0.1), &ends(30.0)),
        ["it takes 30.0 s to end, and 0.1 s as written"]
    );
    Ok(())
}

/// What breaks where nothing may is a broken promise, and so is a setting that is not needed.
pub(super) fn broken_promises() -> Result<(), Failed> {
    let broken = |column: &str, forbidden: bool, hopeless: bool| {
        let failure = Failure {
            phase: "do".to_owned(),
            ..Failure::default()
        };
        let cell = Cell {
            failure: Some(failure),
            ..Cell::default()
        };
        named(Workload {
            forbidden: forbidden.then(|| "drop-capabilities".to_owned()),
            hopeless: hopeless.then(|| "it must be root".to_owned()),
            cells: BTreeMap::from([(column.to_owned(), cell)]),
            ..Workload::default()
        })
    };
    for (column, forbidden, hopeless, lines) in [
        ("as-written", true, true, 1),
        ("compatible", false, true, 1),
        ("compatible", true, false, 0),
        ("compatible-userns", false, true, 1),
        ("compatible-userns", true, false, 0),
        ("strict", false, false, 0),
        ("strict-overrides", true, false, 1),
        ("strict-overrides", false, true, 0),
    ] {
        let said = broken(column, forbidden, hopeless);
        assert_eq!(
            said.len(),
            lines,
            "{column} {forbidden} {hopeless}: {said:?}"
        );
    }
    let needless = Workload {
        without: BTreeMap::from([("a.b = false".to_owned(), Cell::default())]),
        ..Workload::default()
    };
    assert_eq!(named(needless), ["web works without a.b = false too"]);
    // Nothing is promised of what does not run as written either, and nothing else than that excuses it.
    let cell = |failure| Cell {
        failure,
        ..Cell::default()
    };
    let nowhere = Workload {
        impossible: Some("listens on a low port".to_owned()),
        cells: ["as-written", "compatible"]
            .map(|column| (column.to_owned(), cell(Some(Failure::default()))))
            .into(),
        ..Workload::default()
    };
    assert_eq!(named(nowhere), Vec::<String>::new());
    let somewhere = Workload {
        impossible: Some("listens on a low port".to_owned()),
        cells: [
            ("as-written", None),
            ("compatible", Some(Failure::default())),
        ]
        .map(|(column, failure)| (column.to_owned(), cell(failure)))
        .into(),
        ..Workload::default()
    };
    assert_eq!(named(somewhere).len(), 1);
    let wrong = Cell {
        wrong: vec!["runAsUser is not in force".to_owned()],
        ..Cell::default()
    };
    let wrong = Workload {
        cells: BTreeMap::from([("strict".to_owned(), wrong)]),
        ..Workload::default()
    };
    assert_eq!(named(wrong), ["web/strict: runAsUser is not in force"]);
    Ok(())
}

fn named(workload: Workload) -> Vec<String> {
    let workloads = BTreeMap::from([("web".to_owned(), workload)]);
    let results = Results {
        workloads,
        ..Results::default()
    };
    results.broken_promises()
}

fn cell(inside: &Inside) -> Cell {
    Cell {
        inside: BTreeMap::from([("web".to_owned(), inside.clone())]),
        ..Cell::default()
    }
}

/// What `strict` makes of a container.
fn hardened() -> Inside {
    Inside {
        mapped: true,
        read_only: true,
        token: false,
        memory: Some(1 << 30),
        processes: vec![Process {
            uid: 10001,
            bounding: "400".to_owned(),
            ..user()
        }],
    }
}

fn root() -> Process {
    Process {
        name: "web".to_owned(),
        capabilities: "a80425fb".to_owned(),
        bounding: "a80425fb".to_owned(),
        ..Process::default()
    }
}

fn user() -> Process {
    Process {
        name: "web".to_owned(),
        uid: 101,
        gid: 101,
        bounding: "a80425fb".to_owned(),
        no_new_privileges: true,
        seccomp: true,
        ..Process::default()
    }
}
