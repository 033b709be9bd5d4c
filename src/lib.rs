//! pod-hardener fills in the security settings that a pod's author left out.
//!
//! A functional core with I/O around it:
//!
//! - [`object`]: where each kind keeps its pod, and a borrowed view of it.
//! - [`rule`], [`rules`]: what a rule is and may say; one file per rule.
//! - [`config`]: `defaults.toml` to profiles.
//! - [`plan`]: pod, profile and facts to plan; the only code that knows JSON Patch.
//! - [`quantity`]: amounts as Kubernetes writes them.
//! - [`record`]: plan to annotation, audit annotations, warnings and decision log.
//! - [`manifest`]: YAML text to objects, and to the hardened text with comments kept.
//! - [`finding`]: what is wrong in a cluster, and how bad anything is.
//! - [`report`]: findings in files, told in several formats.
//! - [`admission`]: review bytes to reply bytes.
//! - [`audit`]: the objects of a cluster to a report on what is open.
//!
//! All of these are synchronous and pure: no socket, file, clock or environment. Around them:
//!
//! - [`cluster`]: facts from watches.
//! - [`controller`]: the certificates, and who trusts them.
//! - [`doctor`]: whether what is installed works.
//! - [`serve`]: sockets, TLS, limits, health, metrics, shutdown.
//! - [`x509`]: what certificates say.
//! - [`cli`]: the commands.

pub mod admission;
pub mod audit;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod controller;
pub mod doctor;
pub mod finding;
mod json;
pub mod manifest;
pub mod object;
pub mod plan;
pub mod quantity;
pub mod record;
pub mod report;
pub mod rule;
pub mod rules;
pub mod serve;
pub mod x509;
