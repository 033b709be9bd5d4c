//! Trials on a control plane: skipped loudly where there is none, failed where there must be one.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use libtest_mimic::{Arguments, Failed, Trial};

use super::ControlPlane;

/// A test on the control plane.
pub(crate) type Test = fn(&ControlPlane) -> Result<(), Failed>;

/// Says that all `tests` are skipped, and why, as one that is; with `CI` set it fails.
pub(crate) fn skip(tests: usize, why: &'static str) -> ExitCode {
    let required = std::env::var_os("CI").is_some();
    let what = if required {
        "fail, as CI is set"
    } else {
        "are skipped"
    };
    eprintln!("\n!!! {tests} tests {what}: {why}.\n");
    let all = Trial::test("all tests", move || Err(why.into())).with_ignored_flag(!required);
    libtest_mimic::run(&Arguments::from_args(), vec![all]).exit_code()
}

/// Runs `tests` on one control plane, which `flags` of kube-apiserver are added to, and ends it whatever happens.
pub(crate) fn run(flags: &[&str], tests: &[(&'static str, Test)]) -> ExitCode {
    run_beside(Vec::new(), flags, tests)
}

/// The same, beside tests that need no control plane.
pub(crate) fn run_beside(
    beside: Vec<Trial>,
    flags: &[&str],
    tests: &[(&'static str, Test)],
) -> ExitCode {
    let arguments = Arguments::from_args();
    let assets = std::env::var_os("KUBEBUILDER_ASSETS")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    let plane: Arc<Mutex<Option<ControlPlane>>> = Arc::default();
    let required = std::env::var_os("CI").is_some();
    let skipped = assets.is_none() && !required;
    let trials = tests.iter().map(|(name, test)| {
        let (plane, name, test) = (Arc::clone(&plane), *name, *test);
        let on_plane = move || match plane
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
        {
            Some(plane) => {
                let began = Instant::now();
                let done = test(plane);
                eprintln!("{:.0} s: {name}", began.elapsed().as_secs_f64());
                done
            }
            None => {
                Err("there is no control plane: run `make test`, or set KUBEBUILDER_ASSETS".into())
            }
        };
        Trial::test(name, on_plane).with_ignored_flag(skipped)
    });
    let count = tests.len();
    let trials: Vec<Trial> = beside.into_iter().chain(trials).collect();
    if arguments.list {
        return libtest_mimic::run(&arguments, trials).exit_code();
    }
    match assets {
        None => eprintln!(
            "\n!!! There is no control plane, so that {} tests on a real API server {}.\n\
             !!! Run `make test`, which builds one, or set KUBEBUILDER_ASSETS to a folder that has\n\
             !!! etcd, kube-apiserver, kube-controller-manager and kubectl.\n",
            count,
            if required {
                "fail, as CI is set"
            } else {
                "are skipped"
            }
        ),
        Some(assets) => match ControlPlane::start(&assets, flags) {
            Ok(started) => *plane.lock().unwrap_or_else(PoisonError::into_inner) = Some(started),
            Err(error) => {
                eprintln!("the control plane does not start: {error:#}");
                return ExitCode::FAILURE;
            }
        },
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    let plane = plane.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let (true, Some(plane)) = (conclusion.has_failed(), &plane) {
        match plane.keep_logs() {
            Ok(folder) => eprintln!("the logs of the control plane are in {}", folder.display()),
            Err(error) => eprintln!("the logs of the control plane are lost: {error:#}"),
        }
    }
    conclusion.exit_code()
}
