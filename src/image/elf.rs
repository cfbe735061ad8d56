//! What an ELF file asks for, read from the pieces that were kept of it.

use crate::image::content::Sparse;

/// What is known of one ELF file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// `e_machine`: which processor it is for.
    pub machine: u16,
}

/// Why a file that starts as ELF does is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ElfProblem {
    /// It ends before its header does.
    #[error("the file ends within its ELF header")]
    Short,
}

impl Summary {
    /// Reads what is needed; called once per ELF file, while the archive streams by.
    ///
    /// # Errors
    /// When the file is too damaged to be executed or linked.
    pub fn read(file: &Sparse) -> Result<Self, ElfProblem> {
        let (Some(order), Some(machine)) = (file.get(5, 1), file.get(18, 2)) else { return Err(ElfProblem::Short) };
        let machine: [u8; 2] = machine.try_into().map_err(|_| ElfProblem::Short)?;
        Ok(Self { machine: if order == [2] { u16::from_be_bytes(machine) } else { u16::from_le_bytes(machine) } })
    }

    /// About how many bytes of memory it holds on to, for the limit on what is kept of an image.
    pub fn weight(&self) -> usize {
        size_of::<Self>()
    }
}
