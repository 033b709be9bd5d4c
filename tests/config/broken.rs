//! `broken/<name>.toml` is a configuration that is refused, `broken/<name>.out` what is said of it. `UPDATE=1` writes the
//! `.out` files anew; then read the difference.

use std::path::{Path, PathBuf};

use pod_hardener::config::{EMBEDDED, Settings};
use proptest::prelude::*;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/broken");
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    files.sort();
    files
}

#[test]
fn what_is_wrong_is_said_as_expected() {
    let mut unexpected = Vec::new();
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let said = match Settings::parse(&text, &name) {
            Ok(_) => panic!("{name} is accepted"),
            Err(error) => format!("{error}\n"),
        };
        let out = file.with_extension("out");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&out, &said).unwrap();
        }
        if std::fs::read_to_string(&out).unwrap_or_default() != said {
            unexpected.push(format!("{name} says\n{said}"));
        }
    }
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
}

#[test]
fn every_problem_has_a_place_in_the_text_and_a_remedy() {
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let Err(error) = Settings::parse(&text, "x") else {
            panic!("{} is accepted", file.display());
        };
        for problem in error.problems() {
            assert!(text.get(problem.span.clone()).is_some(), "{problem:?}");
            assert!(!problem.remedy.is_empty(), "{problem:?}");
        }
    }
}

#[test]
fn a_long_line_of_profiles_that_extend_one_another_is_read_in_either_order() {
    let profile = |n: usize| format!("[profiles.p{n}]\nextends = \"p{}\"\n", n + 1);
    let mut profiles: Vec<String> = (0..5_000).map(profile).collect();
    profiles.push("[profiles.p5000]\nprobes.enabled = true\n".to_owned());
    for _ in 0..2 {
        profiles.reverse();
        let text = format!("version = 1\n{}", profiles.concat());
        let Ok(settings) = Settings::parse(&text, "x") else {
            panic!("it is refused");
        };
        let first = settings.profile("p0").unwrap();
        assert!(first.options("probes").is_some());
    }
}

#[test]
fn every_option_of_every_rule_is_read() {
    for rule in pod_hardener::rules::RULES {
        for key in rule.keys {
            let (id, name) = (rule.id, key.name);
            let text = format!("version = 1\n[profiles.mine]\n{id}.{name} = 1979-05-27\n");
            let error = Settings::parse(&text, "x").unwrap_err();
            assert_eq!(error.problems().len(), 1, "{id} {name}: {error}");
        }
    }
}

proptest! {
    /// Whatever is in a file, it is read or refused, and the refusal can be drawn.
    #[test]
    fn no_text_panics(at in 0..EMBEDDED.len(), cut in 0..40usize, put in "[\\PC\n\t\r\u{1b}]{0,6}") {
        let before = EMBEDDED.get(..EMBEDDED.floor_char_boundary(at)).unwrap();
        let after = EMBEDDED.get(EMBEDDED.ceil_char_boundary((at + cut).min(EMBEDDED.len()))..).unwrap();
        if let Err(error) = Settings::parse(&format!("{before}{put}{after}"), "x") {
            prop_assert!(error.draw(true).len() > error.problems().len());
            let forged = error.to_string().contains('\x1b');
            prop_assert!(!forged, "an escape reaches the terminal");
        }
    }
}
