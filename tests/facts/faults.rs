//! What the webhook knows while watches are cut, forbidden, too old, or the API server is away. On a control plane of its own.

use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use pod_hardener::config::Settings;
use serde_json::json;

use crate::cluster::{kubectl, namespace, wait};
use crate::control_plane::ControlPlane;
use crate::proxy::Proxy;
use crate::reader::{self, Knowing, PACE, forbid, permit, tried};
use crate::webhook::LABEL;

/// How often the API server has etcd forget old revisions.
const COMPACTION: Duration = Duration::from_secs(2);

pub(super) fn all(plane: &ControlPlane) -> Result<(), Failed> {
    let compaction = format!("--etcd-compaction-interval={}s", COMPACTION.as_secs());
    let mut plane = ControlPlane::start(plane.assets(), &[&compaction])?;
    namespace(&plane, "shop", &[(LABEL, "compatible")])?;
    bind(&plane, "before")?;
    watches_are_cut(&plane)?;
    permission_is_taken(&plane)?;
    api_server_is_away(&mut plane)
}

/// Whether pods of `default` keep the token: a binding is known.
fn is_bound(plane: &ControlPlane) -> Result<bool, Failed> {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app"}, "spec": {
        "containers": [{"name": "web", "image": "registry.example/web:1"}],
    }});
    Ok(tried(plane, "shop", &pod)?["spec"]["automountServiceAccountToken"].is_null())
}

fn bind(plane: &ControlPlane, name: &str) -> Result<(), Failed> {
    let args = [
        "create",
        "rolebinding",
        name,
        "--clusterrole=view",
        "--serviceaccount=shop:default",
        "-n",
        "shop",
    ];
    kubectl(plane, &args).map(drop)
}

fn unbind(plane: &ControlPlane, name: &str) -> Result<(), Failed> {
    kubectl(plane, &["delete", "rolebinding", name, "-n", "shop"]).map(drop)
}

fn until_bound(plane: &ControlPlane, bound: bool) -> Result<(), Failed> {
    wait(|| Ok((is_bound(plane)? == bound).then_some(())))
}

fn until_line(knowing: &Knowing<'_>, kind: &str, says: &str) -> Result<(), Failed> {
    let start = Instant::now();
    loop {
        let line = knowing.line(kind)?;
        if line.contains(says) {
            return Ok(());
        }
        if start.elapsed() > Duration::from_secs(100) {
            return Err(format!("{kind} does not become {says}: {line}").into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Cut watches go on where they were, and what changed meanwhile is known.
fn watches_are_cut(plane: &ControlPlane) -> Result<(), Failed> {
    let proxy = Proxy::start(plane.url())?;
    let knowing = Knowing::start_at(plane, &proxy.url, Settings::embedded())?;
    until_bound(plane, true)?;
    proxy.cut();
    until_bound(plane, true)?;
    proxy.close();
    unbind(plane, "before")?;
    std::thread::sleep(PACE.trust / 2);
    assert!(is_bound(plane)?, "what was known is trusted for a while");
    proxy.open();
    until_bound(plane, false)?;
    bind(plane, "before")?;
    until_bound(plane, true)?;

    // For longer than it is trusted, nothing is known any more, and requests are answered all the same.
    proxy.close();
    until_line(&knowing, "rolebindings", "unreachable")?;
    assert!(!is_bound(plane)?, "a fact that is too old is no fact");
    let metrics = reader::get(&knowing.webhook.admin, "/metrics")?;
    assert!(
        metrics.contains("pod_hardener_facts_known{kind=\"rolebindings\"} 0"),
        "{metrics}"
    );
    let ready = reader::get(&knowing.webhook.admin, "/readyz")?;
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    proxy.open();
    until_line(&knowing, "rolebindings", ": known")?;
    until_bound(plane, true)
}

fn permission_is_taken(plane: &ControlPlane) -> Result<(), Failed> {
    let knowing = Knowing::start(plane, Settings::embedded())?;
    forbid(plane)?;
    // A watch that is open already goes on until its time is over.
    until_line(&knowing, "rolebindings", "forbidden")?;
    until_line(&knowing, "clusterrolebindings", "forbidden")?;
    assert!(!is_bound(plane)?);
    permit(plane)?;
    until_line(&knowing, "rolebindings", ": known")?;
    until_bound(plane, true)
}

/// An API server that comes back has forgotten old changes and says 410 Gone: all is listed anew.
fn api_server_is_away(plane: &mut ControlPlane) -> Result<(), Failed> {
    let proxy = Proxy::start(plane.url())?;
    let webhook = {
        let knowing = Knowing::start_at(plane, &proxy.url, Settings::embedded())?;
        until_bound(plane, true)?;
        knowing.leave()
    };
    proxy.close();
    unbind(plane, "before")?;
    // The revision that the watches would go on from is gone from etcd, and then from the API server's memory.
    std::thread::sleep(3 * COMPACTION);
    plane.kill_api_server();
    plane.start_api_server()?;
    proxy.open();
    let verbose = wait(|| {
        let verbose = reader::get(&webhook.admin, "/readyz?verbose")?;
        let known = verbose.matches(": known").count();
        Ok((known == 8).then_some(verbose))
    })?;
    assert!(
        verbose.contains("too old") || verbose.contains("Expired"),
        "no 410: {verbose}"
    );
    until_bound(plane, false)?;
    bind(plane, "after")?;
    until_bound(plane, true)
}
