//! What is in the image: the program, its settings, and nothing else.
//!
//! `IMAGE` names an OCI archive, which `tests/image/build` makes; `make image` builds it as a release is built, and runs this.
//! How it runs is tried on a real node (`tests/node/image.rs`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(clippy::print_stderr, missing_docs, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How large the image may be, compressed, in bytes. That of a release has 8 million, that of the tests, which is not optimised, 15;
/// with debug information it would be 30.
const SIZE: u64 = 18_000_000;

type Test = fn(&Image) -> Result<(), Failed>;

fn main() -> ExitCode {
    let image = std::env::var("IMAGE").ok().filter(|name| !name.is_empty());
    let tests: [(&str, Test); 3] = [
        ("there is one file in the image", one_file),
        ("the image says what it is and runs as nobody", settings),
        ("the program needs nothing of the image", is_static),
    ];
    let trials = tests.map(|(name, test)| {
        let archive = image.clone().unwrap_or_default();
        Trial::test(name, move || test(&Image::open(&archive)?)).with_ignored_flag(image.is_none())
    });
    if image.is_none() {
        eprintln!(
            "\n!!! There is no image, so that {} tests of it are SKIPPED.\n!!! `tests/image/build` makes one, with buildah, as root.\n",
            trials.len()
        );
    }
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit_code()
}

/// An unpacked archive.
struct Image {
    config: Value,
    /// The folder of the files of its only layer.
    root: TempDir,
    /// The size of the layer, compressed.
    size: u64,
}

impl Image {
    fn open(archive: &str) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        unpack(archive.as_ref(), folder.path())?;
        let read = |name: &str| -> Result<Value, Failed> {
            Ok(serde_json::from_slice(&fs::read(
                folder.path().join(name),
            )?)?)
        };
        let blob = |digest: &Value| {
            let digest = digest.as_str().unwrap_or_default();
            format!("blobs/{}", digest.replace(':', "/"))
        };
        let index = read("index.json")?;
        let manifest = read(&blob(&index["manifests"][0]["digest"]))?;
        let config = read(&blob(&manifest["config"]["digest"]))?;
        let layers = manifest["layers"].as_array().map_or(0, Vec::len);
        if layers != 1 {
            return Err(format!("it has {layers} layers").into());
        }
        let layer = folder.path().join(blob(&manifest["layers"][0]["digest"]));
        let root = tempfile::tempdir()?;
        unpack(&layer, root.path())?;
        Ok(Self {
            config,
            root,
            size: fs::metadata(layer)?.len(),
        })
    }
}

fn unpack(archive: &Path, folder: &Path) -> Result<(), Failed> {
    let mut tar = Command::new("tar");
    let unpacked = tar.arg("-C").arg(folder).arg("-xf").arg(archive).output()?;
    match unpacked.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&unpacked.stderr)
            .into_owned()
            .into()),
    }
}

fn one_file(image: &Image) -> Result<(), Failed> {
    let files: Vec<_> = fs::read_dir(image.root.path())?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<Result<_, _>>()?;
    assert_eq!(files, ["pod-hardener"]);
    assert!(image.size < SIZE, "it has {} bytes", image.size);
    Ok(())
}

fn settings(image: &Image) -> Result<(), Failed> {
    let config = &image.config["config"];
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(config["Entrypoint"], json!(["/pod-hardener"]));
    assert_eq!(config["Cmd"][0], "serve");
    assert_eq!(config["Volumes"], Value::Null);
    let labels = config["Labels"].as_object().ok_or("it has no labels")?;
    let label = |name: &str| labels[&format!("org.opencontainers.image.{name}")].as_str();
    assert_eq!(label("title"), Some("pod-hardener"));
    assert_eq!(label("licenses"), Some("Apache-2.0"));
    assert_eq!(label("version"), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(label("description"), Some(env!("CARGO_PKG_DESCRIPTION")));
    let is = |name: &str, what: fn(&str) -> bool| label(name).is_some_and(what);
    assert!(is("source", |source| source.starts_with("https://")));
    assert!(
        is("revision", |revision| revision.len() == 40),
        "{labels:?}"
    );
    Ok(())
}

fn is_static(image: &Image) -> Result<(), Failed> {
    let program = image.root.path().join("pod-hardener");
    let headers = Command::new("readelf").arg("-lW").arg(&program).output()?;
    let headers = String::from_utf8_lossy(&headers.stdout).into_owned();
    assert!(headers.contains("LOAD"), "{headers}");
    assert!(!headers.contains("INTERP"), "it wants a loader: {headers}");
    Ok(())
}
