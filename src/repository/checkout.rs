//! Where a path stands in the Git checkout, for programs that know a file by that alone: GitHub and its like.

use std::path::{Path, PathBuf};

use super::paths::{git_top, lexical, resolve, way};
use crate::problem::IoError;

/// The checkout that the program was started in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// The folder that the program was started in, absolute and without links.
    here: PathBuf,
    /// The root, the same way.
    root: PathBuf,
}

impl Checkout {
    /// Finds the root: the nearest folder with a `.git`, from here upwards, or `otherwise` if none has one.
    ///
    /// # Errors
    /// If the working directory cannot be found.
    pub fn find(otherwise: &Path) -> Result<Self, IoError> {
        let here = resolve(Path::new("."))?;
        let root = git_top(&here).unwrap_or(otherwise).to_owned();
        Ok(Self { here, root })
    }

    /// `shown`, a path as it is shown, from the root. Never absolute: what is outside begins with `..`.
    pub fn path_of(&self, shown: &Path) -> PathBuf {
        way(&self.root, &lexical(&self.here.join(shown)))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Checkout;

    #[test]
    fn a_path_is_told_from_the_root_wherever_the_program_was_started() {
        let path = |here: &str, shown: &str| {
            let checkout = Checkout { here: here.into(), root: "/r".into() };
            checkout.path_of(Path::new(shown)).to_str().unwrap().to_owned()
        };
        assert_eq!(path("/r", "./a/Dockerfile"), "a/Dockerfile");
        assert_eq!(path("/r/a", "Dockerfile"), "a/Dockerfile");
        assert_eq!(path("/r/a/b", "../../c/Dockerfile"), "c/Dockerfile");
        assert_eq!(path("/r", "/r/a/Dockerfile"), "a/Dockerfile");
        assert_eq!(path("/r", "/s/Dockerfile"), "../s/Dockerfile");
    }
}
