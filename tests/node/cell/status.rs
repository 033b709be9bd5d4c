//! What the status of a pod and the folder of its logs say.

use std::fs;
use std::path::PathBuf;

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

pub(super) fn name(pod: &Pod) -> &str {
    pod.metadata.name.as_deref().unwrap_or_default()
}

pub(super) fn phase(pod: &Pod) -> &str {
    pod.status
        .as_ref()
        .and_then(|status| status.phase.as_deref())
        .unwrap_or_default()
}

pub(super) fn is_running(status: &ContainerStatus) -> bool {
    status
        .state
        .as_ref()
        .is_some_and(|state| state.running.is_some())
}

/// The status of the container under test.
pub(super) fn first(pod: &Pod) -> Option<&ContainerStatus> {
    of(pod, &pod.spec.as_ref()?.containers.first()?.name)
}

/// The status of a container.
pub(super) fn of<'p>(pod: &'p Pod, container: &str) -> Option<&'p ContainerStatus> {
    statuses(pod).find(|status| status.name == container)
}

/// The statuses of all of its containers.
fn statuses(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    let status = pod.status.as_ref();
    let init = status.and_then(|status| status.init_container_statuses.as_ref());
    let containers = status.and_then(|status| status.container_statuses.as_ref());
    init.into_iter().chain(containers).flatten()
}

/// How one of its containers failed, if one did: it ended, or cannot be made.
pub(super) fn failed(pod: &Pod) -> Option<String> {
    statuses(pod).find_map(|status| {
        let shown = shown(status)?;
        Some(format!("container {}: {shown}", status.name))
    })
}

/// The reason and the exit code of a container that failed.
fn shown(status: &ContainerStatus) -> Option<String> {
    let states = [status.last_state.as_ref(), status.state.as_ref()];
    let ended = states
        .iter()
        .flatten()
        .find_map(|state| state.terminated.as_ref());
    if let Some(ended) = ended.filter(|ended| ended.exit_code != 0 || status.restart_count > 0) {
        return Some(format!(
            "{} {}",
            ended.reason.as_deref().unwrap_or("ended"),
            ended.exit_code
        ));
    }
    let waiting = status.state.as_ref()?.waiting.as_ref()?.reason.clone()?;
    let certain = [
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "ErrImageNeverPull",
    ];
    certain.contains(&waiting.as_str()).then_some(waiting)
}

/// What a pod's status says of its failure.
pub(super) fn in_short(pod: &Pod) -> String {
    statuses(pod)
        .find_map(shown)
        .unwrap_or_else(|| phase(pod).to_owned())
}

/// The last line that one of its containers said, from the folder of logs, where it stays after a restart.
pub(super) fn log(pod: &Pod, namespace: &str) -> String {
    let uid = pod.metadata.uid.as_deref().unwrap_or_default();
    let folder = format!("/var/log/pods/{namespace}_{}_{uid}", name(pod));
    let failed = statuses(pod)
        .find(|status| shown(status).is_some())
        .or_else(|| first(pod));
    let Some(container) = failed.map(|status| status.name.as_str()) else {
        return String::new();
    };
    let files = fs::read_dir(format!("{folder}/{container}"))
        .into_iter()
        .flatten()
        .flatten();
    let mut files: Vec<PathBuf> = files.map(|entry| entry.path()).collect();
    files.sort();
    let lines = files.iter().rev().find_map(|file| {
        let text = fs::read_to_string(file).ok()?;
        // Each line begins with its time, its stream, and whether it is whole.
        let said = |line: &str| line.splitn(4, ' ').nth(3).map(str::to_owned);
        text.lines()
            .rev()
            .filter_map(said)
            .find(|line| !line.trim().is_empty())
    });
    short(&lines.unwrap_or_default())
}

/// One line of a length that fits into a table.
pub(super) fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(200).collect()
}
