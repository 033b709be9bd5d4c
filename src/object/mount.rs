//! Mounts of volumes, and which of them are the API token's.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::text::Text;

/// Where the ServiceAccount plugin mounts the token (section 1.2 of the rules).
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// A volume in a container's file system.
#[derive(Debug, Default)]
pub struct VolumeMount<'a> {
    /// The volume.
    pub name: Text<'a>,
    /// Where it is mounted.
    pub mount_path: Text<'a>,
    read_only: bool,
    /// Whether a field is set beside these three.
    says_more: bool,
}

impl VolumeMount<'_> {
    /// Whether the path is the token's, whatever is mounted there.
    #[must_use]
    pub fn is_at_token_path(&self) -> bool {
        self.mount_path.as_str() == TOKEN_PATH
    }

    /// Whether the mount is exactly what the ServiceAccount plugin makes (T5).
    #[must_use]
    pub fn is_of_api_token(&self) -> bool {
        self.is_at_token_path() && self.read_only && !self.says_more
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for VolumeMount<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = VolumeMount<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mount")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut mount = VolumeMount::default();
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    match key.as_str() {
                        "name" => mount.name = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        "mountPath" => {
                            mount.mount_path = map.next_value::<Option<_>>()?.unwrap_or_default();
                        }
                        "readOnly" => {
                            mount.read_only = map.next_value::<Option<_>>()? == Some(true)
                        }
                        _ => mount.says_more |= map.next_value::<Option<IgnoredAny>>()?.is_some(),
                    }
                }
                Ok(mount)
            }
        }

        deserializer.deserialize_map(Collect)
    }
}
