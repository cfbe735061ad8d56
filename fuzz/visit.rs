//! Looks at everything in an image, as a reader of it would.

use image_analyzer::{Image, Kind, why};

/// Lists every folder, follows every link, and asks why the image cannot start.
pub fn image(image: &Image) {
    let _ = why(image).short();
    let mut todo = vec![b"/".to_vec()];
    // A small archive cannot hold many files, but links that lead back and forth make each look-up long.
    let mut steps = 0;
    while let Some(folder) = todo.pop() {
        for name in image.tree.list(&folder).expect("a folder that was listed") {
            let path = [folder.as_slice(), b"/", &name].concat();
            let entry = image.tree.entry(&path);
            if let Ok(found) = &entry
                && found.entry.kind == Kind::Folder
            {
                todo.push(found.path.clone());
            }
            let _ = image.tree.lookup(&path);
            steps += 1;
            if steps > 10_000 {
                return;
            }
        }
    }
}
