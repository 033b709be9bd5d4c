//! A service account that asks, in the place of the administrator.

use std::path::{Path, PathBuf};

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::cluster::kubectl;
use crate::control_plane::ControlPlane;

/// Makes the account `name` of a namespace, and a kubeconfig in `folder` by which it asks.
pub(crate) fn kubeconfig(
    plane: &ControlPlane,
    folder: &Path,
    namespace: &str,
    name: &str,
) -> Result<PathBuf, Failed> {
    kubectl(plane, &["create", "serviceaccount", name, "-n", namespace])?;
    kubeconfig_of(plane, folder, namespace, name)
}

/// A kubeconfig in `folder` by which an account asks that is there.
pub(crate) fn kubeconfig_of(
    plane: &ControlPlane,
    folder: &Path,
    namespace: &str,
    name: &str,
) -> Result<PathBuf, Failed> {
    let token = kubectl(plane, &["create", "token", name, "-n", namespace])?;
    let config = std::fs::read_to_string(plane.kubeconfig())?;
    let mut config: Value = serde_saphyr::from_str(&config)?;
    config["users"][0]["user"] = json!({"token": token.trim()});
    let file = folder.join("kubeconfig");
    std::fs::write(&file, config.to_string())?;
    Ok(file)
}
