//! The chain that is followed from the command to the last library, with what is there and what is not.
//!
//! It only records; what follows from it is in the findings.

/// What a link of the chain is to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// What the image's configuration says to run.
    Command,
    /// The file that is executed.
    Program,
    /// What executes a script.
    Interpreter,
    /// What loads a program's libraries.
    Loader,
    /// A library.
    Library,
    /// Java code.
    Class,
}

impl Role {
    /// A word for it, which stays.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Program => "program",
            Self::Interpreter => "interpreter",
            Self::Loader => "loader",
            Self::Library => "library",
            Self::Class => "class",
        }
    }
}

/// Is it there?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Yes.
    Found,
    /// No.
    Missing,
    /// Something is there that will not do.
    Unusable,
    /// It was not looked for, because something before it is missing, or cannot be told.
    Unknown,
}

impl Status {
    /// A word for it, which stays.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Found => "there",
            Self::Missing => "missing",
            Self::Unusable => "unfit",
            Self::Unknown => "unknown",
        }
    }
}

/// One link of the chain and what hangs on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceStep {
    /// What it is.
    pub role: Role,
    /// What is asked for: a path, a library's name, the words of the command.
    pub name: Vec<u8>,
    /// Where it really is, all links followed, if it is there.
    pub path: Option<Vec<u8>>,
    /// Is it there?
    pub status: Status,
    /// What is to be said about it, safe to print: why it will not do, what it is.
    pub note: Option<String>,
    /// What it needs, in the order in which it is looked for.
    pub needs: Vec<TraceStep>,
}

impl TraceStep {
    /// A link whose state is not known yet.
    pub fn new(role: Role, name: impl Into<Vec<u8>>) -> Self {
        Self { role, name: name.into(), path: None, status: Status::Unknown, note: None, needs: Vec::new() }
    }

    /// It is there, at this path.
    #[must_use]
    pub fn there(mut self, path: impl Into<Vec<u8>>) -> Self {
        self.path = Some(path.into());
        self.status = Status::Found;
        self
    }

    /// It is not there.
    #[must_use]
    pub fn missing(mut self) -> Self {
        self.status = Status::Missing;
        self
    }

    /// It will not do, for this reason.
    #[must_use]
    pub fn unusable(mut self, why: impl Into<String>) -> Self {
        self.status = Status::Unusable;
        self.note = Some(why.into());
        self
    }

    /// Something to say about it.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}
