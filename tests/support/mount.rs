//! A folder whose files are swapped as the kubelet swaps those of a mounted ConfigMap or Secret: each is a symlink through
//! `..data`, itself a symlink to a folder of a name of its own, which is replaced by one rename.

#![allow(dead_code, reason = "each test program uses its part of this")]

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::symlink;

/// A mounted volume.
pub(crate) struct Mount {
    folder: tempfile::TempDir,
    versions: Cell<usize>,
}

impl Mount {
    /// A volume with these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let this = Self {
            folder: tempfile::tempdir().unwrap(),
            versions: Cell::new(0),
        };
        this.swap(files);
        this
    }

    /// The path of a file, whether it is there or not.
    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Puts all files in the place of those that there are, at once.
    pub(crate) fn swap(&self, files: &[(&str, &str)]) {
        let root = self.folder.path();
        let version = self.versions.get();
        self.versions.set(version + 1);
        let name = |version: usize| root.join(format!("..2026_01_01_00_00_00.{version}"));
        fs::create_dir(name(version)).unwrap();
        for (file, text) in files {
            fs::write(name(version).join(file), text).unwrap();
        }
        let (fresh, data) = (root.join("..data_tmp"), root.join("..data"));
        symlink(name(version), &fresh).unwrap();
        fs::rename(&fresh, &data).unwrap();
        for (file, _) in files {
            let link = root.join(file);
            if fs::symlink_metadata(&link).is_err() {
                symlink(format!("..data/{file}"), link).unwrap();
            }
        }
        if let Some(old) = version.checked_sub(1) {
            fs::remove_dir_all(name(old)).unwrap();
        }
    }
}
