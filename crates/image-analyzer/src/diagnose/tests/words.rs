//! The words around a finding.

use super::{ask, cmd, empty};

#[test]
fn names_from_the_image_are_shown_without_control_characters() {
    let tree = empty().file("/a\nb\x1b", 0o755, "#!/x\x1b[31m\n");
    let info = ask(tree, cmd(&["/a\nb\x1b"])).summary().unwrap();
    assert_eq!(info, r"the interpreter /x\x1b[31m of /a\nb\x1b is not in the image");
}
