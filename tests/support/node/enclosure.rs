//! Where a node lives: in namespaces of its own for processes, mounts and the network. This program starts itself again inside
//! them. When either of the two ends, by whatever, the kernel ends every process inside, and mounts and links go with the
//! namespaces; what is left then is files and control groups, which the one outside takes away, or the next start after a crash.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::OnceLock;

use anyhow::Context;

use super::cgroups;
use super::shell::{output, run};

/// What says inside that it is inside, and where the node's files belong.
const INSIDE: &str = "NODE_INSIDE";

/// On which side of the enclosure this program is.
pub(crate) enum Side {
    /// Inside, with a folder for the node's files.
    Inside(PathBuf),
    /// Outside: the one inside has ended like this.
    Outside(ExitStatus),
}

/// What a node needs of the machine and is not there, in words.
pub(crate) fn missing() -> Vec<String> {
    let mut missing = Vec::new();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there =
        |tool: &&str| std::env::split_paths(&path).any(|folder| folder.join(tool).is_file());
    let tools = ["unshare", "setpriv", "nsenter", "mount", "ip"];
    missing.extend(
        tools
            .iter()
            .filter(|tool| !there(tool))
            .map(|tool| format!("the command {tool}")),
    );
    if !fs::read_to_string("/proc/self/status").is_ok_and(|status| is_root(&status)) {
        missing.push("root, with its capabilities".to_owned());
    }
    // Containers of CI forbid some of it even to root.
    let namespaces = ["unshare", "--net", "--mount", "--pid", "--fork", "true"];
    if missing.is_empty()
        && let Err(error) = output(&namespaces)
    {
        missing.push(format!("namespaces ({error})"));
    }
    missing
}

/// Whether a process may do what a node does: CAP_SYS_ADMIN is bit 21, CAP_NET_ADMIN bit 12.
fn is_root(status: &str) -> bool {
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let bits = effective.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    bits.is_some_and(|bits| bits & (1 << 21) != 0 && bits & (1 << 12) != 0)
}

/// Runs this program again inside, with the same arguments, and waits for its end. Inside, this returns at once.
///
/// # Errors
///
/// When too many nodes are up, or the namespaces cannot be made.
pub(crate) fn enclose() -> anyhow::Result<Side> {
    if let Some(work) = std::env::var_os(INSIDE) {
        let work = PathBuf::from(work);
        furnish(&work)?;
        return Ok(Side::Inside(work));
    }
    let (work, _lock) = place(&cache()?)?;
    fs::create_dir_all(&work)?;
    let ended = run_inside(&work);
    sweep(&work)?;
    Ok(Side::Outside(ended?))
}

/// The process that leads inside, once it is there.
static ENTRANCE: OnceLock<u32> = OnceLock::new();

/// Ends all that is inside. Nothing in there has anything to lose.
pub(crate) fn end() -> anyhow::Result<()> {
    match ENTRANCE.get() {
        Some(process) => run(&format!("kill -KILL {process}")),
        None => Ok(()),
    }
}

/// Whether this is the program inside.
pub(crate) fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs this program inside, and tells it which process of the machine leads to it.
fn run_inside(work: &Path) -> anyhow::Result<ExitStatus> {
    let mut child = inner(work)?.spawn().context("cannot start setpriv")?;
    ENTRANCE.get_or_init(|| child.id());
    fs::write(work.join("entrance"), child.id().to_string())?;
    Ok(child.wait()?)
}

/// A command, for a shell of the machine, that runs another one in the enclosure's network.
pub(crate) fn entrance(work: &Path) -> anyhow::Result<String> {
    let process = fs::read_to_string(work.join("entrance"))?;
    Ok(format!("nsenter --target {process} --net"))
}

/// This program inside. A shell is the first process there, since that one has to take in what loses its parent.
fn inner(work: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--", "unshare"]);
    command.args([
        "--net",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
    ]);
    command.args(["--", "sh", "-c", r#""$@"; exit $?"#, "sh"]);
    command.arg(std::env::current_exe()?);
    command.args(std::env::args_os().skip(1));
    command.env(INSIDE, work).env("TMPDIR", work);
    Ok(command)
}

/// Gives the enclosure folders of its own where programs expect theirs, so that none writes to the machine's.
fn furnish(work: &Path) -> anyhow::Result<()> {
    // Mounts of a pod are to reach its containers, and this namespace has nobody else to tell of them.
    run("mount --make-rshared /")?;
    for (folder, over) in [
        ("lib", "/var/lib"),
        ("log", "/var/log"),
        ("cache", "/var/cache"),
    ] {
        let own = work.join(folder);
        fs::create_dir_all(&own)?;
        run(&format!("mount --bind {} {over}", own.display()))?;
    }
    run("mount -t tmpfs -o mode=755 tmpfs /run")?;
    cgroups::make(&cgroups::name(work)).context("cannot make control groups")
}

/// Takes away what a node leaves: there is nothing but files and control groups once its processes have ended.
fn sweep(work: &Path) -> anyhow::Result<()> {
    cgroups::remove(&cgroups::name(work))
        .context("the control groups of a node that was here before stay")?;
    match fs::remove_dir_all(work) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", work.display()))
        }
        _ => Ok(()),
    }
}

/// How many nodes may be up at once: the tests' beside one that somebody looks at.
const PLACES: u32 = 4;

/// The first folder that no living node has, and the lock on it, which goes with the process that has it. What crashed ones
/// have left is swept.
fn place(cache: &Path) -> anyhow::Result<(PathBuf, File)> {
    fs::create_dir_all(cache)?;
    let mut place = None;
    for number in 0..PLACES {
        let lock = cache.join(format!("node-{number}.lock"));
        let file = File::options().create(true).append(true).open(lock)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => continue,
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let work = cache.join(format!("node-{number}"));
        sweep(&work)?;
        place.get_or_insert((work, file));
    }
    place.with_context(|| format!("{PLACES} nodes are up already"))
}

fn cache() -> anyhow::Result<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let cache = cache
        .or_else(home)
        .context("neither HOME nor XDG_CACHE_HOME is set")?;
    Ok(cache.join("pod-hardener"))
}
