//! What the repository says of itself is true: generated pages are fresh, the README's example is what happens, the core
//! is pure. `UPDATE=1 cargo test --test repository` writes the generated pages anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(clippy::print_stderr, missing_docs, reason = "tests")]

#[path = "support/chart_values.rs"]
mod chart_values;
#[path = "support/harden.rs"]
mod harden;
#[path = "support/metrics_page.rs"]
mod metrics_page;
#[path = "support/overrides.rs"]
mod overrides;
#[path = "support/token.rs"]
mod token;
#[path = "support/workloads.rs"]
mod workloads;
#[path = "support/yaml.rs"]
mod yaml;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pod_hardener::config::{EMBEDDED, Effective, Settings};
use pod_hardener::object::{Object, Template};
use pod_hardener::plan::{Facts, Plan, Scope};
use pod_hardener::record::warnings;
use pod_hardener::rules::RULES;
use serde_json::json;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn readme_block(mark: &str) -> String {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let block = readme
        .split_once(&format!("<!-- {mark} -->\n```"))
        .expect("the README has the block")
        .1;
    let (_, block) = block.split_once('\n').unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

/// Whether `file` holds this text between two marks; with `UPDATE`, it is written there anew.
fn is_fresh_between(file: &str, mark: &str, text: &str) {
    let path = root().join(file);
    let page = fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {mark} -->\n"), format!("<!-- /{mark} -->"));
    let (before, rest) = page.split_once(&begin).unwrap();
    let (there, after) = rest.split_once(&end).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, format!("{before}{begin}{text}{end}{after}")).unwrap();
        return;
    }
    assert!(
        there == text,
        "what is between the marks `{mark}` of {file} is stale: run `make docs`"
    );
}

/// Whether `file` holds what the command prints; with `UPDATE`, it is written anew.
fn is_fresh(command: &[&str], file: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_pod-hardener"))
        .args(command)
        .output()
        .unwrap();
    is_fresh_as(&String::from_utf8(output.stdout).unwrap(), file);
}

/// Whether `file` holds `page`; with `UPDATE`, it is written anew.
fn is_fresh_as(page: &str, file: &str) {
    let path = root().join(file);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, page).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap() == page,
        "{file} is stale: run `make docs`"
    );
}

/// What was run on a real node needs its override, and every setting of that: without it, it does not work under `strict`, and
/// with all of them, it does.
#[test]
fn overrides_that_were_run_are_necessary_and_enough() {
    let text = fs::read_to_string(root().join("examples/overrides.toml")).unwrap();
    Settings::parse(&text, "examples/overrides.toml").unwrap();
    let entries = overrides::entries().unwrap();
    assert!(entries.len() >= 25);
    let results = kept("docs/workloads.json").unwrap();
    let run: Vec<_> = entries.iter().filter(|entry| entry.run).collect();
    for entry in &run {
        let images = entry.images();
        let mut tried = results.workloads.values();
        let tried = tried.find(|workload| images.contains(&workload.like[0].as_str()));
        let tried = tried.unwrap_or_else(|| panic!("nothing like {images:?} was run"));
        let works = |column: &str| tried.cells[column].failure.is_none();
        let (without, with) = (works("strict"), works("strict-overrides"));
        assert!(
            !without && with,
            "{images:?}: {without} without it, {with} with it"
        );
        let lacked: BTreeSet<&String> = tried.without.keys().collect();
        let settings = entry.settings();
        assert_eq!(
            lacked,
            settings.iter().collect(),
            "{images:?}: each setting is tried"
        );
        for (setting, cell) in &tried.without {
            assert!(cell.failure.is_some(), "{images:?} works without {setting}");
        }
    }
    assert!(run.len() >= 12, "{}", run.len());
}

#[test]
fn the_page_of_rules_is_fresh() {
    is_fresh(&["rules"], "docs/rules.md");
}

#[test]
fn the_schema_of_the_configuration_is_fresh() {
    is_fresh(&["config", "schema"], "docs/config.schema.json");
}

