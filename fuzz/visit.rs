//! Looks at everything in an image, as a reader of it would.

use image_analyzer::file::FileKind;
use image_analyzer::{Image, diagnose};

/// Lists every folder, follows every link, and asks why the image cannot start.
pub fn image(image: &Image) {
    let _ = diagnose(image).summary();
    let mut todo = vec![b"/".to_vec()];
    // A small archive cannot hold many files, but links that lead back and forth make each look-up long.
    let mut steps = 0;
    while let Some(folder) = todo.pop() {
        for name in image.files.list(&folder).expect("a folder that was listed") {
            let path = [folder.as_slice(), b"/", &name].concat();
            let entry = image.files.entry(&path);
            if let Ok(found) = &entry
                && found.entry.kind == FileKind::Folder
            {
                todo.push(found.path.clone());
            }
            let _ = image.files.lookup(&path);
            steps += 1;
            if steps > 10_000 {
                return;
            }
        }
    }
}
