//! `docs/profiles.md`: why each rule is in the profiles that it is in, by the workloads that decided.

use pod_hardener::config::Settings;
use pod_hardener::rule::{Options, Rule};
use pod_hardener::rules::RULES;

use super::Results;
use super::page::{line, verdict};

/// The shipped profiles, each of which extends the one before.
const PROFILES: [&str; 3] = ["compatible", "restricted", "strict"];

/// Why each rule is where it is.
const REASONS: &[(&str, &str)] = &[
    (
        "no-privilege-escalation",
        "Only a program that gains privileges on purpose notices it.",
    ),
    (
        "user-namespace",
        "No workload notices it. Yet where one node cannot run it no pod starts there, and what nodes say of themselves is all \
         that is known of them: it is off until somebody has looked, and one value switches it on.",
    ),
    (
        "run-as-high-uid",
        "It breaks what begins as root and changes its user, and what keeps data in a folder of the image's user. It is \
         what Pod Security `restricted` asks for, so that it is where that profile begins.",
    ),
    (
        "cpu-resources",
        "A request breaks nothing and costs little (below). A limit slows down what works, so that it is for `strict` alone.",
    ),
    (
        "no-service-account-token",
        "Only a program that calls the API as the account `default` notices it, and one that a role is bound to keeps its token.",
    ),
    (
        "runtime-default-seccomp",
        "Only a program that makes namespaces of its own notices it.",
    ),
    ("probes", "It reports, and changes nothing."),
    (
        "memory-resources",
        "A request breaks nothing and costs little (below). A limit ends what exceeds it, so that it is for `strict` alone.",
    ),
    (
        "drop-capabilities",
        "The four break only what forges packets. ALL goes where the container is known not to be root: with \
         `run-as-high-uid`, from `restricted` on. Alone it drops the four where an image may be root, which is what this column shows.",
    ),
    (
        "failure-messages",
        "No program notices it. Who may read pods, and not their logs, then reads the end of a failed one's log, which may \
         hold a secret: whoever switches it on says that this is well.",
    ),
    (
        "read-only-root-filesystem",
        "It breaks what writes anywhere but to `/tmp` and to volumes, which is every second image until an override names its folders.",
    ),
];

impl Results {
    /// The page; `older` was found on a runtime without user namespaces.
    pub(crate) fn profiles(&self, older: Option<&Self>) -> String {
        let mut page = INTRODUCTION.to_owned();
        let settings = &Settings::embedded();
        for rule in RULES {
            let places = places(settings, rule).join(" | ");
            line(
                &mut page,
                format_args!(
                    "| [{0}](rules.md#{0}) | {places} | {1} |",
                    rule.id,
                    self.breaks(rule)
                ),
            );
        }
        page += "\n";
        for rule in RULES {
            let why = REASONS.iter().find(|(id, _)| *id == rule.id);
            let why = why.map_or("", |(_, why)| why);
            line(&mut page, format_args!("- **{}**: {why}", rule.id));
        }
        requests(settings, &mut page);
        self.namespaces(older, &mut page);
        page += UNMAPPED;
        page
    }

    /// The workloads that a rule breaks alone.
    fn breaks(&self, rule: &Rule) -> String {
        let column = format!("only-{}", rule.id);
        let broken = self.workloads.iter().filter_map(|(name, row)| {
            let cell = row.cells.get(&column)?;
            cell.failure.as_ref().map(|_| name.as_str())
        });
        let broken: Vec<&str> = broken.collect();
        match broken.is_empty() {
            true => "nothing".to_owned(),
            false => format!("{}: {}", broken.len(), broken.join(", ")),
        }
    }

