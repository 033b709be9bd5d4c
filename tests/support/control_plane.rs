//! A real control plane for tests: etcd, kube-apiserver and kube-controller-manager on loopback ports of their own.

#![allow(dead_code, reason = "each test program uses its part of this")]

#[path = "control_plane/process.rs"]
mod process;
#[path = "control_plane/trials.rs"]
mod trials;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use tempfile::TempDir;

#[allow(unused_imports, reason = "for tests that build on a control plane")]
pub(crate) use process::Process;
#[allow(unused_imports, reason = "for tests on a control plane alone")]
pub(crate) use trials::{Test, run, run_beside, skip};

/// How long it may take until the control plane is ready. It takes five seconds on two idle cores.
const READY: Duration = Duration::from_secs(120);

/// How often it is started anew where another program has taken one of its ports.
const STARTS: u32 = 3;

/// What is other than by default.
#[derive(Clone, Default)]
pub(crate) struct Options {
    /// Further flags of kube-apiserver.
    pub(crate) api_server: Vec<String>,
    /// The port of the API server; a free one where none is named.
    pub(crate) port: Option<u16>,
    /// Whether pods are to trust the API server: its certificate is published in every namespace.
    pub(crate) publish_ca: bool,
}

/// A running control plane. Dropping it ends its processes, by pid, and removes its folder.
pub(crate) struct ControlPlane {
    // Stopped in this order: etcd last.
    controller_manager: Option<Process>,
    api_server: Option<Process>,
    etcd: Option<Process>,
    assets: PathBuf,
    url: String,
    api_flags: Vec<String>,
    publish_ca: bool,
    folder: TempDir,
}

impl ControlPlane {
    /// Starts a control plane of the binaries in `assets`; `flags` are further ones of kube-apiserver.
    ///
    /// # Errors
    ///
    /// When a process cannot be started or the control plane is not ready in time; the error says where the logs are.
    pub(crate) fn start(assets: &Path, flags: &[&str]) -> anyhow::Result<Self> {
        let api_server = flags.iter().map(ToString::to_string).collect();
        Self::start_with(
            assets,
            &Options {
                api_server,
                ..Options::default()
            },
        )
    }

    /// Starts a control plane that is other than by default.
    pub(crate) fn start_with(assets: &Path, options: &Options) -> anyhow::Result<Self> {
        let mut left = STARTS;
        loop {
            left -= 1;
            match Self::start_once(assets, options) {
                Err(error) if left > 0 && process::wants_a_taken_port(&error) => {}
                started => return started,
            }
        }
    }

