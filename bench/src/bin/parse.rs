//! Reads files as `check` and `harden` do, and does nothing else with them: what parsing alone costs. `parse FOLDER_OR_FILE JOBS`

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use pod_hardener::manifest::Manifest;

// As the program has it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let root = arguments.next().context("which files?")?;
    let jobs: usize = arguments.next().context("how many at a time?")?.parse()?;
    let mut files = Vec::new();
    find(Path::new(&root), &mut files)?;
    let (next, documents) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let text = std::fs::read_to_string(file).unwrap_or_default();
                    let read = Manifest::read(&text).map_or(0, |manifest| manifest.values().count());
                    documents.fetch_add(read, Ordering::Relaxed);
                }
            });
        }
    });
    println!("{} documents", documents.into_inner());
    Ok(())
}

fn find(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        find(&entry?.path(), files)?;
    }
    Ok(())
}
