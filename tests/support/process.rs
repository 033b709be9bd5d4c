//! The program as users start it, in a process of its own.

#![allow(dead_code, reason = "each test program uses its part of this")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::client;

/// How long anything that must happen may take.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A server on free ports of the loopback interface. It ends with this value.
pub(crate) struct Server {
    pub(crate) child: Child,
    /// The address of probes and metrics.
    pub(crate) admin: String,
    /// The address of the webhook.
    pub(crate) webhook: String,
    /// The CA of its certificate, as PEM; empty where that comes from files.
    pub(crate) ca: String,
    folder: tempfile::TempDir,
}

impl Server {
    /// Starts the server, and waits until it listens.
    pub(crate) fn start(flags: &[&str]) -> Self {
        Self::start_by(Command::new(env!("CARGO_BIN_EXE_pod-hardener")), flags)
    }

    /// As [`Self::start`], by a command that ends in the program.
    pub(crate) fn start_by(mut command: Command, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (webhook, admin) = (free_address(), free_address());
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        command.args(["serve", "--listen", &webhook, "--admin", &admin]);
        let decisions = std::fs::File::create(folder.path().join("decisions")).unwrap();
        command.args(flags).stderr(log).stdout(decisions);
        Self::run(command, (webhook, admin), folder, flags)
    }

    /// Starts the server with pipes as its logs that nobody reads.
    pub(crate) fn start_unread(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (webhook, admin) = (free_address(), free_address());
        let mut command = Command::new(env!("CARGO_BIN_EXE_pod-hardener"));
        command.args(["serve", "--listen", &webhook, "--admin", &admin]);
        command.args(flags);
        command.stderr(Stdio::piped()).stdout(Stdio::piped());
        Self::run(command, (webhook, admin), folder, flags)
    }

    fn run(
        mut command: Command,
        (webhook, admin): (String, String),
        folder: tempfile::TempDir,
        flags: &[&str],
    ) -> Self {
        let ca = folder.path().join("ca.pem");
        if !flags.contains(&"--tls-cert") {
            command.arg("--write-ca").arg(&ca);
        }
        let mut this = Self {
            child: command.spawn().unwrap(),
            admin,
            webhook,
            ca: String::new(),
            folder,
        };
        this.until("the server listens", |this| {
            TcpStream::connect(&this.admin).is_ok()
        });
        this.ca = std::fs::read_to_string(&ca).unwrap_or_default();
        this
    }

    /// Waits for something.
    pub(crate) fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "{what}: it ended. {}", self.log());
            assert!(began.elapsed() < SOON, "{what}: not so. {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for the end of the process.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < 2 * SOON, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends a signal, as `kill` names it.
    pub(crate) fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        kill.args(["-s", name, &self.child.id().to_string()]);
        assert!(kill.status().unwrap().success());
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The decisions that it has logged, a line each.
    pub(crate) fn decisions(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("decisions")).unwrap_or_default()
    }

    /// Head and body of what a path of the admin port says.
    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.admin).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    /// The sum of the metrics whose line begins so.
    pub(crate) fn metric(&self, begins: &str) -> f64 {
        let text = self.get("/metrics");
        let values = text.lines().filter(|line| line.starts_with(begins));
        let value = |line: &str| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap();
        values.map(value).sum()
    }

    /// Resident, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        self.process().memory()
    }

    /// Open descriptors.
    pub(crate) fn descriptors(&self) -> usize {
        std::fs::read_dir(self.process().0.join("fd"))
            .unwrap()
            .count()
    }

    /// What the system knows of it.
    pub(crate) fn process(&self) -> Process {
        Process(Path::new("/proc").join(self.child.id().to_string()))
    }

    /// The webhook, for clients in other threads.
    pub(crate) fn target(&self) -> Target {
        Target {
            address: self.webhook.clone(),
            ca: self.ca.clone(),
        }
    }

    /// A connection to the webhook.
    pub(crate) fn connect(&self) -> Connection {
        self.target().connect()
    }

    /// A connection to the webhook, trusting a CA.
    pub(crate) fn connect_by(&self, ca: &str) -> Connection {
        Target {
            address: self.webhook.clone(),
            ca: ca.to_owned(),
        }
        .connect()
    }
}

/// A process in the eyes of the system.
pub(crate) struct Process(PathBuf);

impl Process {
    /// Resident, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(self.0.join("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let text = line.unwrap().trim().trim_end_matches(" kB");
        text.parse().unwrap()
    }

    /// What it has had of the processors, to a hundredth of a second.
    pub(crate) fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(self.0.join("stat")).unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |at: usize| fields[at].parse::<u64>().unwrap();
        Duration::from_millis(10 * (ticks(11) + ticks(12)))
    }
}

/// Where the webhook is, and whose certificate it shows.
#[derive(Clone)]
pub(crate) struct Target {
    address: String,
    ca: String,
}

impl Target {
    /// A connection without TLS.
    pub(crate) fn tcp(&self) -> TcpStream {
        TcpStream::connect(&self.address).unwrap()
    }

    /// A connection.
    pub(crate) fn connect(&self) -> Connection {
        let stream = client::connect((&self.address, &self.ca), rustls::ALL_VERSIONS, &[]);
        let request = client::post("/harden/compatible", "application/json", &review());
        Connection { stream, request }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only where the process is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The review of the examples.
pub(crate) fn review() -> String {
    let review = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/review.json");
    std::fs::read_to_string(review).unwrap()
}

/// A connection that asks the same again and again.
pub(crate) struct Connection {
    pub(crate) stream: client::Stream,
    pub(crate) request: String,
}

impl Connection {
    /// Asks once, and says how long the answer took.
    pub(crate) fn ask(&mut self) -> Duration {
        let began = Instant::now();
        self.stream.write_all(self.request.as_bytes()).unwrap();
        let (status, _, body) = client::reply(&mut self.stream);
        let took = began.elapsed();
        assert_eq!(status, 200, "{body}");
        took
    }
}

/// An address of the loopback interface that nobody listens on.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}
