//! `allowPrivilegeEscalation: false`, where container and author are silent.
//!
//! The kernel then sets `no_new_privs`: no program in the container can gain more than the first one had, not by a
//! setuid bit, not by a file capability. Pod Security `restricted` asks for it in so many words.
//!
//! Nothing of the cluster needs to be known, so missing facts mean nothing here. Sources: V1, V2, X8, X11; the field's
//! own documentation; <https://docs.kernel.org/userspace-api/no_new_privs.html>.

use crate::object::Container;
use crate::rule::{At, Choice, Field, PRIVILEGED, Reason, Rule, Say};

const ADDS_SYS_ADMIN: Reason = Reason {
    id: "adds-sys-admin",
    text: "the author adds SYS_ADMIN, which the API refuses beside this setting",
    source: "V2",
};

pub(super) static RULE: Rule = Rule {
    id: "no-privilege-escalation",
    practice: Some(2),
    control: Some("Privilege Escalation (restricted)"),
    summary: "sets `allowPrivilegeEscalation: false`",
    why: "A process can then never gain more privileges than the container was started with: a setuid program or a \
          file capability in the image is no way up any more.",
    breaks: "sudo, su, ping with a file capability, rootless image builds: programs that gain privileges on purpose.",
    without_facts: None,
    writes: &[Field::AllowPrivilegeEscalation],
    steps_back: &[PRIVILEGED, ADDS_SYS_ADMIN],
    keys: &[],
    linux_only: true,
    container: Some(look),
    pod: None,
};

fn look<'a>(_: At<'a>, container: Container<'a>, say: &mut Say<'_, 'a>) {
    let said = container
        .security_context()
        .and_then(|c| c.allow_privilege_escalation);
    if let Some(allowed) = said {
        return say.keep(Choice::own(
            Field::AllowPrivilegeEscalation,
            if allowed { "true" } else { "false" },
            !allowed,
        ));
    }
    if container.is_privileged() {
        return say.step_back(PRIVILEGED);
    }
    if container
        .added_capabilities()
        .iter()
        .any(|name| grants_sys_admin(name))
    {
        return say.step_back(ADDS_SYS_ADMIN);
    }
    say.set(Field::AllowPrivilegeEscalation, "false");
}

/// The API refuses `CAP_SYS_ADMIN` alone, but documents that escalation is then always allowed: any spelling counts (V2),
/// and `ALL` holds it.
fn grants_sys_admin(name: &str) -> bool {
    ["SYS_ADMIN", "CAP_SYS_ADMIN", "ALL"]
        .iter()
        .any(|grant| name.eq_ignore_ascii_case(grant))
}
