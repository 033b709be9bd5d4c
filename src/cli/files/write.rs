//! Files that are replaced whole.

use std::io::Write;
use std::path::Path;

use anyhow::Context;

/// Replaces the text of a file by another one, in one step: nobody ever reads half of it. What the file may be used for stays, and
/// a symbolic link stays one: what it leads to is replaced.
pub(in super::super) fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let path = path.canonicalize().context("cannot be found any more")?;
    let folder = path.parent().context("is in no folder")?;
    let permissions = std::fs::metadata(&path)
        .context("cannot be read")?
        .permissions();
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(".pod-hardener-")
            .tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().set_permissions(permissions)?;
        file.as_file().sync_all()?;
        file.persist(&path)?;
        Ok(())
    };
    write().context("cannot be written")
}
