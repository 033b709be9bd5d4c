//! Volumes, by the one thing that rules ask of them: what kind they are.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::text::Text;

/// A volume of a pod.
#[derive(Debug)]
pub struct Volume<'a> {
    /// Its name.
    pub name: Text<'a>,
    /// Where its content comes from.
    pub source: Source,
}

/// Where a volume's content comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Empty at the pod's start, gone at its end.
    EmptyDir,
    /// Written by the kubelet: a ConfigMap, a Secret, the pod's own fields, or several of them.
    Written,
    /// The content of an image.
    Image,
    /// Anything else: data that was there before the pod, of a user that we do not know.
    Data,
}

impl Source {
    fn of(field: &str) -> Self {
        match field {
            "emptyDir" => Self::EmptyDir,
            "configMap" | "secret" | "projected" | "downwardAPI" => Self::Written,
            "image" => Self::Image,
            _ => Self::Data,
        }
    }
}

impl Volume<'_> {
    /// Whether this looks like the token volume of the ServiceAccount plugin (section 1.2 of its rules), which the kubelet makes
    /// readable for whatever user the containers have (X5).
    #[must_use]
    pub fn is_api_token(&self) -> bool {
        self.source == Source::Written && self.name.starts_with("kube-api-access-")
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Volume<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Volume<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a volume")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                // Without a source, the API makes it an emptyDir.
                let (mut name, mut source) = (Text::default(), Source::EmptyDir);
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    if key.as_str() == "name" {
                        name = map.next_value::<Option<Text<'de>>>()?.unwrap_or_default();
                    } else if map.next_value::<Option<IgnoredAny>>()?.is_some() {
                        source = Source::of(&key);
                    }
                }
                Ok(Volume { name, source })
            }
        }

        deserializer.deserialize_map(Collect)
    }
}
