//! The fields that rules write: each of them once, and in the order of a patch.

use std::fmt;

use super::Level;

/// Of each field its name here, whose it is, whether it is set or is a list that is completed, and the names on the way to it, as
/// Kubernetes writes them.
macro_rules! fields {
    ($($field:ident: $level:ident $is_list:ident [$first:literal $(, $name:literal)*],)*) => {
        /// A field that rules write: those of a container, then those of a pod, each in the order of their paths.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Field {
            $(#[doc = concat!("`", $first, $(".", $name,)* "`")] $field,)*
        }

        impl Field {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$field),*];

            /// Whether it is the container's or the pod's.
            #[must_use]
            pub const fn level(self) -> Level {
                match self {
                    $(Self::$field => Level::$level,)*
                }
            }

            /// Whether it is a list that is completed, entry by entry.
            #[must_use]
            pub const fn is_list(self) -> bool {
                match self {
                    $(Self::$field => $is_list,)*
                }
            }

            /// The names on the way to it, from the container or from the pod.
            #[must_use]
            pub const fn path(self) -> &'static [&'static str] {
                match self {
                    $(Self::$field => &[$first $(, $name)*],)*
                }
            }

            /// The same as one text, with dots between: `securityContext.runAsUser`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$field => concat!($first $(, ".", $name)*),)*
                }
            }
        }
    };
}

const VALUE: bool = false;
const LIST: bool = true;

fields! {
    LivenessProbe: Container VALUE ["livenessProbe"],
    ReadinessProbe: Container VALUE ["readinessProbe"],
    CpuLimit: Container VALUE ["resources", "limits", "cpu"],
    MemoryLimit: Container VALUE ["resources", "limits", "memory"],
    CpuRequest: Container VALUE ["resources", "requests", "cpu"],
    MemoryRequest: Container VALUE ["resources", "requests", "memory"],
    AllowPrivilegeEscalation: Container VALUE ["securityContext", "allowPrivilegeEscalation"],
    AddedCapabilities: Container LIST ["securityContext", "capabilities", "add"],
    DroppedCapabilities: Container LIST ["securityContext", "capabilities", "drop"],
    ReadOnlyRootFilesystem: Container VALUE ["securityContext", "readOnlyRootFilesystem"],
    RunAsNonRoot: Container VALUE ["securityContext", "runAsNonRoot"],
    RunAsUser: Container VALUE ["securityContext", "runAsUser"],
    SeccompProfile: Container VALUE ["securityContext", "seccompProfile"],
    TerminationMessagePolicy: Container VALUE ["terminationMessagePolicy"],
    VolumeMounts: Container LIST ["volumeMounts"],
    SafeToEvict: Pod VALUE ["metadata", "annotations", "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"],
    Hardened: Pod VALUE ["metadata", "annotations", "pod-hardener.io/hardened"],
    AutomountServiceAccountToken: Pod VALUE ["spec", "automountServiceAccountToken"],
    HostUsers: Pod VALUE ["spec", "hostUsers"],
    FsGroup: Pod VALUE ["spec", "securityContext", "fsGroup"],
    FsGroupChangePolicy: Pod VALUE ["spec", "securityContext", "fsGroupChangePolicy"],
    Sysctls: Pod LIST ["spec", "securityContext", "sysctls"],
    ServiceAccountName: Pod VALUE ["spec", "serviceAccountName"],
    Volumes: Pod LIST ["spec", "volumes"],
}

impl Field {
    /// The last of its names: of an annotation, the key.
    #[must_use]
    pub const fn last_name(self) -> &'static str {
        match self.path() {
            [.., name] => name,
            [] => "",
        }
    }

    /// Whether it is one of the pod's annotations.
    #[must_use]
    pub fn is_annotation(self) -> bool {
        matches!(self, Self::SafeToEvict | Self::Hardened)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_in_the_order_of_their_paths() {
        let place = |field: &Field| (field.level(), field.path(), field.is_list());
        assert!(Field::ALL.is_sorted_by(|a, b| place(a) < place(b)));
        assert!(Field::ALL.is_sorted());
    }
}
