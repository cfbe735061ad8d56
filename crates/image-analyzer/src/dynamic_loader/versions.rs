//! Versions that a loaded library does not provide, though an object asks for them.
//!
//! Source: glibc, `elf/dl-version.c`: names are compared exactly; a library without any versions is not compared with
//! them; musl does not compare at all.

use std::cmp::Ordering;

use super::LoadResult;

/// A library that is too old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MissingVersion {
    /// The library, by place in the list of objects.
    pub library: usize,
    /// The versions that it does not provide, the oldest first.
    pub versions: Vec<Vec<u8>>,
    /// The objects that ask for them, by place in the list.
    pub needed_by: Vec<usize>,
    /// The newest version of the same kind that it does provide.
    pub newest: Option<Vec<u8>>,
}

/// All libraries that are too old, in the order in which they were loaded.
pub(crate) fn missing_versions(loaded: &LoadResult<'_>) -> Vec<MissingVersion> {
    let mut list: Vec<MissingVersion> = Vec::new();
    for (at, object) in loaded.objects.iter().enumerate().filter(|_| !loaded.is_unsure) {
        for required in &object.elf.requires {
            let library = loaded.objects.iter().skip(1).position(|other| {
                other.names.contains(&required.library) || other.elf.soname.as_ref() == Some(&required.library)
            });
            let Some((library, provides)) = library
                .map(|library| library + 1)
                .and_then(|library| Some((library, loaded.objects.get(library)?.elf.provides.as_ref()?)))
            else {
                continue;
            };
            let missing = required.versions.iter().filter(|version| !provides.contains(version));
            missing.for_each(|version| note(&mut list, library, at, version));
        }
    }
    for missing_versions in &mut list {
        missing_versions.versions.sort_by(|a, b| compare(a, b));
        let provides = loaded.objects.get(missing_versions.library).and_then(|library| library.elf.provides.as_ref());
        let kind = missing_versions.versions.last().map(|version| kind(version).to_vec());
        let same = provides.into_iter().flatten().filter(|version| Some(kind_of(version)) == kind);
        missing_versions.newest = same.max_by(|a, b| compare(a, b)).cloned();
    }
    list.sort_by_key(|missing_versions| missing_versions.library);
    list
}

fn note(list: &mut Vec<MissingVersion>, library: usize, object: usize, version: &[u8]) {
    let at = list.iter().position(|missing_versions| missing_versions.library == library).unwrap_or_else(|| {
        list.push(MissingVersion { library, versions: Vec::new(), needed_by: Vec::new(), newest: None });
        list.len() - 1
    });
    let Some(missing_versions) = list.get_mut(at) else { return };
    if !missing_versions.versions.iter().any(|known| known == version) {
        missing_versions.versions.push(version.to_vec());
    }
    if !missing_versions.needed_by.contains(&object) {
        missing_versions.needed_by.push(object);
    }
}

/// `GLIBC` of `GLIBC_2.38`.
fn kind(version: &[u8]) -> &[u8] {
    version.iter().rposition(|byte| *byte == b'_').and_then(|end| version.get(..end)).unwrap_or(version)
}

fn kind_of(version: &[u8]) -> Vec<u8> {
    kind(version).to_vec()
}

/// By the numbers in them: 2.4 is older than 2.38.
fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let key = |version: &[u8]| {
        let numbers = version.split(|byte| !byte.is_ascii_digit()).filter(|digits| !digits.is_empty());
        let numbers = numbers.map(|digits| String::from_utf8_lossy(digits).parse::<u64>().unwrap_or(u64::MAX));
        (kind_of(version), numbers.collect::<Vec<_>>(), version.to_vec())
    };
    key(a).cmp(&key(b))
}

#[cfg(test)]
mod tests {
    use super::compare;
    use std::cmp::Ordering;

    #[test]
    fn versions_compare_by_their_numbers() {
        assert_eq!(compare(b"GLIBC_2.4", b"GLIBC_2.38"), Ordering::Less);
        assert_eq!(compare(b"GLIBC_2.2.5", b"GLIBC_2.3"), Ordering::Less);
        assert_eq!(compare(b"GLIBCXX_3.4.9", b"GLIBCXX_3.4.32"), Ordering::Less);
    }
}
