//! What is said of a configuration that is wrong.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

use pod_hardener::config::Settings;

fn problems(rules: &str) -> Vec<String> {
    let text = format!("version = 1\n[profiles.mine]\n{rules}\n");
    match Settings::parse(&text, "mine.toml") {
        Ok(_) => Vec::new(),
        Err(error) => error
            .problems()
            .iter()
            .map(|p| format!("{}; {}", p.message, p.remedy))
            .collect(),
    }
}

#[test]
fn an_error_is_drawn_with_its_line_and_its_remedy() {
    let text = "version = 1\n\n[profiles.mine]\nrun-as-high-uid = { enabled = true, uid = 1000 }\n";
    let error = Settings::parse(text, "mine.toml").unwrap_err();
    assert_eq!(
        error.to_string(),
        "\
error: `uid` does not take this integer
 --> mine.toml:4:43
  |
4 | run-as-high-uid = { enabled = true, uid = 1000 }
  |                                           ^^^^
  = help: `uid` takes a number from 10000 to 65533, \"namespace\" or \"image\""
    );
}

#[test]
fn all_errors_of_a_file_are_said_at_once() {
    let text = "[profiles.off]\nno-such-rule.enabled = true\ndrop-capabilities.enabled = 1\n[profiles.Mine]\n";
    let error = Settings::parse(text, "mine.toml").unwrap_err();
    let messages: Vec<&str> = error
        .problems()
        .iter()
        .map(|problem| problem.message.as_str())
        .collect();
    assert_eq!(
        messages,
        [
            "the configuration does not say which version of its grammar it is written in",
            "`off` cannot be the name of a profile",
            "there is no rule `no-such-rule`",
            "`enabled` does not take this integer",
            "`Mine` cannot be the name of a profile",
        ]
    );
}

#[test]
fn what_an_option_takes_is_said() {
    for (rules, said) in [
        (
            "run-as-high-uid.uid = 65534",
            "takes a number from 10000 to 65533",
        ),
        (
            "run-as-high-uid.uid = \"root\"",
            "takes a number from 10000 to 65533",
        ),
        (
            "run-as-high-uid.persistent-volumes = \"no\"",
            "takes one of: step-back, fs-group",
        ),
        (
            "run-as-high-uid.fs-group = \"yes\"",
            "takes `true` or `false`",
        ),
        (
            "run-as-high-uid.gid = 1",
            "it may be: enabled, uid, persistent-volumes, salt, fs-group, low-ports",
        ),
        (
            "user-namespace.when = \"off\"",
            "takes one of: auto, always",
        ),
        (
            "drop-capabilities.drop = \"NET_RAW\"",
            "takes a list of capabilities",
        ),
        (
            "drop-capabilities.drop = [\"CAP_NET_RAW\"]",
            "without `CAP_`",
        ),
        (
            "drop-capabilities.drop = [\"ALL\"]",
            "ALL is not one of them",
        ),
        (
            "read-only-root-filesystem.writable-paths = [\"tmp\"]",
            "takes a list of absolute paths",
        ),
        (
            "read-only-root-filesystem.writable-paths = [\"/a/../b\"]",
            "takes a list of absolute paths",
        ),
        (
            "read-only-root-filesystem.writable-paths = [\"/\"]",
            "takes a list of absolute paths",
        ),
        (
            "read-only-root-filesystem.writable-paths = [\"/run\", \"/run/app\"]",
            "`/run/app` is in `/run`",
        ),
        (
            "read-only-root-filesystem.size = \"lots\"",
            "takes an amount above zero like \"100m\" or \"512Mi\"",
        ),
        (
            "read-only-root-filesystem.size = \"0\"",
            "takes an amount above zero like \"100m\" or \"512Mi\"",
        ),
        (
            "no-privilege-escalation = true",
            "`no-privilege-escalation` takes a table",
        ),
        ("a = 1\na = 2", "duplicate key"),
    ] {
        let problems = problems(rules);
        assert_eq!(problems.len(), 1, "{rules}: {problems:?}");
        assert!(
            problems.iter().any(|problem| problem.contains(said)),
            "{rules}: {problems:?}"
        );
    }
}

#[test]
fn every_option_of_every_rule_is_read() {
    for rule in pod_hardener::rules::RULES {
        for key in rule.keys {
            let wrong = problems(&format!("{}.{} = 1979-05-27", rule.id, key.name));
            assert_eq!(wrong.len(), 1, "{} {}", rule.id, key.name);
        }
    }
}
