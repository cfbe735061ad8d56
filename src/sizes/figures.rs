//! What a report's figures are: counted by the engine's store or exact, and of which engine. It decides which reports can
//! be compared.
//!
//! Exact figures mean the same everywhere. Those of a store are in its own units (bytes, blocks of a file system, entries
//! of an archive), so they are compared with those of the same store alone.

use serde::{Deserialize, Serialize};

use crate::engine::identity::Identity;
use image_analyzer::printable::printable;

/// How sizes are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum FigureKind {
    /// As the engine's store counts.
    #[default]
    Store,
    /// The sum of the files in the layers, to the byte, the same on every engine.
    Exact,
}

/// How the figures of a report were counted, and where; what is not known is `null`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields, !default))]
pub struct Figures {
    /// How sizes are counted.
    pub kind: FigureKind,
    /// The engine: `docker` or `podman`.
    pub engine: Option<String>,
    /// The engine's version.
    pub version: Option<String>,
    /// What keeps the engine's images: `containerd`, or a storage driver such as `overlay2`.
    pub store: Option<String>,
    /// The engine's platform: `linux/amd64`.
    pub platform: Option<String>,
}

/// Why two reports cannot be compared, and what to do; printable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Incomparable(String);

impl Figures {
    /// Figures of this kind, counted on the engine `identity`.
    pub fn of(kind: FigureKind, identity: Identity) -> Self {
        let Identity { name, version, store, platform } = identity;
        Self { kind, engine: name, version, store, platform }
    }

    /// Whether anything is known of the engine, so that it matters which one is asked now.
    pub fn has_origin(&self) -> bool {
        self.engine.is_some() || self.store.is_some() || self.platform.is_some()
    }

    /// Makes sure that figures like these can be compared with those of an earlier report. What is not known of
    /// one of them, as of a report that is older than these words, stands in no one's way.
    ///
    /// # Errors
    /// If they are of another kind or platform, or of another store and not exact.
    pub fn compare_with(&self, earlier: &Self) -> Result<(), Incomparable> {
        let anew = "write a new one with `mkcompose sizes --exact --format json`";
        let reason = match (earlier.kind, self.kind) {
            (FigureKind::Store, FigureKind::Exact) => {
                format!("its sizes are not exact: {anew}, or remove `--exact`")
            }
            (FigureKind::Exact, FigureKind::Store) => {
                "its sizes are exact, but those of this run are not: add `--exact`".into()
            }
            _ if differ(earlier.platform.as_ref(), self.platform.as_ref()) => {
                let (was, is) = (word(earlier.platform.as_ref()), word(self.platform.as_ref()));
                format!(
                    "its platform is {was}, but the platform of this engine is {is}: keep one baseline for each platform"
                )
            }
            (FigureKind::Store, FigureKind::Store)
                if differ(earlier.engine.as_ref(), self.engine.as_ref())
                    || differ(earlier.store.as_ref(), self.store.as_ref()) =>
            {
                format!(
                    "its sizes were counted by {}, but {} counts differently: {anew}, because exact sizes are the same on every engine",
                    earlier.origin(),
                    self.origin()
                )
            }
            _ => return Ok(()),
        };
        Err(Incomparable(reason))
    }

    /// The engine and its store in words: `docker with overlay2`. Printable.
    fn origin(&self) -> String {
        format!("{} with {}", word(self.engine.as_ref()), word(self.store.as_ref()))
    }
}

/// Whether both are known, and not the same.
fn differ(one: Option<&String>, other: Option<&String>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}

/// What is known, printable.
fn word(known: Option<&String>) -> String {
    known.map_or_else(|| "an unknown one".to_owned(), |known| printable(known).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{FigureKind, Figures};

    fn figures(kind: FigureKind, engine: &str, store: &str, platform: &str) -> Figures {
        let [engine, store, platform] = [engine, store, platform].map(|text| Some(text.to_owned()));
        Figures { kind, engine, version: None, store, platform }
    }

    fn refused(is: &Figures, was: &Figures) -> String {
        is.compare_with(was).unwrap_err().to_string()
    }

    #[test]
    fn exact_figures_are_compared_across_engines_and_stores() {
        use FigureKind::Exact;
        let overlay2 = figures(Exact, "docker", "overlay2", "linux/amd64");
        for other in [("docker", "containerd"), ("podman", "overlay")] {
            let other = figures(Exact, other.0, other.1, "linux/amd64");
            assert_eq!(other.compare_with(&overlay2), Ok(()));
        }
        let arm = figures(Exact, "docker", "overlay2", "linux/arm64");
        assert_eq!(
            refused(&overlay2, &arm),
            "its platform is linux/arm64, but the platform of this engine is linux/amd64: keep one baseline for each platform"
        );
    }

    #[test]
    fn figures_of_a_store_are_compared_with_those_of_the_same_store_in_any_version() {
        use FigureKind::Store;
        let old = Figures { version: Some("20.10".to_owned()), ..figures(Store, "docker", "overlay2", "linux/amd64") };
        let new = Figures { version: Some("28.5".to_owned()), ..old.clone() };
        assert_eq!(new.compare_with(&old), Ok(()));
        let containerd = figures(Store, "docker", "containerd", "linux/amd64");
        assert_eq!(
            refused(&containerd, &old),
            "its sizes were counted by docker with overlay2, but docker with containerd counts differently: write a new one with `mkcompose sizes --exact --format json`, because exact sizes are the same on every engine"
        );
        let podman = figures(Store, "podman", "overlay2", "linux/amd64");
        assert!(podman.compare_with(&old).is_err());
    }

    #[test]
    fn kinds_are_not_mixed() {
        let store = Figures::default();
        let exact = Figures { kind: FigureKind::Exact, ..Figures::default() };
        assert!(refused(&exact, &store).ends_with("or remove `--exact`"));
        assert!(refused(&store, &exact).ends_with("add `--exact`"));
    }

    #[test]
    fn what_is_not_known_is_compared_with_anything() {
        let known = figures(FigureKind::Store, "docker", "overlay2", "linux/amd64");
        assert_eq!(known.compare_with(&Figures::default()), Ok(()));
        assert_eq!(Figures::default().compare_with(&known), Ok(()));
        assert!(!Figures::default().has_origin());
    }

    #[test]
    fn what_an_earlier_report_says_controls_no_terminal() {
        let earlier = figures(FigureKind::Store, "\u{1b}[31m", "a\nb", "linux/amd64");
        let now = figures(FigureKind::Store, "docker", "overlay2", "linux/amd64");
        assert!(!refused(&now, &earlier).contains(char::is_control));
    }
}