    fn start_once(assets: &Path, options: &Options) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("control-plane-")
            .tempdir()?;
        let [client, peer, api] = free_ports()?;
        let api = options.port.unwrap_or(api);
        let mut plane = Self {
            controller_manager: None,
            api_server: None,
            etcd: None,
            assets: assets.to_owned(),
            url: format!("https://127.0.0.1:{api}"),
            api_flags: Vec::new(),
            publish_ca: options.publish_ca,
            folder,
        };
        plane.write_files()?;
        let mut api_flags = api_server_flags(plane.folder.path(), client, api);
        // Of a flag that is given twice, the later one holds.
        api_flags.extend(options.api_server.iter().cloned());
        plane.api_flags.clone_from(&api_flags);
        match plane.bring_up(&etcd_flags(client, peer), &api_flags) {
            Ok(()) => Ok(plane),
            Err(error) => {
                let logs = plane.keep_logs()?;
                Err(error.context(format!("the logs are in {}", logs.display())))
            }
        }
    }

    fn bring_up(&mut self, etcd: &[String], api_server: &[String]) -> anyhow::Result<()> {
        self.etcd = Some(self.spawn("etcd", etcd)?);
        self.start_all(api_server)
    }

    fn start_all(&mut self, api_server: &[String]) -> anyhow::Result<()> {
        self.api_server = Some(self.spawn("kube-apiserver", api_server)?);
        self.wait("the API server", |plane| {
            plane.kubectl(&["get", "--raw", "/readyz"])
        })?;
        let kubeconfig = self.kubeconfig().display().to_string();
        let mut flags = controller_flags(&kubeconfig, &self.path("service-account.key"));
        if self.publish_ca {
            let ca = self.path("certificates/apiserver.crt");
            flags.push(format!("--root-ca-file={ca}"));
        }
        self.controller_manager = Some(self.spawn("kube-controller-manager", &flags)?);
        self.wait("the service account `default`", |plane| {
            plane.kubectl(&["get", "serviceaccount", "default"])
        })
    }

    /// A client that may do anything.
    pub(crate) fn client(&self) -> anyhow::Result<kube::Client> {
        Ok(kube::Client::try_from(self.admin_config()?)?)
    }

    /// How the administrator reaches the API server.
    pub(crate) fn admin_config(&self) -> anyhow::Result<kube::Config> {
        self.config(&self.url, self.admin_token())
    }

    /// How `url`, which leads to this API server, is reached with a token.
    pub(crate) fn config(&self, url: &str, token: String) -> anyhow::Result<kube::Config> {
        let mut config = kube::Config::new(url.parse()?);
        // The API server makes itself a certificate in a folder that nobody else can write to, and listens on loopback.
        config.accept_invalid_certs = true;
        config.auth_info.token = Some(token.into());
        Ok(config)
    }

    /// Where the API server listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The folder of the binaries.
    pub(crate) fn assets(&self) -> &Path {
        &self.assets
    }

    /// Kills the API server, and the controllers, which end without it.
    pub(crate) fn kill_api_server(&mut self) {
        self.controller_manager = None;
        self.api_server = None;
    }

    /// Starts the API server again, on its port, and the controllers.
    pub(crate) fn start_api_server(&mut self) -> anyhow::Result<()> {
        let flags = self.api_flags.clone();
        self.start_all(&flags)
    }

    /// A kubeconfig of the administrator.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// The API server's audit log: a JSON record a line, written before the reply.
    pub(crate) fn audit_log(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(self.folder.path().join("audit.log"))?)
    }

    /// Runs kubectl as the administrator.
    pub(crate) fn kubectl(&self, args: &[&str]) -> anyhow::Result<Output> {
        let mut command = Command::new(self.assets.join("kubectl"));
        command
            .arg("--kubeconfig")
            .arg(self.kubeconfig())
            .args(args);
        // Its discovery cache would outlive the cluster.
        command
            .arg("--cache-dir")
            .arg(self.folder.path().join("kubectl-cache"));
        command
            .output()
            .with_context(|| format!("cannot start {}/kubectl", self.assets.display()))
    }

    /// Keeps the logs, which go with the folder otherwise, and says where: in a folder of their own, named by the second.
    pub(crate) fn keep_logs(&self) -> anyhow::Result<PathBuf> {
        let second = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("control-plane-logs")
            .join(format!("{second}-{}", std::process::id()));
        fs::create_dir_all(&kept)?;
        for entry in fs::read_dir(self.folder.path())? {
            let path = entry?.path();
            if let (Some(name), true) = (
                path.file_name(),
                path.extension().is_some_and(|e| e == "log"),
            ) {
                fs::copy(&path, kept.join(name))?;
            }
        }
        Ok(kept)
    }

    /// Another one than that of every other control plane: one that has taken our port does not answer for ours.
    fn admin_token(&self) -> String {
        let folder = self.folder.path().file_name().unwrap_or_default();
        format!("admin-of-{}", folder.to_string_lossy())
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn spawn(&self, name: &str, flags: &[String]) -> anyhow::Result<Process> {
        Process::start(
            &self.assets.join(name),
            flags,
            &self.folder.path().join(format!("{name}.log")),
        )
    }

    fn write_files(&self) -> anyhow::Result<()> {
        let key = rcgen::KeyPair::generate()?;
        fs::write(self.path("service-account.key"), key.serialize_pem())?;
        fs::write(self.path("service-account.pub"), key.public_key_pem())?;
        fs::write(
            self.path("tokens.csv"),
            format!("{},admin,admin,\"system:masters\"\n", self.admin_token()),
        )?;
        // Metadata is the least that records annotations.
        let policy = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n";
        fs::write(
            self.path("audit-policy.yaml"),
            format!("{policy}  omitStages: [RequestReceived]\n"),
        )?;
        let (url, token) = (&self.url, self.admin_token());
        let kubeconfig = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: test\n\
             clusters: [{{name: test, cluster: {{server: \"{url}\", insecure-skip-tls-verify: true}}}}]\n\
             users: [{{name: admin, user: {{token: {token}}}}}]\n\
             contexts: [{{name: test, context: {{cluster: test, user: admin}}}}]\n"
        );
        Ok(fs::write(self.kubeconfig(), kubeconfig)?)
    }

    /// Waits until `ready` succeeds.
    fn wait(
        &mut self,
        what: &str,
        ready: impl Fn(&Self) -> anyhow::Result<Output>,
    ) -> anyhow::Result<()> {
        let start = Instant::now();
        loop {
            let processes = [
                &mut self.etcd,
                &mut self.api_server,
                &mut self.controller_manager,
            ];
            for process in processes.into_iter().flatten() {
                process.still_runs()?;
            }
            let output = ready(self)?;
            if output.status.success() {
                return Ok(());
            }
            if start.elapsed() > READY {
                let said = String::from_utf8_lossy(&output.stderr);
                bail!("{what} is not there after {READY:?}: {said}");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn etcd_flags(client: u16, peer: u16) -> Vec<String> {
    // Relative paths are below the process's own folder, which is where its log is.
    let (client, peer) = (
        format!("http://127.0.0.1:{client}"),
        format!("http://127.0.0.1:{peer}"),
    );
    vec![
        "--data-dir=etcd".to_owned(),
        "--unsafe-no-fsync".to_owned(),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
    ]
}

fn api_server_flags(folder: &Path, etcd: u16, port: u16) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    vec![
        format!("--etcd-servers=http://127.0.0.1:{etcd}"),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={port}"),
        format!("--cert-dir={}", file("certificates")),
        // It refuses to advertise a loopback address as the endpoint of the Service `kubernetes`.
        "--endpoint-reconciler-type=none".to_owned(),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        "--authorization-mode=RBAC".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!(
            "--service-account-signing-key-file={}",
            file("service-account.key")
        ),
        format!("--service-account-key-file={}", file("service-account.pub")),
        format!("--token-auth-file={}", file("tokens.csv")),
        "--allow-privileged=true".to_owned(),
        format!("--audit-policy-file={}", file("audit-policy.yaml")),
        format!("--audit-log-path={}", file("audit.log")),
        "--audit-log-mode=blocking".to_owned(),
        "--profiling=false".to_owned(),
    ]
}

fn controller_flags(kubeconfig: &str, key: &str) -> Vec<String> {
    vec![
        format!("--kubeconfig={kubeconfig}"),
        format!("--service-account-private-key-file={key}"),
        "--use-service-account-credentials=false".to_owned(),
        "--leader-elect=false".to_owned(),
        "--secure-port=0".to_owned(),
        "--kube-api-qps=500".to_owned(),
        "--kube-api-burst=1000".to_owned(),
    ]
}

/// Ports that nobody listens on. Another program may take one in between: then all is started anew with others.
fn free_ports<const N: usize>() -> anyhow::Result<[u16; N]> {
    let listeners: Vec<TcpListener> = (0..N)
        .map(|_| TcpListener::bind("127.0.0.1:0"))
        .collect::<Result<_, _>>()
        .context("no free port")?;
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}
