//! The command, as a user runs it.

use std::path::Path;
use std::process::{Command, Output};

use libtest_mimic::Failed;
use serde_json::Value;

use crate::control_plane::ControlPlane;

/// Runs `audit` as the administrator.
pub(super) fn run(plane: &ControlPlane, args: &[&str]) -> Output {
    run_with(&plane.kubeconfig(), args)
}

/// Runs `audit` by a kubeconfig.
pub(super) fn run_with(kubeconfig: &Path, args: &[&str]) -> Output {
    command(kubeconfig, args).output().unwrap()
}

fn command(kubeconfig: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pod-hardener"));
    command
        .arg("audit")
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .args(args);
    command
}

/// Runs `audit` as the administrator, where no temporary file can be made.
pub(super) fn run_without_files(plane: &ControlPlane, args: &[&str]) -> Output {
    command(&plane.kubeconfig(), args)
        .env("TMPDIR", "/nowhere")
        .output()
        .unwrap()
}

/// The JSON report; whatever is found.
pub(super) fn json(plane: &ControlPlane, args: &[&str]) -> Result<Value, Failed> {
    let all = [&["-o", "json", "--fail-on", "never"], args].concat();
    let output = run(plane, &all);
    match output.status.success() {
        true => Ok(serde_json::from_slice(&output.stdout)?),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}
