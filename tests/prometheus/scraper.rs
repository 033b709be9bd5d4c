//! A real Prometheus.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::cluster::wait;
use crate::control_plane::{ControlPlane, Process};
use crate::process::free_address;
use crate::yaml;

/// What is said where it is not there.
pub(super) const MISSING: &str = "There is no Prometheus, so that nobody tries alerts and dashboard. Run `make test`, which fetches \
     Debian's, or set PROMETHEUS to a folder that has prometheus and promtool";

/// How it scrapes: our programs twice a second, and of the API server's thousands of series the ones that are asked for.
const CONFIG: &str = "
global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 250ms}
rule_files: [alerts.yaml]
scrape_configs:
- job_name: pod-hardener
  file_sd_configs: [{files: [targets.json], refresh_interval: 1s}]
- job_name: kubernetes
  scrape_interval: 1s
  scrape_timeout: 1s
  scheme: https
  tls_config: {insecure_skip_verify: true}
  authorization: {credentials: TOKEN}
  static_configs: [{targets: [API_SERVER]}]
  metric_relabel_configs:
  - {source_labels: [__name__], regex: apiserver_admission_webhook_.+, action: keep}
";

/// A program of the folder that `PROMETHEUS` names.
pub(super) fn command(name: &str) -> Result<Command, Failed> {
    Ok(Command::new(program(name).ok_or(MISSING)?))
}

fn program(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("PROMETHEUS").filter(|value| !value.is_empty())?;
    Some(PathBuf::from(folder).join(name))
}

/// Whether both programs are there.
pub(super) fn is_there() -> bool {
    ["prometheus", "promtool"]
        .iter()
        .all(|name| program(name).is_some_and(|program| program.is_file()))
}

/// A Prometheus that scrapes, and evaluates alerts. It ends with this value.
pub(super) struct Prometheus {
    _process: Process,
    address: String,
    folder: tempfile::TempDir,
}

/// An alert that is pending or fires.
pub(super) struct Alert {
    pub(super) name: String,
    /// The target that it is about; empty where it is about all of them.
    pub(super) instance: String,
    pub(super) fires: bool,
}

impl Prometheus {
    /// Starts it with the text of alerts, on the API server alone at first.
    pub(super) fn start(plane: &ControlPlane, alerts: &str) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let kubeconfig = yaml::documents(&yaml::read(&plane.kubeconfig())?)?.remove(0);
        let token = kubeconfig.pointer("/users/0/user/token");
        let token = token.and_then(Value::as_str).ok_or("there is no token")?;
        let config = CONFIG
            .replace("TOKEN", token)
            .replace("API_SERVER", plane.url().trim_start_matches("https://"));
        for (name, text) in [
            ("prometheus.yml", config.as_str()),
            ("alerts.yaml", alerts),
            ("targets.json", "[]"),
        ] {
            fs::write(folder.path().join(name), text)?;
        }
        let address = free_address();
        let flags = [
            "--config.file=prometheus.yml".to_owned(),
            "--storage.tsdb.path=data".to_owned(),
            "--log.level=warn".to_owned(),
            format!("--web.listen-address={address}"),
        ];
        let program = program("prometheus").ok_or(MISSING)?;
        let log = folder.path().join("prometheus.log");
        let this = Self {
            _process: Process::start(&program, &flags, &log)?,
            address,
            folder,
        };
        let ready = wait(|| {
            Ok(this
                .get("/-/ready")
                .ok()
                .filter(|said| said.contains(" 200 ")))
        });
        ready.map_err(|_| {
            format!(
                "Prometheus: {}",
                fs::read_to_string(log).unwrap_or_default()
            )
        })?;
        Ok(this)
    }

    /// Makes these its targets, beside the API server.
    pub(super) fn scrape(&self, targets: &[&String]) -> Result<(), Failed> {
        // In one piece, since it is read when it changes.
        let (new, file) = (
            self.folder.path().join("new"),
            self.folder.path().join("targets.json"),
        );
        fs::write(&new, json!([{"targets": targets}]).to_string())?;
        Ok(fs::rename(new, file)?)
    }

    /// The values of a query at this moment.
    pub(super) fn ask(&self, query: &str) -> Result<Vec<f64>, Failed> {
        let answer = self.data(&format!("/api/v1/query?query={}", encoded(query)))?;
        let result = answer["result"].as_array().ok_or("there is no result")?;
        let value = |series: &Value| series.pointer("/value/1")?.as_str()?.parse().ok();
        let values: Option<Vec<f64>> = result.iter().map(value).collect();
        Ok(values.ok_or_else(|| format!("{query}: {answer:#}"))?)
    }

    /// The alerts of this moment.
    pub(super) fn alerts(&self) -> Result<Vec<Alert>, Failed> {
        let answer = self.data("/api/v1/alerts")?;
        let alerts = answer["alerts"].as_array().ok_or("there are no alerts")?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let alert = |alert: &Value| Alert {
            name: text(&alert["labels"]["alertname"]),
            instance: text(&alert["labels"]["instance"]),
            fires: alert["state"] == "firing",
        };
        Ok(alerts.iter().map(alert).collect())
    }

    fn data(&self, path: &str) -> Result<Value, Failed> {
        let reply = self.get(path)?;
        let (_, body) = reply.split_once("\r\n\r\n").ok_or("there is no body")?;
        let mut answer: Value = serde_json::from_str(body)?;
        match answer["status"] == "success" {
            true => Ok(answer["data"].take()),
            false => Err(format!("{path}: {answer:#}").into()),
        }
    }

    /// Head and body.
    fn get(&self, path: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        // The older version of the protocol: a body comes in one piece, and ends with the connection.
        write!(stream, "GET {path} HTTP/1.0\r\nHost: test\r\n\r\n")?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply)?;
        Ok(reply)
    }
}

/// A text as a part of a URL.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