/// What the matrix runs an entry without is that setting, and no other.
#[test]
fn an_override_can_be_tried_without_each_of_its_settings() {
    for entry in overrides::entries().unwrap() {
        let settings = entry.settings();
        assert!(!settings.is_empty(), "{:?}", entry.images());
        for (nth, setting) in settings.iter().enumerate() {
            let left: Vec<&String> = settings.iter().filter(|one| *one != setting).collect();
            let without = entry
                .without(nth)
                .map(|table| overrides::Entry { run: true, table });
            let found = without
                .as_ref()
                .map_or(Vec::new(), overrides::Entry::settings);
            assert_eq!(
                found.iter().collect::<Vec<_>>(),
                left,
                "{:?}",
                entry.images()
            );
        }
    }
}

/// What a run of the matrix found, if one is kept.
fn kept(file: &str) -> Option<workloads::Results> {
    let text = fs::read_to_string(root().join(file)).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

#[test]
fn the_pages_of_workloads_are_fresh_and_what_is_promised_held() {
    let older = kept("docs/workloads-debian.json").expect("a run on the older runtime is kept");
    let results = kept("docs/workloads.json").expect("a run of `make workloads` is kept");
    for run in [&older, &results] {
        assert_eq!(run.broken_promises(), Vec::<String>::new());
    }
    let mut cells = older.all_cells();
    assert!(
        cells.all(|cell| cell.inside.values().all(|inside| !inside.mapped)),
        "the older runtime knows no user namespaces"
    );
    is_fresh_as(&results.page(Some(&older)), "docs/workloads.md");
    is_fresh_as(&results.profiles(Some(&older)), "docs/profiles.md");
}

#[test]
fn every_rule_is_tried_alone_and_has_a_reason_to_be_where_it_is() {
    let results = kept("docs/workloads.json").unwrap();
    let page = fs::read_to_string(root().join("docs/profiles.md")).unwrap();
    for rule in RULES {
        let (works, fails) = results.count(&format!("only-{}", rule.id));
        assert!(works + fails >= 20, "{} is not tried alone", rule.id);
        let given = format!("\n- **{}**: ", rule.id);
        let reason = page.split_once(&given).map(|(_, rest)| rest.lines().next());
        assert!(
            reason.flatten().is_some_and(|reason| reason.len() > 20),
            "{}: REASONS of tests/support/workloads/profiles.rs has none",
            rule.id
        );
    }
}

#[test]
fn the_schema_of_the_decision_log_is_fresh() {
    let schema = serde_json::to_string_pretty(&pod_hardener::record::schema()).unwrap();
    is_fresh_as(&(schema + "\n"), "docs/decision-log.schema.json");
}

#[test]
fn the_page_of_metrics_is_fresh() {
    let (server, controller) = (
        pod_hardener::serve::every_metric(),
        pod_hardener::controller::every_metric(),
    );
    is_fresh_as(&metrics_page::page(&server, &controller), "docs/metrics.md");
}

#[test]
fn the_readmes_pod_becomes_what_the_readme_says() {
    let pod = |mark| yaml::documents(&readme_block(mark)).unwrap().remove(0);
    let settings = Settings::embedded();
    let profile = settings.profile("compatible").unwrap();
    let hardened = harden::harden(profile, Template::Itself, &pod("before")).unwrap();
    assert_eq!(hardened.object, pod("after"));

    let text = pod("before").to_string();
    let object: Object<'_> = serde_json::from_str(&text).unwrap();
    let (facts, effective) = (Facts::default(), Effective::plain(profile));
    let plan = Plan::new(
        Template::Itself.pod(&object).unwrap(),
        "shop",
        Scope::Creation,
        &effective,
        &facts,
    );
    let said = warnings(
        pod_hardener::admission::Mode::Harden,
        "compatible",
        plan.findings(),
    );
    assert_eq!(
        readme_block("warning"),
        format!("Warning: {}\n", said.join("\nWarning: "))
    );
}

/// What `strict` makes of a pod that says nothing, as the API server hands it over, in a table.
#[test]
fn the_readmes_table_of_strict_is_fresh() {
    let name = "kube-api-access-b2x9z";
    let pod = json!({"spec": {
        "serviceAccountName": "default",
        "containers": [{"name": "web", "image": "registry.example/web:1.0", "volumeMounts": [token::mount(name)]}],
        "volumes": [token::volume(name)],
    }});
    let settings = Settings::embedded();
    let profile = settings.profile("strict").unwrap();
    let hardened = harden::harden(profile, Template::Itself, &pod).unwrap();
    let mut table = String::from("| rule | field | value |\n|---|---|---|\n");
    for line in &hardened.said {
        let (who, what) = line.split_once(": ").unwrap();
        let rule = who.split(' ').next().unwrap();
        let words: Vec<&str> = what.splitn(3, ' ').collect();
        let place = |field: &str| match field.split('.').next() {
            Some("spec" | "metadata") => field.to_owned(),
            _ if who.ends_with("of the pod") => field.to_owned(),
            _ => format!("spec.containers[0].{field}"),
        };
        let row = match *words.as_slice() {
            ["set", field, value] => format!("`{}` | `{value}`", place(field)),
            ["removed", field, _] => format!("`{}` | without the token", place(field)),
            _ => format!("`spec.containers[0]` | {what}"),
        };
        table += &format!("| {rule} | {row} |\n");
    }
    is_fresh_between("README.md", "strict", &table);
}

/// Every value of the chart has its reason, and is one that the schema knows.
#[test]
fn the_table_of_the_charts_values_is_fresh() {
    let values = fs::read_to_string(root().join("helm/values.yaml")).unwrap();
    let entries = chart_values::documented(&values).unwrap();
    let schema = fs::read_to_string(root().join("helm/values.schema.json")).unwrap();
    let mut known = chart_values::known(&serde_json::from_str(&schema).unwrap());
    let mut documented: Vec<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
    known.sort();
    documented.sort_unstable();
    assert_eq!(documented, known, "helm/values.yaml and its schema");
    is_fresh_between("helm/README.md", "values", &chart_values::table(&entries));
}

/// The chart is of this version.
#[test]
fn the_chart_has_the_programs_version() {
    let chart = fs::read_to_string(root().join("helm/Chart.yaml")).unwrap();
    let chart = yaml::documents(&chart).unwrap().remove(0);
    assert_eq!(chart["appVersion"], env!("CARGO_PKG_VERSION"));
    assert_eq!(chart["version"], env!("CARGO_PKG_VERSION"));
}

/// What is measured is made of the crates of what is released, in the same versions.
#[test]
fn the_benchmarks_have_the_programs_versions_of_crates() {
    let table = |file: &str| -> toml::Table {
        toml::from_str(&fs::read_to_string(root().join(file)).unwrap()).unwrap()
    };
    let packages = |file: &str| -> Vec<toml::Table> {
        let lock = table(file);
        let packages = lock["package"].as_array().unwrap().iter();
        packages
            .map(|one| one.as_table().unwrap().clone())
            .collect()
    };
    let manifest = table("Cargo.toml");
    let direct = manifest["dependencies"].as_table().unwrap();
    let text = |package: &toml::Table, key: &str| package[key].as_str().unwrap().to_owned();
    let ours = packages("Cargo.lock");
    let names: BTreeSet<String> = ours.iter().map(|one| text(one, "name")).collect();
    let versions = ours
        .iter()
        .map(|one| (text(one, "name"), text(one, "version")));
    let versions: BTreeSet<(String, String)> = versions.collect();
    for file in ["bench/Cargo.lock", "bench/core/Cargo.lock"] {
        let mut shared = 0;
        for package in packages(file) {
            let (name, version) = (text(&package, "name"), text(&package, "version"));
            if names.contains(&name) {
                let known = versions.contains(&(name.clone(), version.clone()));
                assert!(known, "{file}: {name} {version} is not the program's");
                shared += 1;
            }
            // A lock of an older Cargo.toml would be refused.
            let is_ours = name == env!("CARGO_PKG_NAME");
            for wanted in direct.keys().filter(|_| is_ours) {
                let names = package["dependencies"].as_array().unwrap().iter();
                let mut names = names.map(|one| one.as_str().unwrap().split(' ').next().unwrap());
                assert!(
                    names.any(|one| one == wanted),
                    "{file} knows no {wanted}: `cargo metadata` in its folder writes it anew"
                );
            }
        }
        assert!(shared > 10, "{file} shares nothing");
    }
}

#[test]
fn the_configurations_that_are_shown_are_accepted() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let blocks = readme.split("```toml\n").skip(1);
    let mut shown: Vec<String> = blocks
        .map(|block| block.split("```").next().unwrap().to_owned())
        .collect();
    // What `defaults.toml` shows in a comment, as a reader takes it over.
    let (_, example) = EMBEDDED.split_once("\n# [[overrides]]\n").unwrap();
    let example = example.replace("\n# ", "\n").replace("\n#\n", "\n");
    let example = example.trim_start_matches("# ");
    shown.push(format!("version = 1\n[[overrides]]\n{example}"));
    for text in shown {
        let settings = Settings::parse(&text, "shown").unwrap_or_else(|error| panic!("{error}"));
        assert!(!settings.overrides().is_empty(), "{text}");
    }
}

