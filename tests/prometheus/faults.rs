//! Everything that alerts are for, made to happen: to two further servers and a further controller, and to the cluster.

use std::fs;
use std::io::Write;
use std::process::{Child, Command};
use std::time::{Duration, SystemTime};

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::client::{Stream, post, reply};
use crate::cluster::kubectl;
use crate::control_plane::{ControlPlane, Process};
use crate::pair::{pair, pair_until_day};
use crate::process::{Server, review};
use crate::scene::{AUDIT, start};

/// How many containers a pod has, and how many variables each of them, whose answer takes longest: about the most that is looked at.
const LARGE: (usize, usize) = (499, 130);

/// How many requests of a round are for such a pod: more than one in a hundred.
const SLOW: usize = 4;

/// The same of a pod that is answered at once, with a line of the log of ten kilobytes.
const MANY: (usize, usize) = (50, 0);

/// How many requests for it make a log overflow that nobody reads, in a few rounds.
const REQUESTS: usize = 150;

/// What is wrong.
pub(super) struct Faults {
    /// It has a certificate that ends tomorrow, reaches no API server, has a log that nobody reads, and is asked too much.
    asked: Server,
    stream: Stream,
    /// It is switched off, and what comes after its configuration and its certificate is refused.
    refusing: Server,
    _controller: Process,
    _folder: tempfile::TempDir,
}

impl Faults {
    /// Makes it so; `controller` is the address of the failing controller's metrics.
    pub(super) fn new(plane: &ControlPlane, controller: &str) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let write = |name: &str, text: &str| -> Result<String, Failed> {
            let file = folder.path().join(name);
            fs::write(&file, text)?;
            Ok(file.display().to_string())
        };
        let nobody = json!({"apiVersion": "v1", "kind": "Config", "current-context": "it",
            "clusters": [{"name": "it", "cluster": {"server": "https://127.0.0.1:9"}}],
            "users": [{"name": "it", "user": {}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}]});
        let nobody = write("nobody", &nobody.to_string())?;

        let ending = pair_until_day(tomorrow()?);
        let (certificate, key) = (
            write("ending.crt", &ending.certificate)?,
            write("ending.key", &ending.key)?,
        );
        let pair_of = ["--tls-cert", &certificate, "--tls-key", &key];
        let mut flags = vec!["--kubeconfig", &nobody, "--decision-log", "full"];
        flags.extend(pair_of);
        let mut asked = Server::start_unread(&flags);
        loaded(&mut asked);

        let good = pair();
        let (certificate, key) = (
            write("tls.crt", &good.certificate)?,
            write("tls.key", &good.key)?,
        );
        let off = write("config.toml", "version = 1\nenabled = false\n")?;
        let mut flags = vec!["--no-cluster", "--config", &off, "--reload-interval", "0.1"];
        flags.extend(["--tls-cert", &certificate, "--tls-key", &key]);
        let mut refusing = Server::start(&flags);
        loaded(&mut refusing);
        write("config.toml", "version = 1\nenabeld = true\n")?;
        write("tls.key", &ending.key)?;

        let flags = [
            "controller",
            "--secret=tls",
            "--service=watched",
            "--mutating=watched",
            "--namespace=watched",
            &format!("--admin={controller}"),
            &format!("--kubeconfig={nobody}"),
        ];
        let failing = start(&flags, &folder.path().join("failing.log"))?;
        kubectl(plane, &["delete", "validatingwebhookconfiguration", AUDIT])?;
        let stream = asked.connect_by(&ending.certificate).stream;
        Ok(Self {
            asked,
            stream,
            refusing,
            _controller: failing,
            _folder: folder,
        })
    }

    /// The addresses of the servers' metrics.
    pub(super) fn targets(&self) -> [&String; 2] {
        [&self.asked.admin, &self.refusing.admin]
    }

    /// Asks what is too much, what cannot be answered, and what nobody reads.
    pub(super) fn go_on(&mut self) {
        let json = "application/json";
        let path = "/harden/strict";
        self.ask(&post("/harden/no-such-profile", json, &review()), 500);
        let scarce = Scarce::new(self.asked.child.id());
        let request = post(path, json, &with(LARGE));
        for _ in 0..SLOW {
            self.ask(&request, 200);
        }
        drop(scarce);
        let request = post(path, json, &with(MANY));
        for _ in 0..REQUESTS {
            self.ask(&request, 200);
        }
    }

    fn ask(&mut self, request: &str, expected: u16) {
        self.stream.write_all(request.as_bytes()).unwrap();
        let (status, _, body) = reply(&mut self.stream);
        assert_eq!(status, expected, "{body}");
    }
}

/// A process that has a quarter of a CPU, as where others have it all: however fast it is, it is slow then.
struct Scarce {
    process: u32,
    stops: Child,
}

impl Scarce {
    fn new(process: u32) -> Self {
        let script = "while kill -STOP $0; do sleep 0.03; kill -CONT $0; sleep 0.01; done";
        let stops = Command::new("sh")
            .args(["-c", script, &process.to_string()])
            .spawn()
            .unwrap();
        Self { process, stops }
    }
}

impl Drop for Scarce {
    fn drop(&mut self) {
        let _ = self.stops.kill();
        let _ = self.stops.wait();
        let go_on = ["-CONT", &self.process.to_string()];
        let _ = Command::new("kill").args(go_on).status();
    }
}

/// Waits until a server has its certificate.
fn loaded(server: &mut Server) {
    server.until("it has its certificate", |server| {
        server.metric("pod_hardener_certificate_expiry_timestamp_seconds{") > 0.0
    });
}

/// A review of a pod with so many containers, and variables in each.
fn with((containers, variables): (usize, usize)) -> String {
    let mut review: Value = serde_json::from_str(&review()).unwrap();
    let env: Vec<Value> = (0..variables)
        .map(|n| json!({"name": format!("A{n}"), "value": "x"}))
        .collect();
    let container =
        |n: usize| json!({"name": format!("c{n}"), "image": "registry.example/web:1", "env": env});
    review["request"]["object"]["spec"]["containers"] = (0..containers).map(container).collect();
    review.to_string()
}

/// Year, month and day of tomorrow.
fn tomorrow() -> Result<(i32, u8, u8), Failed> {
    let day = SystemTime::now() + Duration::from_secs(24 * 60 * 60);
    let day = humantime::format_rfc3339(day).to_string();
    let numbers: Vec<&str> = day.split(['-', 'T']).collect();
    Ok((
        numbers[0].parse()?,
        numbers[1].parse()?,
        numbers[2].parse()?,
    ))
}
