//! Every Dockerfile's text, read by a few threads, in the order in which the Dockerfiles were given.

use std::borrow::Cow;
use std::path::Path;

use super::layout::Contents;
use crate::bounded;
use crate::parallel::in_parts;
use crate::problem::Problem;

/// The most bytes of a Dockerfile. `BuildKit` takes larger ones; no one writes them.
pub const MAX_BYTES: u64 = 4 << 20;

/// Reads the Dockerfile of each item, from `contents` if it is among them, and hands it to a state, which takes it in the order
/// of the items; or the [`Problem`] of a file that cannot be read or has more than [`MAX_BYTES`]. Each thread has a state, made
/// by `state`; they are returned in the order of their items.
///
/// Bytes that are not UTF-8 become replacement characters: Docker takes them too, in a comment for instance.
pub fn read_all<I: Sync, S: Send>(
    items: &[I],
    path: impl Fn(&I) -> &Path + Sync,
    contents: &Contents,
    state: impl Fn() -> S + Sync,
    take: impl Fn(&mut S, &I, Result<&str, Problem>) + Sync,
) -> Vec<S> {
    in_parts(items, |part| {
        let (mut buffer, mut state) = (Vec::new(), state());
        for item in part {
            match read(path(item), contents, &mut buffer) {
                Ok(text) => take(&mut state, item, Ok(&text)),
                Err(problem) => take(&mut state, item, Err(problem)),
            }
        }
        state
    })
}

/// The text of one Dockerfile. `buffer` is any, and holds its bytes afterwards.
fn read<'b>(path: &Path, contents: &Contents, buffer: &'b mut Vec<u8>) -> Result<Cow<'b, str>, Problem> {
    let given = if contents.is_empty() { None } else { path.canonicalize().ok().and_then(|real| contents.get(&real)) };
    let read = match given {
        Some(given) => {
            buffer.clone_from(given);
            Ok(u64::try_from(given.len()).is_ok_and(|len| len <= MAX_BYTES))
        }
        None => bounded::read(path, MAX_BYTES, buffer),
    };
    match read {
        // To check is faster than to look for what is to be replaced.
        Ok(true) => Ok(str::from_utf8(buffer).map_or_else(|_| String::from_utf8_lossy(buffer), Cow::Borrowed)),
        Ok(false) => {
            Err(Problem::new(path, "too large for a Dockerfile (more than 4 MiB): shorten it, or move it elsewhere"))
        }
        Err(error) => Err(Problem::unreadable(path, &error)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::{Contents, MAX_BYTES, Problem, read_all};

    /// What was read, in order.
    fn texts(paths: &[PathBuf], contents: &Contents) -> Vec<Result<String, Problem>> {
        let take = |texts: &mut Vec<_>, _: &PathBuf, text: Result<&str, Problem>| texts.push(text.map(str::to_owned));
        read_all(paths, |path| path, contents, Vec::new, take).concat()
    }

    #[test]
    fn the_order_is_that_of_the_items_whatever_thread_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = (0..1000).map(|number| folder.path().join(format!("{number}"))).collect();
        for (number, path) in paths.iter().enumerate() {
            fs::write(path, format!("FROM a:{number}\n")).unwrap();
        }
        let texts = texts(&paths, &Contents::new());
        assert_eq!(texts.len(), 1000);
        for (number, text) in texts.into_iter().enumerate() {
            assert_eq!(text.unwrap(), format!("FROM a:{number}\n"));
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced_and_a_file_that_cannot_be_read_has_a_problem() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["a", "gone", "large", "most"].map(|name| folder.path().join(name));
        fs::write(&paths[0], b"# \xff").unwrap();
        let limit = usize::try_from(MAX_BYTES).unwrap();
        fs::write(&paths[2], vec![b'#'; limit + 1]).unwrap();
        fs::write(&paths[3], vec![b'#'; limit]).unwrap();
        let texts = texts(&paths, &Contents::new());
        let [a, gone, large, most] = texts.as_slice() else { panic!() };
        assert_eq!(*a, Ok("# \u{fffd}".to_owned()));
        assert_eq!(most.as_ref().unwrap().len(), limit);
        assert!(gone.as_ref().unwrap_err().what.starts_with("cannot be read (No such file"), "{gone:?}");
        assert!(large.as_ref().unwrap_err().what.starts_with("too large for a Dockerfile"), "{large:?}");
    }

    #[test]
    fn contents_that_are_given_take_the_place_of_those_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        let paths = ["a", "b", "c", "link"].map(|name| top.join(name));
        paths[..3].iter().for_each(|path| fs::write(path, "FROM now\n").unwrap());
        std::os::unix::fs::symlink("a", &paths[3]).unwrap();
        let large = vec![b'#'; usize::try_from(MAX_BYTES).unwrap() + 1];
        let given = [(paths[0].clone(), b"FROM before\n".to_vec()), (paths[2].clone(), large)];
        let texts = texts(&paths, &given.into());
        let [a, b, large, link] = texts.as_slice() else { panic!() };
        let text = |text: &str| Ok(text.to_owned());
        assert_eq!([a, b, link], [&text("FROM before\n"), &text("FROM now\n"), &text("FROM before\n")]);
        assert!(large.as_ref().unwrap_err().what.starts_with("too large for a Dockerfile"), "{large:?}");
    }
}
