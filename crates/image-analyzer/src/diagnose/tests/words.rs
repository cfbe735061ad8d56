//! The words around a finding.

use super::{ask, cmd, empty, words};
use crate::diagnose::exec_form;

#[test]
fn words_are_shown_as_a_dockerfile_takes_them() {
    assert_eq!(exec_form(&words(&["a\"b", "c\\d", "é\n\u{202e}"])), r#"["a\"b", "c\\d", "é\u000a\u202e"]"#);
}

#[test]
fn names_from_the_image_are_shown_without_control_characters() {
    let tree = empty().file("/a\nb\x1b", 0o755, "#!/x\x1b[31m\n");
    let short = ask(tree, cmd(&["/a\nb\x1b"])).short().unwrap();
    assert_eq!(short, r"the interpreter /x\x1b[31m of /a\nb\x1b is not in the image");
}
