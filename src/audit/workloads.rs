//! The workloads of a report, in a spool, in their order.

use std::io;

use super::spool::{Batch, Place, Spool};
use super::{Entry, Workload};

/// Workloads, and what is said of them. Held is where they lie, some hundred to a place.
#[derive(Debug, Default)]
pub struct Workloads {
    spool: Spool,
    places: Vec<Place>,
    batch: Batch,
}

impl Workloads {
    /// None yet. What is said of them lies in `spool`, and so will they.
    pub(super) fn new(spool: Spool) -> Self {
        Self {
            spool,
            ..Self::default()
        }
    }

    /// The spool.
    pub(super) fn spool(&self) -> &Spool {
        &self.spool
    }

    /// Adds a workload, behind all others.
    ///
    /// # Errors
    ///
    /// Those of the spool.
    pub(super) fn add(&mut self, workload: &Workload) -> io::Result<()> {
        self.batch.add(workload)?;
        match self.batch.is_full() {
            true => self.write(),
            false => Ok(()),
        }
    }

    /// Writes what was added last. To be called when all have been added.
    ///
    /// # Errors
    ///
    /// Those of the spool.
    pub(super) fn write(&mut self) -> io::Result<()> {
        let place = self.batch.write(&mut self.spool)?;
        self.places.extend(place);
        Ok(())
    }

    /// All of them; an error is that of the spool.
    pub fn iter(&self) -> impl Iterator<Item = io::Result<Workload>> {
        self.places.iter().flat_map(|place| {
            let (workloads, error) = match self.spool.records(*place) {
                Ok(workloads) => (workloads, None),
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            workloads.into_iter().map(Ok).chain(error)
        })
    }

    /// What is said of one.
    ///
    /// # Errors
    ///
    /// Those of the spool.
    pub fn said(&self, workload: &Workload) -> io::Result<Vec<Entry>> {
        match workload.said.place {
            Some(place) => self.spool.records(place),
            None => Ok(Vec::new()),
        }
    }
}
