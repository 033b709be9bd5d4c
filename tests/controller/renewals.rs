//! Renewals of certificates and CAs, with lifetimes of seconds, under a server that takes them from a mounted Secret.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use serde_json::json;

use crate::cluster::{kubectl, namespace};
use crate::control_plane::{ControlPlane, Process};
use crate::mount::Mount;
use crate::started::Home;
use crate::webhook::LABEL;

/// How long pods are created. `RENEWALS=full` is three minutes, which is more than a year's certificates and CAs.
fn time() -> Duration {
    match std::env::var("RENEWALS").is_ok_and(|form| form == "full") {
        true => Duration::from_secs(180),
        false => Duration::from_secs(30),
    }
}

pub(super) fn under_load(plane: &ControlPlane) -> Result<(), Failed> {
    let [webhook, admin] = ports()?;
    let mut home = Home::new(plane, "renewals", &format!("https://127.0.0.1:{webhook}"))?;
    namespace(plane, "renewals-pods", &[(LABEL, "renewals-compatible")])?;
    let mount = Mount::new(&[]);
    let flags = [
        "serve".to_owned(),
        "--no-cluster".to_owned(),
        format!("--listen=127.0.0.1:{webhook}"),
        format!("--admin=127.0.0.1:{admin}"),
        format!("--tls-cert={}", mount.file("tls.crt")),
        format!("--tls-key={}", mount.file("tls.key")),
        "--reload-interval=0.2".to_owned(),
    ];
    let program = Path::new(env!("CARGO_BIN_EXE_pod-hardener"));
    let log = tempfile::NamedTempFile::new()?;
    let _server = Process::start(program, &flags, log.path())?;
    let lifetimes = [
        "--ca-lifetime=24s",
        "--certificate-lifetime=8s",
        "--settle=2s",
    ];
    let _controller = home.controller(0, &lifetimes)?;
    home.in_order()?;

    let mut mounted = String::new();
    let (mut changes, mut cas, mut pods) = (0, 0, 0);
    let mut first_ca = String::new();
    let (start, mut seen) = (Instant::now(), Instant::now());
    while start.elapsed() < time() {
        let now = (
            home.held("tls.crt")?,
            home.held("tls.key")?,
            home.held("ca.crt")?,
        );
        if now.0 != mounted {
            // As the kubelet: a while later.
            if seen.elapsed() > Duration::from_secs(1) || mounted.is_empty() {
                mount.swap(&[("tls.crt", &now.0), ("tls.key", &now.1)]);
                mounted.clone_from(&now.0);
                changes += 1;
                if mounted.is_empty() || changes == 1 {
                    ready(admin)?;
                }
            }
        } else {
            seen = Instant::now();
        }
        if now.2 != first_ca {
            first_ca = now.2;
            cas += 1;
        }
        let pod = json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"generateName": "p-", "namespace": "renewals-pods"},
            "spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]}});
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), pod.to_string())?;
        let stored = kubectl(
            plane,
            &[
                "create",
                "-f",
                &file.path().display().to_string(),
                "-o",
                "jsonpath={.spec.containers[0].securityContext}",
            ],
        )?;
        assert!(stored.contains("allowPrivilegeEscalation"), "{stored}");
        pods += 1;
    }
    eprintln!(
        "{pods} pods, all hardened, over {changes} certificates and {cas} states of the bundle"
    );
    assert!(
        changes >= 4 && cas >= 3,
        "{changes} certificates, {cas} bundles: {}",
        home.said(0)
    );
    home.unregister();
    Ok(())
}

/// Two ports that nobody has.
fn ports() -> Result<[u16; 2], Failed> {
    let free = [
        TcpListener::bind("127.0.0.1:0")?,
        TcpListener::bind("127.0.0.1:0")?,
    ];
    Ok([free[0].local_addr()?.port(), free[1].local_addr()?.port()])
}

/// Waits until the server has a certificate.
fn ready(admin: u16) -> Result<(), Failed> {
    crate::cluster::wait(|| {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", admin)) else {
            return Ok(None);
        };
        stream.write_all(b"GET /readyz HTTP/1.0\r\n\r\n")?;
        let mut said = String::new();
        stream.read_to_string(&mut said)?;
        Ok(said.contains(" 200 ").then_some(()))
    })
}
