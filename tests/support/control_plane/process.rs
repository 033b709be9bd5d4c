//! One process of the control plane, with its log.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};

/// A process that ends with this value, or with the test program, however that ends.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program`, in the folder of its log.
    pub(crate) fn start(program: &Path, flags: &[String], log: &Path) -> anyhow::Result<Self> {
        let file = File::create(log)?;
        let mut command = tied(program);
        command
            .args(flags)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        if let Some(folder) = log.parent() {
            command.current_dir(folder);
        }
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self {
            child,
            log: log.to_owned(),
        })
    }

    /// Fails with the end of the log if the process has ended.
    pub(crate) fn still_runs(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            let name = self.log.file_stem().unwrap_or_default().to_string_lossy();
            if log.contains(PORT_IS_TAKEN) {
                bail!("{name} ended with {status}: {PORT_IS_TAKEN}");
            }
            let lines: Vec<&str> = log.lines().collect();
            let (_, tail) = lines.split_at(lines.len().saturating_sub(5));
            bail!("{name} ended with {status}: {}", tail.join("\n"));
        }
        Ok(())
    }
}

/// What etcd and kube-apiserver say of a port that somebody else listens on.
const PORT_IS_TAKEN: &str = "address already in use";

/// Whether a process ended because another program has its port.
pub(super) fn wants_a_taken_port(error: &anyhow::Error) -> bool {
    error.root_cause().to_string().ends_with(PORT_IS_TAKEN)
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only where the process is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command that the kernel kills when the thread that starts it ends: a killed test program leaves nothing behind. So it
/// is to be started from a thread that lives as long as the tests do.
fn tied(program: &Path) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let setpriv = std::env::split_paths(&path)
        .map(|folder| folder.join("setpriv"))
        .find(|file| file.is_file());
    match setpriv {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            let flags: [OsString; 4] = [
                "--pdeathsig".into(),
                "KILL".into(),
                "--".into(),
                program.into(),
            ];
            command.args(flags);
            command
        }
        None => Command::new(program),
    }
}
