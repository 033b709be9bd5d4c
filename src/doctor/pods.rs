//! What became of pods.

use std::time::SystemTime;

use super::{Findings, Seen, Unhardened};
use crate::finding::Severity;

/// A pod that is tried comes out hardened.
pub(super) fn reached(seen: &Seen, _: SystemTime, findings: &mut Findings) {
    for (namespace, outcome) in &seen.reached {
        let object = format!("namespace {namespace}");
        match outcome {
            Ok(true) => {}
            Ok(false) => findings.error(
                object,
                "a pod that was tried (nothing was stored) came out as it went in: the API server did not reach the servers, or did not take their answer",
                "the API server's log and its metric apiserver_admission_webhook_fail_open_count say why; see the other findings first",
            ),
            Err(why) => findings.warning(
                object,
                format!("a pod that was tried (nothing was stored) was refused: {why}"),
                "if it is not for another policy of this namespace: the API server's log says why",
            ),
        }
    }
}

/// The pods of labelled namespaces are as their profile would have them.
pub(super) fn unhardened(seen: &Seen, _: SystemTime, findings: &mut Findings) {
    for Unhardened {
        namespace,
        profile,
        pods,
        open,
        first,
        conditions,
    } in &seen.unhardened
    {
        if *open == 0 {
            continue;
        }
        let more = if *open > first.len() { ", ..." } else { "" };
        // Those that the cluster's own conditions spare are not told apart here.
        let severity = if *conditions {
            Severity::Note
        } else {
            Severity::Warning
        };
        findings.push(
            severity,
            format!("namespace {namespace}"),
            format!(
                "{open} of {pods} pods are not as `{profile}` would make them ({}{more}): they are older than the label or the configuration, or were made while our servers were away",
                first.join(", ")
            ),
            format!("make them anew: kubectl rollout restart deployment,statefulset,daemonset -n {namespace}"),
        );
    }
}
