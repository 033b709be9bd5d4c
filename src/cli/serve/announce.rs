//! What a person, or the log, is told once the server listens.

use std::fmt::Write;
use std::io::IsTerminal;
use std::net::SocketAddr;

use crate::config::Settings;

/// What a person wants to know once the server listens.
pub(super) struct Announcement<'a> {
    pub(super) settings: &'a Settings,
    pub(super) config: String,
    pub(super) certificate: String,
    pub(super) webhook: SocketAddr,
    pub(super) admin: SocketAddr,
    pub(super) cluster: String,
}

/// Says where the server listens: as text on a terminal, as a log record otherwise.
#[expect(
    clippy::print_stderr,
    reason = "the start of a server is said to the person who started it"
)]
pub(super) fn announce(this: &Announcement<'_>) {
    let profiles: Vec<&str> = this.settings.profile_names().collect();
    if !std::io::stderr().is_terminal() {
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            webhook = %this.webhook,
            admin = %this.admin,
            profiles = profiles.join(","),
            config = this.config,
            config_version = this.settings.version(),
            certificate = this.certificate,
            cluster = this.cluster,
            "serving"
        );
        return;
    }
    let first = profiles.first().copied().unwrap_or("compatible");
    let mut text = format!("pod-hardener {}\n\n", env!("CARGO_PKG_VERSION"));
    for (name, value) in [
        (
            "webhook",
            format!(
                "https://{}/harden/<profile>, /audit/<profile>, /preview/<profile>",
                this.webhook
            ),
        ),
        (
            "admin",
            format!("http://{}/livez, /readyz, /metrics", this.admin),
        ),
        (
            "profiles",
            format!(
                "{} ({}, version {})",
                profiles.join(", "),
                this.config,
                this.settings.version()
            ),
        ),
        ("certificate", this.certificate.clone()),
        ("cluster", this.cluster.clone()),
    ] {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name:<12}{value}");
    }
    eprintln!(
        "{text}\nTry it, from the checkout:\n\n  curl -sk https://{}/harden/{first} -H 'content-type: application/json' \
         -d @examples/review.json\n",
        this.webhook
    );
}
