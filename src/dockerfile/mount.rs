//! The options of `RUN --mount=type=bind,source=PATH,from=IMAGE,target=PATH` (Dockerfile reference, "RUN --mount").

use super::parser::Instruction;

/// One mount, as it is written.
pub(super) struct Mount<'m>(Vec<(&'m str, &'m str)>);

impl<'m> Mount<'m> {
    /// Those of an instruction.
    pub(super) fn of(instruction: &'m Instruction<'_>) -> impl Iterator<Item = Self> {
        let option = |option: &'m str| option.split_once('=').unwrap_or((option, ""));
        instruction.flag_values("mount").map(move |mount| Self(mount.split(',').map(option).collect()))
    }

    /// The image or stage that it takes from, if it names one.
    pub(super) fn from(&self) -> Option<&'m str> {
        self.value(&["from"])
    }

    /// Where it is in the image, if it says so.
    pub(super) fn target(&self) -> Option<&'m str> {
        self.value(&["target", "dst", "destination"])
    }

    /// What it takes from the build context: all of it, if it does not say. `None` if it takes nothing from there. A mount without
    /// a type is a bind mount.
    pub(super) fn context_source(&self) -> Option<&'m str> {
        let takes_context = self.from().is_none() && self.value(&["type"]).is_none_or(|kind| kind == "bind");
        takes_context.then(|| self.value(&["source", "src"]).unwrap_or("."))
    }

    fn value(&self, names: &[&str]) -> Option<&'m str> {
        self.0.iter().find(|(name, _)| names.contains(name)).map(|(_, value)| *value)
    }
}
