//! Lists that are never long.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

/// The most containers of one kind, and the most volumes, of a pod. Kubernetes has no limit of its own but the size of the object.
/// Every rule looks at every container, and with it at every volume: their product is time, and pods of more than a few dozen
/// are unheard of.
const MOST: usize = 500;

/// Reads a list of at most [`MOST`], or `null`.
pub(super) fn read<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Few<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Few<T> {
        type Value = Option<Vec<T>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of at most {MOST}")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Self::Value, S::Error> {
            let mut few = Vec::new();
            while let Some(one) = list.next_element()? {
                if few.len() == MOST {
                    return Err(S::Error::invalid_length(MOST + 1, &self));
                }
                few.push(one);
            }
            Ok(Some(few))
        }
    }

    deserializer.deserialize_any(Few(PhantomData))
}
