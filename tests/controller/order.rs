//! What the controller makes, and makes good.

use std::time::{Duration, Instant};

use libtest_mimic::Failed;

use crate::cluster::{kubectl, wait};
use crate::control_plane::ControlPlane;
use crate::started::Home;

const NOWHERE: &str = "https://127.0.0.1:1";

pub(super) fn from_nothing(plane: &ControlPlane) -> Result<(), Failed> {
    let home = Home::new(plane, "from-nothing", NOWHERE)?;
    let start = Instant::now();
    let controller = home.controller(0, &[])?;
    home.in_order()?;
    eprintln!("in order after {:.1} s", start.elapsed().as_secs_f32());
    let secret = home.secret()?.unwrap();
    assert_eq!(
        secret["metadata"]["ownerReferences"][0]["kind"],
        "Deployment"
    );
    assert_eq!(home.cas()?, 1);
    assert!(home.held("next.key")?.is_empty());
    // Nothing is left to do: nothing is written again.
    let version = |secret: &serde_json::Value| secret["metadata"]["resourceVersion"].clone();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(version(&home.secret()?.unwrap()), version(&secret));
    // It goes with its owner.
    kubectl(
        plane,
        &["delete", "deployment", "hardener", "-n", home.namespace],
    )?;
    drop(controller);
    wait(|| Ok(home.secret()?.is_none().then_some(())))
}

pub(super) fn repaired(plane: &ControlPlane) -> Result<(), Failed> {
    let home = Home::new(plane, "repaired", NOWHERE)?;
    let _controller = home.controller(0, &["--settle=1s"])?;
    home.in_order()?;
    let before = home.held("ca.crt")?;
    let faults: [(&str, &[&str]); 4] = [
        (
            "caBundle is taken away",
            &[
                "patch",
                "mutatingwebhookconfiguration",
                "repaired",
                "--type=json",
                "-p",
                r#"[{"op": "remove", "path": "/webhooks/1/clientConfig/caBundle"}]"#,
            ],
        ),
        (
            "caBundle is another's",
            &[
                "patch",
                "validatingwebhookconfiguration",
                "repaired",
                "--type=json",
                "-p",
                r#"[{"op": "replace", "path": "/webhooks/0/clientConfig/caBundle", "value": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJlekNDQVNHZ0F3SUJBZ0lVQnlUdGh4Zz0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="}]"#,
            ],
        ),
        (
            "the certificate is taken out of the Secret",
            &[
                "patch",
                "secret",
                "hardener",
                "-n",
                "repaired",
                "--type=json",
                "-p",
                r#"[{"op": "remove", "path": "/data/tls.crt"}]"#,
            ],
        ),
        (
            "the Secret is deleted",
            &["delete", "secret", "hardener", "-n", "repaired"],
        ),
    ];
    for (what, command) in faults {
        // The API server takes only a bundle that can be read.
        match plane.kubectl(command)? {
            output if output.status.success() => {}
            output if what.contains("another") => {
                eprintln!("{what}: {}", String::from_utf8_lossy(&output.stderr).trim());
                continue;
            }
            output => return Err(String::from_utf8_lossy(&output.stderr).into()),
        }
        let start = Instant::now();
        home.in_order()?;
        eprintln!(
            "{what}: in order after {:.1} s",
            start.elapsed().as_secs_f32()
        );
        // What servers may still prove themselves with stays trusted.
        assert!(
            home.bundles()?
                .iter()
                .all(|bundle| bundle.contains(&before)),
            "{what}"
        );
    }
    assert_eq!(
        home.cas()?,
        2,
        "the deleted one is trusted beside the new one"
    );
    Ok(())
}

pub(super) fn two_at_once(plane: &ControlPlane) -> Result<(), Failed> {
    let home = Home::new(plane, "two-at-once", NOWHERE)?;
    let controllers = [home.controller(0, &[])?, home.controller(1, &[])?];
    home.in_order()?;
    // Whoever was slower has seen it by then.
    std::thread::sleep(Duration::from_secs(3));
    home.in_order()?;
    assert_eq!(home.cas()?, 1);
    drop(controllers);
    let found = |number| home.said(number).matches("a CA is made").count();
    assert_eq!(found(0) + found(1), 1, "{}{}", home.said(0), home.said(1));
    Ok(())
}
