//! The trace from the command to the last library: each file on the way, and whether it was found.
//!
//! The trace records; [`Finding`](crate::Finding)s say what is wrong.

/// The role of a step in the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The command in the image's configuration.
    Command,
    /// The file that is executed.
    Program,
    /// The interpreter of a script.
    Interpreter,
    /// The dynamic loader of a program.
    Loader,
    /// A library.
    Library,
    /// Java code.
    Class,
    /// The file that an interpreter is given.
    Argument,
}

impl Role {
    /// A stable word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Program => "program",
            Self::Interpreter => "interpreter",
            Self::Loader => "loader",
            Self::Library => "library",
            Self::Class => "class",
            Self::Argument => "argument",
        }
    }
}

/// Whether the file of a step was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was found.
    Found,
    /// It is missing.
    Missing,
    /// It was found, but cannot be used.
    Unusable,
    /// Not known: it was not looked for, because an earlier step failed, or its content is not known.
    Unknown,
}

impl Status {
    /// A stable word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Found => "there",
            Self::Missing => "missing",
            Self::Unusable => "unfit",
            Self::Unknown => "unknown",
        }
    }
}

/// One step of the trace, with the steps that follow from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceStep {
    /// Its role.
    pub role: Role,
    /// What is asked for: a path, the name of a library, the words of the command.
    pub name: Vec<u8>,
    /// Its absolute path with all symbolic links resolved, if it was found.
    pub path: Option<Vec<u8>>,
    /// Whether it was found.
    pub status: Status,
    /// A remark, safe to print: what it is, or why it cannot be used.
    pub note: Option<String>,
    /// What it needs, in the order of the search.
    pub needs: Vec<TraceStep>,
}

impl TraceStep {
    /// A step whose status is not known yet.
    pub fn new(role: Role, name: impl Into<Vec<u8>>) -> Self {
        Self { role, name: name.into(), path: None, status: Status::Unknown, note: None, needs: Vec::new() }
    }

    /// Sets that it was found at this path.
    #[must_use]
    pub fn there(mut self, path: impl Into<Vec<u8>>) -> Self {
        self.path = Some(path.into());
        self.status = Status::Found;
        self
    }

    /// Sets that it is missing.
    #[must_use]
    pub fn missing(mut self) -> Self {
        self.status = Status::Missing;
        self
    }

    /// Sets that it cannot be used, for this reason.
    #[must_use]
    pub fn unusable(mut self, why: impl Into<String>) -> Self {
        self.status = Status::Unusable;
        self.note = Some(why.into());
        self
    }

    /// Adds a remark.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}
