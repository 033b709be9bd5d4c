//! The control groups of the pods, below one of the node's own. A directory of a control group outlives its processes, so it
//! is what has to be taken away by hand.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What the group of the node in a folder is called.
pub(super) fn name(work: &Path) -> String {
    let folder = work.file_name().unwrap_or_default().to_string_lossy();
    format!("pod-hardener-{folder}")
}

const ROOT: &str = "/sys/fs/cgroup";

/// Makes the node's group in every hierarchy.
pub(super) fn make(name: &str) -> io::Result<()> {
    for hierarchy in hierarchies()? {
        let group = hierarchy.join(name);
        fs::create_dir_all(&group)?;
        // In version 1 a new group of this controller has no processor until it is given some.
        for file in ["cpuset.cpus", "cpuset.mems"] {
            let (from, to) = (hierarchy.join(file), group.join(file));
            if from.is_file() && fs::read_to_string(&to)?.trim().is_empty() {
                fs::write(to, fs::read_to_string(from)?)?;
            }
        }
        // All pods together are one group beside every single process of the machine, and would get no more than one of those.
        for (file, weight) in [("cpu.shares", "20480"), ("cpu.weight", "2000")] {
            if group.join(file).is_file() {
                fs::write(group.join(file), weight)?;
            }
        }
    }
    Ok(())
}

/// Takes the node's group away, with all that is below it. Its processes may need a moment to end.
pub(super) fn remove(name: &str) -> io::Result<()> {
    let start = Instant::now();
    for hierarchy in hierarchies()? {
        let group = hierarchy.join(name);
        while let Err(error) = remove_below(&group) {
            if start.elapsed() > Duration::from_secs(20) {
                return Err(error);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    Ok(())
}

fn remove_below(group: &Path) -> io::Result<()> {
    if !group.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(group)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_below(&entry.path())?;
        }
    }
    fs::remove_dir(group)
}

/// The one of version 2, or those of the controllers of version 1.
fn hierarchies() -> io::Result<Vec<PathBuf>> {
    let root = Path::new(ROOT);
    if root.join("cgroup.controllers").exists() {
        return Ok(vec![root.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        // Some are links to others.
        if path.join("cgroup.procs").exists() && !path.is_symlink() {
            found.push(path);
        }
    }
    Ok(found)
}
