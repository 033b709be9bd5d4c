//! Volumes, by the one thing that rules ask of them: what kind they are.

use std::fmt;
use std::sync::OnceLock;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use serde_json::value::RawValue;

use super::text::Text;
use super::token_volume::TokenVolume;

/// What the name of the token's volume begins with.
const TOKEN_NAME: &str = "kube-api-access-";

/// The letters of its end, which is made up: `k8s.io/apimachinery/pkg/util/rand`.
const TOKEN_ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// A volume of a pod.
#[derive(Debug)]
pub struct Volume<'a> {
    /// Its name.
    pub name: Text<'a>,
    /// Where its content comes from.
    pub source: Source,
    /// What a projected volume is made of, unread.
    projected: Option<&'a RawValue>,
    /// What [`Self::is_api_token`] says: more than one rule asks, and mostly none does.
    is_api_token: OnceLock<bool>,
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
    /// Whether the ServiceAccount plugin reuses this volume for the token, whatever it holds (section 1.2 of the rules).
    #[must_use]
    pub fn has_token_name(&self) -> bool {
        self.name.starts_with(TOKEN_NAME)
    }

    /// Whether this is the token volume that the ServiceAccount plugin makes, by its name and its whole structure (T5).
    #[must_use]
    pub fn is_api_token(&self) -> bool {
        *self.is_api_token.get_or_init(|| self.has_token_structure())
    }

    fn has_token_structure(&self) -> bool {
        let end = self.name.strip_prefix(TOKEN_NAME).unwrap_or_default();
        let made_up = end.len() == 5 && end.bytes().all(|byte| TOKEN_ALPHABET.contains(&byte));
        let is_tokens = |raw: &RawValue| {
            let volume = serde_json::from_str::<TokenVolume<'_>>(raw.get());
            volume.is_ok_and(|volume| volume.is_api_token())
        };
        made_up && self.projected.is_some_and(is_tokens)
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
                let mut projected = None;
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    if key.as_str() == "name" {
                        name = map.next_value::<Option<Text<'de>>>()?.unwrap_or_default();
                    } else if key.as_str() == "projected" {
                        projected = map.next_value::<Option<&'de RawValue>>()?;
                        source = projected.map_or(source, |_| Source::Written);
                    } else if map.next_value::<Option<IgnoredAny>>()?.is_some() {
                        source = Source::of(&key);
                    }
                }
                Ok(Volume {
                    name,
                    source,
                    projected,
                    is_api_token: OnceLock::new(),
                })
            }
        }

        deserializer.deserialize_map(Collect)
    }
}