#[test]
fn the_example_review_is_answered_with_a_patch_that_applies() {
    let review = root().join("examples/review.json");
    let output = Command::new(env!("CARGO_BIN_EXE_pod-hardener"))
        .arg("review")
        .arg(review)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["record"]["outcome"], "patched");
}

#[test]
fn the_core_knows_no_socket_file_clock_or_environment() {
    let forbidden = [
        "tokio",
        "hyper",
        "std::fs",
        "std::net",
        "std::env",
        "std::time",
        // What is written to may be given: `dyn Write`.
        "io::std",
        "io::Read",
        "std::process",
        "println!",
    ];
    let mut files = 0;
    for file in sources(&root().join("src")) {
        let name = file
            .strip_prefix(root().join("src"))
            .unwrap()
            .display()
            .to_string();
        let edge = [
            "main.rs",
            "cli",
            "cluster",
            "controller",
            "doctor",
            "serve",
            "x509.rs",
        ]
        .iter()
        .any(|edge| name.starts_with(edge));
        if edge || name == "lib.rs" {
            continue;
        }
        files += 1;
        let text = fs::read_to_string(&file).unwrap();
        for word in forbidden {
            assert!(
                !text.contains(word),
                "src/{name} is of the pure core and speaks of {word}"
            );
        }
    }
    assert!(files > 10, "the core was not found");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path))
        } else {
            found.push(path)
        }
    }
    found
}

