//! What `config show` prints is a configuration that comes to the same.

use pod_hardener::config::{EMBEDDED, Settings, schema, show};
use pod_hardener::rule::Kind;
use pod_hardener::rules::RULES;
use serde_json::Value;

use crate::support::settings;

/// All values of a configuration, without where they come from.
fn values(settings: &Settings) -> String {
    let mut text = format!("{} {:?}\n", settings.enabled(), settings.registry_mirrors());
    for (group, version, kind) in [
        ("argoproj.io", "v1alpha1", "Rollout"),
        ("serving.knative.dev", "v1", "Service"),
        ("example.com", "v1", "Web"),
        ("example.com", "v2", "Web"),
    ] {
        text += &format!("{kind} {:?}\n", settings.templates(group, version, kind));
    }
    for profile in settings.profiles() {
        let may: Vec<&str> = profile
            .may_except()
            .value
            .iter()
            .map(|rule| rule.id)
            .collect();
        text += &format!("{} {may:?}\n", profile.name());
        for setting in profile.settings() {
            let (id, on) = (setting.rule.id, setting.enabled.value);
            text += &format!("  {id} {on} {:?}\n", setting.options);
        }
    }
    text
}

/// What is shown, without the comments that say where it comes from.
fn without_comments(shown: &str) -> String {
    let lines = shown.lines().map(|line| match line.split_once("  # ") {
        Some((line, _)) => line.trim_end(),
        None => line.split(" # ").next().unwrap_or_default(),
    });
    lines
        .filter(|line| !line.starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n")
}

fn comes_back(text: &str) {
    let read = settings(text);
    let shown = show(&read, "test.toml");
    let again =
        Settings::parse(&shown, "shown.toml").unwrap_or_else(|error| panic!("{error}\n{shown}"));
    assert_eq!(values(&again), values(&read));
    assert_eq!(
        without_comments(&show(&again, "shown.toml")),
        without_comments(&shown)
    );
}

#[test]
fn the_shipped_file_comes_back() {
    comes_back(EMBEDDED);
}

#[test]
fn a_file_that_extends_and_overrides_comes_back() {
    comes_back(
        "version = 1
enabled = false
registry-mirrors = [\"mirror.example/hub\"]
[templates]
\"example.com/Web\" = \"spec.pod\"
\"example.com/v2/Web\" = [\"spec.a\", \"spec.pods.*\"]
\"argoproj.io/Rollout\" = []
[profiles.mine]
extends = \"theirs\"
authors-may-except = [\"!probes\"]
run-as-high-uid.uid = \"namespace\"
drop-capabilities.drop = [\"KILL\", \"!MKNOD\"]
[profiles.theirs]
extends = \"strict\"
read-only-root-filesystem.writable-paths = [\"/run/a\\\"b\"]
[profiles.strict]
extends = \"strict\"
memory-resources.limit = \"2Gi\"
[[overrides]]
reason = \"a \\\"reason\\\" of\\nlines\"
namespaces = [\"shop-*\"]
images = [\"mirror.example/hub/nginx:1.*\", \"*/redis\"]
containers = [\"web?\"]
pod-labels = { \"example.org/team\" = \"a*\", app = \"web\" }
owner-kinds = [\"Deployment\"]
read-only-root-filesystem.writable-paths = [\"/var/cache/nginx\", \"!/tmp\"]
run-as-high-uid.uid = \"image\"
probes.enabled = false
",
    );
}

/// A value of a kind that is not the default.
fn other(kind: Kind) -> &'static str {
    match kind {
        Kind::Capabilities(_) => "[\"SYS_CHROOT\"]",
        Kind::Paths(_) => "[\"/var/cache/app\"]",
        Kind::Choice(words) => match words {
            [_, "fs-group", ..] => "\"fs-group\"",
            [_, "always", ..] => "\"always\"",
            [_, "unbound", ..] => "\"unbound\"",
            _ => panic!("a choice that this test does not know: {words:?}"),
        },
        Kind::Flag(true) => "false",
        Kind::Flag(false) => "true",
        Kind::Amount(_) => "\"7m\"",
        Kind::AmountOrNone(_) => "\"3Gi\"",
        Kind::Annotations(_) => "[\"example.org/inject=yes\"]",
        Kind::Text(_) => "\"other\"",
        Kind::Uid(_) => "20_000",
    }
}

#[test]
fn every_key_of_the_schema_comes_back() {
    let schema = schema();
    for rule in RULES {
        let properties = schema["definitions"][rule.id]["properties"]
            .as_object()
            .unwrap();
        let keys: Vec<&str> = rule
            .keys
            .iter()
            .map(|key| key.name)
            .chain(["enabled"])
            .collect();
        let mut in_schema: Vec<&str> = properties.keys().map(String::as_str).collect();
        in_schema.sort_by_key(|name| keys.iter().position(|key| key == name));
        assert_eq!(in_schema, keys, "{}", rule.id);
        let mut text = format!("version = 1\n[profiles.mine.{}]\nenabled = true\n", rule.id);
        for key in rule.keys {
            text += &format!("{} = {}\n", key.name, other(key.kind));
        }
        comes_back(&text);
        let default = settings(&format!(
            "version = 1\n[profiles.mine.{}]\nenabled = true\n",
            rule.id
        ));
        let (changed, default) = (settings(&text), default);
        let options = |settings: &Settings| {
            settings
                .profile("mine")
                .unwrap()
                .options(rule.id)
                .unwrap()
                .clone()
        };
        assert_eq!(
            options(&changed) == options(&default),
            rule.keys.is_empty(),
            "{}",
            rule.id
        );
    }
    for table in ["profile", "override"] {
        let properties = schema["definitions"][table]["properties"]
            .as_object()
            .unwrap();
        for rule in RULES {
            assert!(properties.contains_key(rule.id), "{table} {}", rule.id);
        }
    }
}

#[test]
fn the_keys_of_the_schema_are_those_of_the_reader() {
    let schema = schema();
    let keys =
        |table: &Value| -> Vec<String> { table.as_object().unwrap().keys().cloned().collect() };
    let rules = |key: &String| RULES.iter().any(|rule| rule.id == key);
    for (properties, prefix) in [
        (&schema["properties"], "version = 1\n"),
        (
            &schema["definitions"]["profile"]["properties"],
            "version = 1\n[profiles.mine]\n",
        ),
        (
            &schema["definitions"]["override"]["properties"],
            "version = 1\n[[overrides]]\n",
        ),
    ] {
        for key in keys(properties).iter().filter(|key| !rules(key)) {
            if prefix.ends_with("= 1\n") && key == "version" {
                continue;
            }
            let error = Settings::parse(&format!("{prefix}{key} = 1979-05-27\n"), "x").unwrap_err();
            assert!(!error.to_string().contains("there is no"), "{key}: {error}");
        }
        let error = Settings::parse(&format!("{prefix}another-key = 1\n"), "x").unwrap_err();
        assert!(error.to_string().contains("there is no"), "{error}");
    }
}

#[test]
fn where_a_value_comes_from_is_said_line_by_line() {
    let text = "version = 1\n[profiles.mine]\nextends = \"strict\"\nprobes.enabled = false\n";
    let shown = show(&settings(text), "mine.toml");
    let line = |key: &str| shown.lines().find(|line| line.starts_with(key)).unwrap();
    assert!(
        line("probes.enabled = false").ends_with("# mine.toml:4"),
        "{shown}"
    );
    let shipped = EMBEDDED
        .lines()
        .position(|line| line.starts_with("memory-resources.limit"))
        .unwrap()
        + 1;
    let expected = format!("# embedded defaults.toml:{shipped}");
    assert!(
        line("memory-resources.limit = \"1Gi\"").ends_with(&expected),
        "{shown}"
    );
    assert!(
        line("run-as-high-uid.salt").ends_with("# default"),
        "{shown}"
    );
}

#[test]
fn the_shipped_profiles_are_there_unless_the_file_has_its_own() {
    for text in ["version = 1\n", "version = 1\n[profiles]\n"] {
        assert_eq!(values(&settings(text)), values(&Settings::embedded()));
    }
    let own = settings("version = 1\n[profiles.strict]\nprobes.enabled = true\n[profiles.mine]\n");
    let names: Vec<&str> = own.profile_names().collect();
    assert_eq!(names, ["compatible", "restricted", "strict", "mine"]);
    assert_eq!(own.profile("strict").unwrap().rules().count(), 1);
}
