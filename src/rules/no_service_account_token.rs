//! `automountServiceAccountToken: false`, and the token's volume and mounts out again, which are in the pod already when a
//! webhook sees it (T1 to T3).
//!
//! Only pods of the account `default` lose it, unless the profile says `unbound`, and only where nobody asked for it: the
//! pod, the account, or a binding of a role to the account. The volume is known by its whole structure, never by its name
//! (T5). A pod cannot get its token back later (U1), so every doubt keeps it.
//!
//! Missing facts: an account called `default` is taken to be bound to nothing and to say nothing, any other one to need its
//! token. Sources: section 1.2, T1 to T11, B1 to B10.

use crate::object::{Container, Pod, VolumeMount};
use crate::rule::{At, Choice, Field, Key, Kind, Reason, Rule, Say};

const SERVICE_ACCOUNTS: usize = 0;
const KEEP_FOR: usize = 1;

const BOUND: Reason = Reason {
    id: "bound",
    text: "a role is bound to its service account",
    source: "B3, B5",
};

const INJECTOR: Reason = Reason {
    id: "injector",
    text: "an annotation asks for a sidecar or a secret that is fetched with the token",
    source: "T7, T8, B7",
};

const NOT_THE_PLUGINS: Reason = Reason {
    id: "look-alike",
    text: "what is mounted for the token is not exactly what Kubernetes mounts by itself",
    source: "T5, T6",
};

const ACCOUNT_UNKNOWN: Reason = Reason {
    id: "account-unknown",
    text: "it is not known what is bound to its service account",
    source: "B9",
};

const YOUNG_ACCOUNT: Reason = Reason {
    id: "young-account",
    text: "its service account is younger than ten minutes: bindings may follow",
    source: "B9",
};

pub(super) static RULE: Rule = Rule {
    id: "no-service-account-token",
    practice: Some(5),
    control: None,
    summary: "takes the service account's token out of pods that do not need it",
    why: "Every pod gets a token of the Kubernetes API, needed or not, and whoever breaks into the pod has it.",
    breaks: "What talks to the API as the account `default`, or shows its token to somebody else, without any role that is bound to it: \
             name an account, or write `automountServiceAccountToken: true`.",
    without_facts: Some(
        "Pods of `default` lose the token, all others keep it, and what the account itself says is not known.",
    ),
    writes: &[
        Field::AutomountServiceAccountToken,
        Field::Volumes,
        Field::VolumeMounts,
    ],
    steps_back: &[
        BOUND,
        INJECTOR,
        NOT_THE_PLUGINS,
        ACCOUNT_UNKNOWN,
        YOUNG_ACCOUNT,
    ],
    keys: &[
        Key {
            name: "service-accounts",
            kind: Kind::Choice(&["default", "unbound"]),
            doc: "`default`: pods of that account only; `unbound`: pods of every account that is known to have no role",
        },
        Key {
            name: "keep-for",
            kind: Kind::Annotations(&[
                "consul.hashicorp.com/connect-inject=true",
                "dapr.io/enabled=true",
                "vault.hashicorp.com/agent-inject=true",
                "vault.security.banzaicloud.io/vault-addr",
            ]),
            doc: "annotations of pods whose injectors need the token: a key, or `key=value`",
        },
    ],
    linux_only: false,
    container: None,
    pod: Some(look),
};

fn look<'a>(at: At<'a>, say: &mut Say<'_, 'a>) {
    if let Some(automount) = at.pod.spec.automount_service_account_token {
        // Whoever writes `true` says that it is needed, which is all that the practice asks.
        let said = if automount { "true" } else { "false" };
        return say.keep(Choice::of_pod(
            Field::AutomountServiceAccountToken,
            said,
            true,
        ));
    }
    let account = at.pod.service_account();
    let known = at.facts.service_account(at.namespace, account);
    if let Some(automount) = known.and_then(|known| known.automount) {
        let said = if automount {
            "true by its account"
        } else {
            "false by its account"
        };
        return say.keep(Choice::of_pod(
            Field::AutomountServiceAccountToken,
            said,
            true,
        ));
    }
    if account != "default" && at.options.text(SERVICE_ACCOUNTS) != "unbound" {
        // An account of one's own is asked for by name.
        return say.keep(Choice::of_pod(Field::ServiceAccountName, account, true));
    }

    let bound = at.facts.is_bound(at.namespace, account);
    let unknown = account != "default" && (bound.is_none() || known.is_none());
    let young = account != "default" && known.is_some_and(|known| known.is_young);
    let volume = token_volume(at.pod);
    let doubts = [
        (bound == Some(true), BOUND),
        (unknown, ACCOUNT_UNKNOWN),
        (young, YOUNG_ACCOUNT),
        (needs_token(at), INJECTOR),
        (volume.is_err(), NOT_THE_PLUGINS),
    ];
    if let Some(reason) = Reason::first(doubts) {
        return say.step_back(reason);
    }
    say.set(Field::AutomountServiceAccountToken, "false");
    let Ok(Some((index, name))) = volume else {
        return;
    };
    say.remove(Field::Volumes, index);
    for container in at.pod.containers() {
        for (index, _) in mounts(container).filter(|(_, mount)| mount.name.as_str() == name) {
            say.of(container).remove(Field::VolumeMounts, index);
        }
    }
}

/// Whether an annotation of the pod is one of those that the profile keeps the token for.
fn needs_token(at: At<'_>) -> bool {
    at.options
        .names(KEEP_FOR)
        .iter()
        .any(|wanted| match wanted.text.split_once('=') {
            Some((key, value)) => at.pod.annotation(key) == Some(value),
            None => at.pod.annotation(&wanted.text).is_some(),
        })
}

/// Something of the token's is there, and it is not exactly as the ServiceAccount plugin makes it.
struct LookAlike;

/// The position and the name of the volume that the ServiceAccount plugin made, if it made one; an error where anything
/// of it is not as the plugin makes it, or is used for something else (T5, T6).
fn token_volume(pod: Pod<'_>) -> Result<Option<(usize, &str)>, LookAlike> {
    let mut named = pod
        .volumes()
        .iter()
        .enumerate()
        .filter(|(_, v)| v.has_token_name());
    let found = match (named.next(), named.next()) {
        (None, _) => None,
        (Some((index, volume)), None) if volume.is_api_token() => {
            Some((index, volume.name.as_str()))
        }
        _ => return Err(LookAlike),
    };
    let fits = |mount: &VolumeMount<'_>| {
        let is_tokens = found.is_some_and(|(_, name)| mount.name.as_str() == name);
        match is_tokens {
            true => mount.is_of_api_token(),
            false => !mount.is_at_token_path(),
        }
    };
    let all_fit = pod
        .containers()
        .all(|container| mounts(container).all(|(_, mount)| fits(mount)));
    all_fit.then_some(found).ok_or(LookAlike)
}

fn mounts<'a>(container: Container<'a>) -> impl Iterator<Item = (usize, &'a VolumeMount<'a>)> {
    container.spec.volume_mounts.iter().flatten().enumerate()
}
