//! The memory that an image may take, counted as it is taken.
//!
//! It is the one limit behind all others: a million files, long names, contents worth keeping and a decoder's window all
//! draw on it.

use std::cell::Cell;
use std::rc::Rc;

use super::LayerError;

/// How much more memory may be taken for an image; its clones share what is left.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    total: usize,
    left: Rc<Cell<usize>>,
}

impl Budget {
    /// A budget of so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { total: bytes, left: Rc::new(Cell::new(bytes)) }
    }

    /// How many bytes are left.
    pub(crate) fn left(&self) -> usize {
        self.left.get()
    }

    /// Is less than half of it left?
    pub(crate) fn is_short(&self) -> bool {
        self.left() < self.total / 2
    }

    /// Takes from it.
    ///
    /// # Errors
    /// [`LayerError::Full`] when there is not so much left.
    pub(crate) fn take(&self, bytes: usize) -> Result<(), LayerError> {
        self.left.set(self.left.get().checked_sub(bytes).ok_or(self.full())?);
        Ok(())
    }

    /// That it does not suffice.
    pub(crate) fn full(&self) -> LayerError {
        LayerError::Full(self.total >> 20)
    }

    /// Gives back what is not held any more.
    pub(crate) fn give(&self, bytes: usize) {
        self.left.set(self.left.get().saturating_add(bytes).min(self.total));
    }
}
