//! Where what was found lies until it is told: in a file, so that a large cluster takes no more memory than a small one, or in memory
//! where there can be no file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// How many bytes of records are written at a time.
const FULL: usize = 32 * 1024;

/// Bytes that are written once, one after the other, and read by their place. By default in memory.
#[derive(Debug, Default)]
pub struct Spool {
    file: Option<File>,
    held: Vec<u8>,
    end: u64,
}

/// Where something lies in a spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Place {
    at: u64,
    bytes: usize,
}

impl Spool {
    /// A spool in an empty file, that nothing else may write into.
    #[must_use]
    pub fn in_file(file: File) -> Self {
        Self {
            file: Some(file),
            ..Self::default()
        }
    }

    /// Writes, and says where.
    ///
    /// # Errors
    ///
    /// Those of the file, as one that its disk has no room for.
    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<Place> {
        let place = Place {
            at: self.end,
            bytes: bytes.len(),
        };
        match &self.file {
            Some(file) => file.write_all_at(bytes, place.at)?,
            None => self.held.extend_from_slice(bytes),
        }
        self.end += bytes.len() as u64;
        Ok(place)
    }

    /// Reads what was written.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub(super) fn get(&self, place: Place) -> io::Result<Vec<u8>> {
        if let Some(file) = &self.file {
            let mut bytes = vec![0; place.bytes];
            file.read_exact_at(&mut bytes, place.at)?;
            return Ok(bytes);
        }
        let from = usize::try_from(place.at).unwrap_or(usize::MAX);
        let held = self.held.get(from..from.saturating_add(place.bytes));
        held.map(<[u8]>::to_vec)
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Reads the records of a [`Batch`].
    ///
    /// # Errors
    ///
    /// Those of the file.
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

    fn round(mut spool: Spool) -> io::Result<()> {
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

    #[test]
    fn what_was_written_is_read_from_a_file_and_from_memory() -> io::Result<()> {
        round(Spool::default())?;
        round(Spool::in_file(tempfile::tempfile()?))
    }
}
