//! What was found, in a file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::audit::{Spool, Store};

/// One without a name, that nobody else can open, in the folder for temporary files. Where none can be made there, as in a container of
/// which all is read-only, it is kept in memory.
pub(super) fn spool() -> Spool {
    match tempfile::tempfile() {
        Ok(file) => Spool::new(Temporary(file)),
        Err(_) => Spool::default(),
    }
}

#[derive(Debug)]
struct Temporary(File);

impl Store for Temporary {
    fn write(&mut self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, at)
    }

    fn read(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        self.0.read_exact_at(bytes, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() -> io::Result<()> {
        let mut file = Temporary(tempfile::tempfile()?);
        file.write(b"first", 0)?;
        file.write(b"second", 5)?;
        let mut read = [0; 6];
        file.read(&mut read, 5)?;
        assert_eq!(&read, b"second");
        let beyond = file.read(&mut read, 6);
        assert_eq!(
            beyond.map_err(|error| error.kind()),
            Err(io::ErrorKind::UnexpectedEof)
        );
        Ok(())
    }
}
