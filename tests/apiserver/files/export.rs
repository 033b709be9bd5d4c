//! `facts export`, as it is run.

use std::path::Path;
use std::process::{Command, Output};

use libtest_mimic::Failed;
use pod_hardener::cluster::exported;
use pod_hardener::plan::Facts;

use crate::cluster::{kubectl, wait};
use crate::control_plane::ControlPlane;

/// What the command says of the cluster.
pub(super) fn export(plane: &ControlPlane) -> Result<Facts, Failed> {
    let output = run_export(&plane.kubeconfig())?;
    if !output.status.success() || !output.stderr.is_empty() {
        return Err(format!("{output:?}").into());
    }
    let text = String::from_utf8(output.stdout)?;
    let facts = exported::read(&text)?;
    assert_eq!(exported::write(&facts)?, text);
    Ok(facts)
}

fn run_export(kubeconfig: &Path) -> std::io::Result<Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pod-hardener"));
    command.args(["facts", "export", "--kubeconfig"]);
    command.arg(kubeconfig).output()
}

/// Who may not read all of it gets the rest, is told what is unknown, and is told so by the exit code.
pub(super) fn export_in_part(plane: &ControlPlane) -> Result<(), Failed> {
    let account = "--serviceaccount=default:exporter";
    for arguments in [
        &["create", "serviceaccount", "exporter"][..],
        &[
            "create",
            "clusterrole",
            "exporter",
            "--verb=list",
            "--resource=rolebindings",
        ],
        &[
            "create",
            "clusterrolebinding",
            "exporter",
            "--clusterrole=exporter",
            account,
        ],
    ] {
        kubectl(plane, arguments)?;
    }
    let token = kubectl(plane, &["create", "token", "exporter"])?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("kubeconfig");
    let config = std::fs::read_to_string(plane.kubeconfig())?;
    let with_token = |token: &str| {
        let (before, after) = config.split_once("token: ").ok_or("a token")?;
        let (_, after) = after.split_once('}').ok_or("the end of a token")?;
        Ok::<_, Failed>(std::fs::write(
            &file,
            format!("{before}token: {token}}}{after}"),
        )?)
    };
    with_token(token.trim())?;
    let part = wait(|| {
        let output = run_export(&file)?;
        Ok((output.status.code() == Some(1)).then_some(output))
    })?;
    let facts = exported::read(std::str::from_utf8(&part.stdout)?)?;
    assert!(facts.role_bindings.is_some() && facts.cluster_role_bindings.is_none());
    let said = String::from_utf8(part.stderr)?;
    assert_eq!(
        said.lines()
            .filter(|line| line.starts_with("unknown: "))
            .count(),
        7,
        "{said}"
    );
    with_token("none-such")?;
    let nothing = run_export(&file)?;
    assert_eq!(nothing.status.code(), Some(2), "{nothing:?}");
    assert!(nothing.stdout.is_empty(), "{nothing:?}");
    Ok(())
}
