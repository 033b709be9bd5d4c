//! Where what was found lies until it is told: outside of the memory, so that a large cluster takes no more of it than a small one.

use std::fmt::Debug;
use std::io;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// How many bytes of records are written at a time.
const FULL: usize = 32 * 1024;

/// What holds the bytes of a spool: a file, or a [`Vec`] where there can be none.
pub trait Store: Debug {
    /// Writes behind all that was written; `at` is how many bytes that are.
    ///
    /// # Errors
    ///
    /// Where there is no room for them.
    fn write(&mut self, bytes: &[u8], at: u64) -> io::Result<()>;

    /// Reads as many bytes as there is room for in `bytes`.
    ///
    /// # Errors
    ///
    /// Where they cannot be read, or are not there.
    fn read(&self, bytes: &mut [u8], at: u64) -> io::Result<()>;
}

impl Store for Vec<u8> {
    fn write(&mut self, bytes: &[u8], _: u64) -> io::Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }

    fn read(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        let from = usize::try_from(at).unwrap_or(usize::MAX);
        let held = self.get(from..from.saturating_add(bytes.len()));
        bytes.copy_from_slice(held.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// Bytes that are written once, one after the other, and read by their place. By default in memory.
#[derive(Debug)]
pub struct Spool {
    store: Box<dyn Store>,
    end: u64,
}

impl Default for Spool {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

/// Where something lies in a spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Place {
    at: u64,
    bytes: usize,
}

impl Spool {
    /// A spool of which nothing is there yet.
    #[must_use]
    pub fn new(store: impl Store + 'static) -> Self {
        Self {
            store: Box::new(store),
            end: 0,
        }
    }

    /// Writes, and says where.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<Place> {
        let place = Place {
            at: self.end,
            bytes: bytes.len(),
        };
        self.store.write(bytes, place.at)?;
        self.end += bytes.len() as u64;
        Ok(place)
    }

    /// Reads what was written.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub(super) fn get(&self, place: Place) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; place.bytes];
        self.store.read(&mut bytes, place.at)?;
        Ok(bytes)
    }

    /// Reads the records of a [`Batch`].
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub(super) fn records<T: DeserializeOwned>(&self, place: Place) -> io::Result<Vec<T>> {
        let bytes = self.get(place)?;
        let records = serde_json::Deserializer::from_slice(&bytes).into_iter();
        records.collect::<Result<_, _>>().map_err(io::Error::from)
    }
}

/// Records that are to lie in one place.
#[derive(Debug, Default)]
pub(super) struct Batch(Vec<u8>);

impl Batch {
    /// Adds a record.
    ///
    /// # Errors
    ///
    /// Where it cannot be JSON.
    pub(super) fn add(&mut self, record: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.0, record).map_err(io::Error::from)
    }

    /// Whether it is time to write it.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= FULL
    }

    /// A digest of its records.
    pub(super) fn digest(&self) -> [u8; 32] {
        let digest = ring::digest::digest(&ring::digest::SHA256, &self.0);
        let mut bytes = [0; 32];
        bytes
            .iter_mut()
            .zip(digest.as_ref())
            .for_each(|(to, from)| *to = *from);
        bytes
    }

    /// Writes it, and is empty; `None` where it was.
    ///
    /// # Errors
    ///
    /// Those of [`Spool::put`].
    pub(super) fn write(&mut self, spool: &mut Spool) -> io::Result<Option<Place>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let place = spool.put(&self.0)?;
        self.0.clear();
        Ok(Some(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_by_its_place() -> io::Result<()> {
        let mut spool = Spool::default();
        let (mut first, mut second) = (Batch::default(), Batch::default());
        first.add(&("a", 1))?;
        second.add(&("b", 2))?;
        first.add(&("c", 3))?;
        let (first, second) = (first.write(&mut spool)?, second.write(&mut spool)?);
        let read = |place: Option<Place>| {
            let records = place.map(|place| spool.records::<(String, u8)>(place));
            records.transpose().map(Option::unwrap_or_default)
        };
        assert_eq!(read(second)?, [("b".to_owned(), 2)]);
        assert_eq!(read(first)?, [("a".to_owned(), 1), ("c".to_owned(), 3)]);
        Ok(())
    }
}
