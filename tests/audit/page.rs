//! The page in headless Chromium: its address chooses, and the document is read after its script ran.

use std::path::Path;
use std::process::Command;

use libtest_mimic::Failed;
use serde_json::json;

use crate::browser::Browser;
use crate::cluster::{kubectl, namespace};
use crate::command;
use crate::control_plane::ControlPlane;
use crate::whole::apply;

pub(super) fn all(plane: &ControlPlane) -> Result<(), Failed> {
    namespace(plane, "audit-page", &[])?;
    for (name, more) in [
        ("alpha", json!({})),
        (
            "beta",
            json!({"securityContext": {"allowPrivilegeEscalation": true}}),
        ),
    ] {
        let mut container = json!({"name": "c", "image": "registry.example/web:1"});
        container
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        apply(
            plane,
            "audit-page",
            &json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container]}}),
        )?;
    }
    let folder = tempfile::tempdir()?;
    let page = folder.path().join("audit.html");
    let output = format!("html={}", page.display());
    let done = command::run(
        plane,
        &[
            "-n",
            "audit-page",
            "--profile",
            "restricted",
            "--fail-on",
            "never",
            "-o",
            &output,
        ],
    );
    assert!(done.status.success(), "{done:?}");
    let show = |chosen: &str| -> Result<String, Failed> {
        let profile = tempfile::tempdir()?;
        let output = Command::new("chromium")
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--virtual-time-budget=2000",
                "--dump-dom",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("file://{}#{chosen}", page.display()))
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let (_, table) = text
            .split_once("<table id=\"workloads\">")
            .ok_or("there is no table")?;
        Ok(table.split_once("</table>").unwrap().0.to_owned())
    };
    let order = |table: &str| (table.find(">alpha<"), table.find(">beta<"));
    let (alpha, beta) = order(&show("sort=name&dir=asc")?);
    assert!(alpha.is_some() && alpha < beta, "not sorted");
    let (alpha, beta) = order(&show("sort=name&dir=desc")?);
    assert!(beta.is_some() && beta < alpha, "not sorted the other way");
    let filtered = show("q=beta")?;
    assert!(
        order(&filtered).0.is_none() && order(&filtered).1.is_some(),
        "{filtered}"
    );
    let filtered = show("state=unsafe")?;
    assert!(
        order(&filtered).0.is_none() && order(&filtered).1.is_some(),
        "{filtered}"
    );
    let details = show("q=alpha&details=first")?;
    assert!(
        details.contains("+ containers[c].securityContext.runAsUser: 10001"),
        "{details}"
    );
    assert!(
        details.contains("Root in a container is root on the node"),
        "no reason: {details}"
    );
    assert!(details.contains("aria-expanded=\"true\""), "{details}");
    by_keyboard(&page)?;
    kubectl(
        plane,
        &["delete", "namespace", "audit-page", "--wait=false"],
    )?;
    Ok(())
}

/// All of it without a mouse.
fn by_keyboard(page: &Path) -> Result<(), Failed> {
    let mut browser = Browser::open(page)?;
    let names = "[...document.querySelectorAll('#workloads tbody button')].map((one) => one.textContent).join()";
    browser.tab_to("at.dataset.sort === 'name'")?;
    browser.press("Enter")?;
    assert_eq!(browser.look(names)?, "alpha,beta");
    browser.press("Enter")?;
    assert_eq!(browser.look(names)?, "beta,alpha");
    browser.tab_to("at.id === 'q'")?;
    browser.write("bet")?;
    assert_eq!(browser.look(names)?, "beta");
    browser.tab_to("at.textContent === 'beta'")?;
    let open = "document.activeElement.ariaExpanded + document.querySelectorAll('.details').length";
    browser.press("Enter")?;
    assert_eq!(browser.look(open)?, "true1");
    browser.press("Enter")?;
    assert_eq!(browser.look(open)?, "false0");
    // Where one is can be seen.
    let outline = "getComputedStyle(document.activeElement).outlineStyle";
    assert_ne!(browser.look(outline)?, "none");
    Ok(())
}