    fn namespaces(&self, older: Option<&Self>, page: &mut String) {
        const COLUMN: &str = "compatible-userns";
        *page += "\n## User namespaces with `when = \"auto\"`\n\n";
        let mut mapped = 0;
        for (name, row) in &self.workloads {
            let Some(cell) = row.cells.get(COLUMN) else {
                continue;
            };
            let has =
                |which: fn(bool) -> bool| cell.inside.values().any(|inside| which(inside.mapped));
            mapped += usize::from(has(|is| is));
            if has(|is| !is) {
                line(page, format_args!("- {name} has none: {}.", row.what));
            }
        }
        for (results, what, mapped) in [
            (Some(self), "containerd 2", Some(mapped)),
            (older, "Debian's containerd 1.6", None),
        ] {
            let Some(results) = results else { continue };
            let ((works, fails), (without, _)) =
                (results.count(COLUMN), results.count("compatible"));
            let mapped = match mapped {
                Some(mapped) => format!("{mapped} in a user namespace of their own"),
                None => {
                    "`hostUsers` is not set, since the node does not say that it can".to_owned()
                }
            };
            line(
                page,
                format_args!(
                    "- On {what} {works} of {} work, {mapped}; {without} without the rule.",
                    works + fails
                ),
            );
        }
        for (name, row) in &self.workloads {
            if let Some(cell) = row.cells.get(COLUMN).filter(|cell| cell.failure.is_some()) {
                let without = row.cells.get("compatible").map(verdict).unwrap_or_default();
                line(
                    page,
                    format_args!("- {name}: {} with it, {without} without it.", verdict(cell)),
                );
            }
        }
    }
}

/// What a rule is in each profile.
fn places(settings: &Settings, rule: &Rule) -> [&'static str; 3] {
    let mut first: Option<&Options> = None;
    PROFILES.map(|profile| {
        let profile = settings.profile(profile);
        let options = profile.and_then(|profile| profile.options(rule.id));
        first = first.or(options);
        match options {
            None => "off",
            Some(_) if options == first => "on",
            Some(_) => "harder",
        }
    })
}

/// What a hundred pods of one container ask for.
fn requests(settings: &Settings, page: &mut String) {
    let request = |rule: &str| -> &str {
        let (rule, options) = (
            pod_hardener::rules::find(rule),
            settings.profile("compatible"),
        );
        let key = rule.and_then(|rule| rule.keys.iter().position(|key| key.name == "request"));
        let options = rule
            .zip(options)
            .and_then(|(rule, profile)| profile.options(rule.id));
        key.zip(options)
            .map_or("", |(key, options)| options.text(key))
    };
    let number = |text: &str| -> f64 {
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        digits.parse().unwrap_or(f64::NAN)
    };
    let (cpu, memory) = (request("cpu-resources"), request("memory-resources"));
    *page += "\n## What the requests cost\n\n";
    line(
        page,
        format_args!(
            "A container whose author asks for nothing asks for `{cpu}` of CPU and `{memory}` of memory, each container for itself. A hundred \
             pods of one container then take {:.1} CPU and {:.1} GiB out of what the scheduler has to give; a node of two processors and \
             4 GiB is not filled by as many pods as a kubelet runs by default, 110. What they really use is no matter to the scheduler.",
            100.0 * number(cpu) / 1000.0,
            100.0 * number(memory) / 1024.0,
        ),
    );
}

const INTRODUCTION: &str = "# Why each rule is where it is

`make docs` makes this page of [defaults.toml](../defaults.toml) and of a run of [the workloads](workloads.md), where every cell is shown. A rule
is in `compatible` where it breaks nothing but programs that do the very thing that it forbids; in `restricted` where Pod Security
`restricted` asks for it; in `strict` where an image has to be known first. Below, *harder* is where a later profile asks more of a rule than the first that has it, and what
breaks is counted with each rule alone, as hard as `strict` has it.

| rule | compatible | restricted | strict | breaks alone |
|---|---|---|---|---|
";

const UNMAPPED: &str = "
## An image with users that a user namespace has no room for

A user namespace has users up to 65,535 (X16 of [kubernetes.md](kubernetes.md)). No one sees from a pod which users own the files of its image, so
that the rule cannot step back by itself. Seen on the node, by `tests/node/witness.rs`, with an image of its own:

- A file of UID 6,553,600 is there as one of nobody's (65,534): it can be read where everyone may, and neither written to nor taken over.
  The pod starts.
- A container whose image names that UID as its user does not start: `StartError`, \"container ID 6553600 cannot be mapped to a
  host ID\". Where the pod says so itself (`runAsUser`, `fsGroup`, `supplementalGroups`), the rule steps back: `high-ids`.
- `user-namespace.enabled = false` in an override for the image, or the author's annotation `except.pod-hardener.io/user-namespace`,
  makes both run as they were.
";