/// What is released is what was tested: one compiler, and one version in all places.
#[test]
fn the_image_is_built_by_the_compiler_of_the_tests_and_the_changelog_knows_its_version() {
    let text = |file| fs::read_to_string(root().join(file)).unwrap();
    let toolchain = text("rust-toolchain.toml");
    let channel = toolchain.split("channel = \"").nth(1).unwrap();
    let channel = channel.split('"').next().unwrap();
    let base = format!("ARG BASE=docker.io/library/rust:{channel}-bookworm\n");
    assert!(text("Dockerfile").contains(&base), "no {base}");
    let version = format!("\n## [{}] - ", env!("CARGO_PKG_VERSION"));
    assert!(text("CHANGELOG.md").contains(&version), "no {version}");
}

#[test]
fn every_fact_that_a_rule_names_is_on_the_page_of_facts() {
    let page = fs::read_to_string(root().join("docs/kubernetes.md")).unwrap();
    let ids: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| "))
        .flat_map(|line| line.split(" |").next().unwrap().split(", "))
        .collect();
    let mut named = 0;
    for rule in RULES {
        for reason in rule.steps_back {
            for source in reason.source.split(", ") {
                assert!(
                    ids.contains(&source),
                    "{} names {source}, which docs/kubernetes.md has not",
                    rule.id
                );
                named += 1;
            }
        }
    }
    assert!(named > 10, "the rules name no facts");
}
