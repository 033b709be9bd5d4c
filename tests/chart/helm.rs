//! Helm, as users run it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::Failed;
use serde_json::Value;

use crate::control_plane::ControlPlane;
use crate::yaml;

/// The release and its namespace, as the README has them.
pub(crate) const NAME: &str = "pod-hardener";

/// The variables that name the binaries.
pub(crate) const BINARIES: [&str; 2] = ["HELM4", "HELM3"];

/// What is said where one is missing.
pub(crate) const MISSING: &str =
    "There is no Helm. Run `make test`, which builds both, or set HELM4 and HELM3 to binaries";

/// Whether both are there.
pub(crate) fn is_there() -> bool {
    BINARIES
        .into_iter()
        .all(|variable| Helm::of(variable).is_ok())
}

/// One version of Helm, with a home of its own.
pub(crate) struct Helm {
    binary: PathBuf,
    home: tempfile::TempDir,
}

impl Helm {
    /// The Helm that a variable names.
    pub(crate) fn of(variable: &str) -> Result<Self, Failed> {
        let binary = std::env::var_os(variable).filter(|value| !value.is_empty());
        let binary = binary.ok_or_else(|| format!("{variable} is not set. {MISSING}"))?;
        Ok(Self {
            binary: binary.into(),
            home: tempfile::tempdir()?,
        })
    }

    /// Both of them.
    pub(crate) fn both() -> Result<[Self; 2], Failed> {
        let [newer, older] = BINARIES.map(Self::of);
        Ok([newer?, older?])
    }

    /// The name of the version, for messages.
    pub(crate) fn name(&self) -> String {
        self.binary.display().to_string()
    }

    /// Runs it. Without a control plane it reaches no cluster.
    pub(crate) fn run(
        &self,
        plane: Option<&ControlPlane>,
        args: &[&str],
    ) -> Result<Output, Failed> {
        let mut command = Command::new(&self.binary);
        let none = self.home.path().join("no-kubeconfig");
        let kubeconfig = plane.map_or(none, ControlPlane::kubeconfig);
        command.env("KUBECONFIG", kubeconfig).args(args);
        for home in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(home, self.home.path());
        }
        Ok(command.output()?)
    }

    /// What it prints; what it complains of as an error.
    pub(crate) fn say(
        &self,
        plane: Option<&ControlPlane>,
        args: &[&str],
    ) -> Result<String, Failed> {
        let output = self.run(plane, args)?;
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout)?),
            false => Err(format!(
                "{} {}: {}",
                self.name(),
                args.join(" "),
                String::from_utf8_lossy(&output.stderr)
            )
            .into()),
        }
    }

    /// The text of the chart's objects with these values.
    pub(crate) fn template(&self, values: &[&str]) -> Result<String, Failed> {
        let chart = chart();
        let mut args = vec!["template", NAME, &chart, "--namespace", NAME];
        args.extend(values);
        self.say(None, &args)
    }

    /// The chart's objects with these values, by kind and name.
    pub(crate) fn render(&self, values: &[&str]) -> Result<Vec<Value>, Failed> {
        objects(&self.template(values)?)
    }
}

/// The objects of a text, by kind and name.
pub(crate) fn objects(text: &str) -> Result<Vec<Value>, Failed> {
    let mut objects = yaml::documents(text)?;
    objects.sort_by_key(title);
    Ok(objects)
}

/// Kind, namespace and name.
pub(crate) fn title(object: &Value) -> String {
    let part = |pointer| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (kind, name) = (part("/kind"), part("/metadata/name"));
    format!("{kind} {} {name}", part("/metadata/namespace"))
}

/// The folder of the chart.
pub(crate) fn chart() -> String {
    root().join("helm").display().to_string()
}

/// The checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An installed chart, which is taken away when the test ends.
pub(crate) struct Installed<'p> {
    plane: &'p ControlPlane,
    pub(crate) helm: Helm,
}

impl<'p> Installed<'p> {
    /// Installs the chart with these values.
    pub(crate) fn new(
        plane: &'p ControlPlane,
        helm: Helm,
        values: &[&str],
    ) -> Result<Self, Failed> {
        let chart = chart();
        let mut args = vec![
            "install",
            NAME,
            &chart,
            "--namespace",
            NAME,
            "--create-namespace",
        ];
        args.extend(values);
        helm.say(Some(plane), &args)?;
        // The API server learns of registrations and policies by watches of its own.
        std::thread::sleep(std::time::Duration::from_secs(1));
        Ok(Self { plane, helm })
    }

    /// Changes the values.
    pub(crate) fn upgrade(&self, values: &[&str]) -> Result<(), Failed> {
        let chart = chart();
        let mut args = vec!["upgrade", NAME, &chart, "--namespace", NAME];
        args.extend(values);
        self.helm.say(Some(self.plane), &args).map(drop)
    }
}

impl Drop for Installed<'_> {
    fn drop(&mut self) {
        let args = ["uninstall", NAME, "--namespace", NAME, "--ignore-not-found"];
        if let Err(error) = self.helm.say(Some(self.plane), &args) {
            eprintln!("the chart stays installed: {error:?}");
        }
    }
}
