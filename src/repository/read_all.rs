//! Every Dockerfile's text, read by a few threads, in the order in which the Dockerfiles were given.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::parallel::in_parts;
use crate::problem::Problem;

/// The most bytes of a Dockerfile. `BuildKit` takes larger ones; no one writes them.
pub const MAX_BYTES: u64 = 4 << 20;

/// Reads the Dockerfile of each item and returns what `use_text` makes of its text, in the order of the items, and the state of
/// each thread, which `state` makes.
///
/// Bytes that are not UTF-8 become replacement characters: Docker takes them too, in a comment for instance.
///
/// The result for an item is the [`Problem`] of a file that cannot be read or has more than [`MAX_BYTES`].
pub fn read_all<I: Sync, S: Send, T: Send>(
    items: &[I],
    path: impl Fn(&I) -> &Path + Sync,
    state: impl Fn() -> S + Sync,
    use_text: impl Fn(&mut S, &I, &str) -> T + Sync,
) -> (Vec<Result<T, Problem>>, Vec<S>) {
    let parts = in_parts(items, |part| {
        let (mut buffer, mut state) = (Vec::new(), state());
        let mut one = |item| read(path(item), &mut buffer).map(|text| use_text(&mut state, item, &text));
        let results: Vec<_> = part.iter().map(&mut one).collect();
        (results, state)
    });
    let mut all = Vec::with_capacity(items.len());
    let mut states = Vec::new();
    for (results, state) in parts {
        all.extend(results);
        states.push(state);
    }
    (all, states)
}

/// The text of one Dockerfile. `buffer` is any, and holds its bytes afterwards.
fn read<'b>(path: &Path, buffer: &'b mut Vec<u8>) -> Result<std::borrow::Cow<'b, str>, Problem> {
    buffer.clear();
    let read =
        |buffer: &mut Vec<u8>| -> io::Result<usize> { File::open(path)?.take(MAX_BYTES + 1).read_to_end(buffer) };
    match read(buffer) {
        Ok(len) if u64::try_from(len).unwrap_or(u64::MAX) > MAX_BYTES => {
            Err(Problem::new(path, "too large for a Dockerfile (more than 4 MiB): shorten it, or move it elsewhere"))
        }
        Ok(_) => Ok(String::from_utf8_lossy(buffer)),
        Err(error) => Err(Problem::unreadable(path, &error)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::{MAX_BYTES, read_all};

    #[test]
    fn the_order_is_that_of_the_items_whatever_thread_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = (0..1000).map(|number| folder.path().join(format!("{number}"))).collect();
        for (number, path) in paths.iter().enumerate() {
            fs::write(path, format!("FROM a:{number}\n")).unwrap();
        }
        let (texts, counts) = read_all(&paths, |path| path, || 0, |count, _, text| (*count += 1, text.to_owned()).1);
        for (number, text) in texts.into_iter().enumerate() {
            assert_eq!(text.unwrap(), format!("FROM a:{number}\n"));
        }
        assert_eq!(counts.iter().sum::<usize>(), 1000);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced_and_a_file_that_cannot_be_read_has_a_problem() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["a", "gone", "large", "most"].map(|name| folder.path().join(name));
        fs::write(&paths[0], b"# \xff").unwrap();
        let limit = usize::try_from(MAX_BYTES).unwrap();
        fs::write(&paths[2], vec![b'#'; limit + 1]).unwrap();
        fs::write(&paths[3], vec![b'#'; limit]).unwrap();
        let (texts, _) = read_all(&paths, |path| path, || (), |(), _, text| text.len());
        let [a, gone, large, most] = texts.as_slice() else { panic!() };
        assert_eq!((a, most), (&Ok("# \u{fffd}".len()), &Ok(limit)));
        assert!(gone.as_ref().unwrap_err().what.starts_with("cannot be read (No such file"), "{gone:?}");
        assert!(large.as_ref().unwrap_err().what.starts_with("too large for a Dockerfile"), "{large:?}");
    }
}
