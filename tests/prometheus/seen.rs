//! A real Prometheus sees the real programs at work, and then in every trouble that there is an alert for.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;

use crate::control_plane::ControlPlane;
use crate::faults::Faults;
use crate::process::free_address;
use crate::scene::Scene;
use crate::scraper::Prometheus;
use crate::shipped::{alert_names, as_asked, queries, shortened};

/// How long anything may take. It takes a quarter of that.
const PATIENCE: Duration = Duration::from_secs(60);

/// What only comes when everything is away.
const AT_THE_END: [&str; 2] = ["PodHardenerControllerMissing", "PodHardenerNoServer"];

pub(super) fn all(plane: &ControlPlane) -> Result<(), Failed> {
    let scene = Scene::new(plane)?;
    let prometheus = Prometheus::start(plane, &shortened()?)?;
    // The controller that will fail is looked for before it is there: it tries less and less often.
    let failing = free_address();
    let mut targets = vec![&scene.server.admin, &scene.controller, &failing];
    prometheus.scrape(&targets)?;
    let answered = until(|| {
        scene.work()?;
        unanswered(&prometheus)
    })?;
    assert_eq!(answered, Vec::<String>::new(), "without an answer");
    let alerts: Vec<String> = prometheus
        .alerts()?
        .into_iter()
        .map(|alert| alert.name)
        .collect();
    assert_eq!(alerts, Vec::<String>::new(), "while all is well");

    let mut faults = Faults::new(plane, &failing)?;
    targets.extend(faults.targets());
    prometheus.scrape(&targets)?;
    let mut fired = Fired::default();
    let silent = until(|| {
        faults.go_on();
        scene.work_unanswered()?;
        fired.look(&prometheus)?;
        fired.lacks(&AT_THE_END)
    })?;
    assert_eq!(silent, Vec::<String>::new(), "silent alerts");
    // The failing controller has none anyway.
    let registration = (
        "PodHardenerRegistrationMissing".to_owned(),
        scene.controller.clone(),
    );
    assert!(fired.0.contains(&registration), "{:?}", fired.0);

    drop((faults, scene));
    let silent = until(|| {
        fired.look(&prometheus)?;
        fired.lacks(&[])
    })?;
    assert_eq!(silent, Vec::<String>::new(), "silent alerts");
    Ok(())
}

/// Alerts that have fired, each with its target.
#[derive(Default)]
struct Fired(BTreeSet<(String, String)>);

impl Fired {
    fn look(&mut self, prometheus: &Prometheus) -> Result<(), Failed> {
        let fire = prometheus.alerts()?.into_iter().filter(|alert| alert.fires);
        self.0
            .extend(fire.map(|alert| (alert.name, alert.instance)));
        Ok(())
    }

    /// The alerts that have not fired, but those that need not.
    fn lacks(&self, need_not: &[&str]) -> Result<Vec<String>, Failed> {
        let mut names = alert_names()?;
        names.retain(|name| {
            !need_not.contains(&name.as_str()) && !self.0.iter().any(|(fired, _)| fired == name)
        });
        Ok(names)
    }
}

/// The queries of the dashboard that have no answer, or one that is no number.
fn unanswered(prometheus: &Prometheus) -> Result<Vec<String>, Failed> {
    let mut without = Vec::new();
    for (title, query) in queries()? {
        let values = prometheus.ask(&as_asked(&query, "10s"))?;
        if values.is_empty() || values.iter().any(|value| value.is_nan()) {
            without.push(format!("{title}: {query}: {values:?}"));
        }
    }
    Ok(without)
}

/// What is left when nothing is left, or no time.
fn until(mut left: impl FnMut() -> Result<Vec<String>, Failed>) -> Result<Vec<String>, Failed> {
    let began = Instant::now();
    loop {
        let is_left = left()?;
        if is_left.is_empty() || began.elapsed() > PATIENCE {
            return Ok(is_left);
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}
