//! What is wrong, how bad it is, and what to do: one form for all that looks at a cluster.

use std::fmt;

use serde::Serialize;

/// How bad it is; what comes later is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// To be known.
    Note,
    /// To be looked at: it may go wrong, or is not as it should be by somebody's choice.
    Warning,
    /// To be mended: it does not work, or is not as it was asked for.
    Error,
}

impl Severity {
    /// All of them, the worst first.
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Note];

    /// In one word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Which check found it.
    pub check: &'static str,
    /// The object that it is about.
    pub object: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// For a person, with the remedy on a line of its own, and without what could forge a line or a terminal's escape: names and messages are
/// the cluster's.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clean = |text: &str| text.replace(char::is_control, " ");
        let (severity, check) = (self.severity.as_str(), self.check);
        let (object, what, remedy) = (clean(&self.object), clean(&self.what), clean(&self.remedy));
        write!(
            f,
            "{severity}[{check}]: {object}: {what}\n  = help: {remedy}"
        )
    }
}

/// The worst first; what is as bad as another stays in its order.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
}
