//! Scripts, and what they run for certain.

use super::{Script, Start, script};
use crate::rules::shell_line::Step;
use proptest::prelude::*;

fn start<'s>(arguments: &'s [String], env: &'s [String]) -> Start<'s> {
    Start { script: "/entry", arguments, env, path: "/usr/bin", ends_on_error: false, ends_on_bad_option: true }
}

fn follow(text: &str, arguments: &str) -> Script {
    let arguments: Vec<_> = arguments.split_whitespace().map(str::to_owned).collect();
    script(text, &start(&arguments, &["JAVA_HOME=/jvm".to_owned(), "D=/d".to_owned()]))
}

/// The steps, joined; `?` before a program that an unknown user runs.
fn read(text: &str, arguments: &str) -> String {
    let found = follow(text, arguments);
    let show = |step: &Step| match step {
        Step::Enter(folder, ends) => format!("cd {folder}{}", if *ends { "!" } else { "" }),
        Step::Assign(name, value) => format!("{name}={value}"),
        Step::Run(sentence) => {
            let assigned = sentence.assigned.iter().map(|(name, value)| format!("{name}={value}"));
            let words = sentence
                .words
                .iter()
                .map(|word| if word.is_plain { word.text.clone() } else { format!("[{}]", word.text) });
            let words: Vec<_> = assigned.chain(words).collect();
            format!("{} {}", if found.user_is_unknown { "?" } else { ">" }, words.join(" "))
        }
    };
    found.steps.iter().map(show).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_script_hands_on_what_it_is_given() {
    for (text, found) in [
        ("exec \"$@\"", "> a -b"),
        ("#!/bin/sh\nset -eu\n# comment\nexec \"$@\"\n", "> a -b"),
        ("set -Eeuo pipefail\nexec \"${@}\"", "> a -b"),
        ("exec $@", "> a -b"),
        ("\"$@\"", "> a -b"),
        ("exec gosu app \"$@\"", "> gosu app a -b"),
        ("exec /server \"$@\"", "> /server a -b"),
        ("echo start >&2\nexec \"$@\"\nrm x", "> a -b"),
        ("A=$(id -u) B=${C:-d}\nexport A\nexec \"$@\"", "> a -b"),
        ("export PATH=\"/x:$PATH\"\nexec \"$@\"", "PATH=/x:/usr/bin; > a -b"),
        ("set -- tini -- \"$@\"\nexec \"$@\"", "> tini -- a -b"),
        ("exec \"$1\" x", "> a x"),
        ("exec \"$JAVA_HOME/bin/java\" -jar $X", "> /jvm/bin/java -jar [$X]"),
        ("cd $D\nexec ./run", "cd /d; > ./run"),
        ("set -e\ncd /app\n./migrate\nexec \"$@\"", "cd /app!; > ./migrate"),
        ("A=1 exec \"$@\"", "> A=1 a -b"),
        ("./server", "> ./server"),
        ("f() { echo x; exit 0; }\nexec \"$@\"", "> a -b"),
        ("chown -R app /data\nexec \"$@\"", "? a -b"),
        ("mkdir -p /data && chown app /data\nexec \"$@\"", "? a -b"),
        ("echo x > /etc/x.conf\nexec \"$@\"", "> a -b"),
    ] {
        assert_eq!(read(text, "a -b"), found, "{text}");
    }
    assert_eq!(read("shift\nexec \"$@\"", "-a b"), "> b");
    assert_eq!(read("exec \"$@\"", "-a b"), "", "a word with a dash is no program");
    assert_eq!(read("shift\nexec \"$@\" c", "x a -b"), "> a -b c");
}

#[test]
fn tests_that_change_nothing_are_passed_over() {
    for text in [
        "if [ -n \"$DEBUG\" ]; then set -x; fi\nexec \"$@\"",
        "if [ \"$1\" = b ]; then set -- c; fi\nexec \"$@\"",
        "if [ \"${1#-}\" != \"$1\" ]; then set -- node \"$@\"; fi\nexec \"$@\"",
        "if [ \"${1:0:1}\" = '-' ]; then set -- pg \"$@\"; fi\nexec \"$@\"",
        "if [[ \"$1\" == -* ]]; then set -- pg \"$@\"; fi\nexec \"$@\"",
        "if [ \"${1#-}\" != \"$1\" ] || [ -z \"$1\" ]; then set -- node \"$@\"; fi\nexec \"$@\"",
        "if [ $# -eq 0 ]; then set -- x; fi\nexec \"$@\"",
        "case \"$1\" in -*) set -- x \"$@\";; esac\nexec \"$@\"",
        "case \"$1\" in b|c) exec b;; a) echo a;; *) exec c;; esac\nexec \"$@\"",
        "[ \"$1\" = b ] && exec b\nexec \"$@\"",
        "[ -n \"$DEBUG\" ] && set -x || true\nexec \"$@\"",
        "while ! nc -z db 5432; do sleep 1; done\nexec \"$@\"",
        "for i in 1 2 3; do echo $i; done\nexec \"$@\"",
        "if [ -z \"$PW\" ]; then echo >&2 'no password'; exit 1; fi\nexec \"$@\"",
        "if [ \"$1\" = a ]; then exec \"$@\"; fi\n./other",
        "[ \"$1\" = a ] || set -- b\nexec \"$@\"",
        "( echo a )\nexec \"$@\"",
        "if true; then\n\tif [ -f /x ]; then cat /x; fi\n\texec \"$@\"\nfi",
    ] {
        assert_eq!(read(text, "a"), "> a", "{text}");
    }
    for text in [
        "if [ \"$(id -u)\" = 0 ]; then exec gosu app \"$0\" \"$@\"; fi\nexec \"$@\"",
        "if [ \"$(id -u)\" = 0 ]; then chown x /y; exec su-exec app \"$@\"; fi\nexec \"$@\"",
        "if [ -w / ]; then exec gosu app \"$@\"; else exec \"$@\"; fi",
    ] {
        assert_eq!(read(text, "a"), "? a", "{text}");
    }
}

#[test]
fn what_may_run_something_else_is_left_alone() {
    for text in [
        "if [ -f /x ]; then set -- b; fi\nexec \"$@\"",
        "if [ -f /x ]; then exit 0; fi\nexec \"$@\"",
        "if [ -f /x ]; then exec b; fi\nexec \"$@\"",
        "if [ -f /x ]; then exec \"$@\"; fi\nexec b",
        "if [ \"$1\" = \"$MODE\" ]; then set -- b; fi\nexec \"$@\"",
        "npm install\nexec \"$@\"",
        "cp /x /usr/bin/a\nexec \"$@\"",
        "x=$(./setup)\nexec \"$@\"",
        "x=`./setup`\nexec \"$@\"",
        ". /env\nexec \"$@\"",
        "eval \"$X\"\nexec \"$@\"",
        "\"$@\" &\nwait",
        "\"$@\"\necho done",
        "exec \"$@\" || exec b",
        "./x | tee y\nexec \"$@\"",
        "echo x > /bin/a\nexec \"$@\"",
        "echo x > $F\nexec \"$@\"",
        "touch a; exec \"$@\"",
        "exec > /log\nexec \"$@\"",
        "a() { echo x; }\n\"$@\"",
        "a=(b c)\nexec \"$@\"",
        "export PATH=$X:/y\nexec \"$@\"",
        "PATH=$X exec \"$@\"",
        "if [ -f /x ]; then export PATH=/y; fi\nexec \"$@\"",
        "if [ -f /x ]; then cd /y; fi\nexec \"$@\"",
        "if [ -f /x ]; then shift; fi\nexec \"$@\"",
        "trap 'exit 0' EXIT\n\"$@\"",
        "cat <<E > /x\nE\nexec \"$@\"",
        "sed -i 's/\\r$//' /x; exec \"$@\"",
        "find / -name x -exec cp {} /bin/a \\; \nexec \"$@\"",
        "exec \"$0\" \"$@\"",
        "exec",
        "",
        "exec \"$@",
        "if true; then exec \"$@\"",
    ] {
        assert_eq!(read(text, "a"), "", "{text}");
    }
    assert_eq!(read("exec \"$@\"", ""), "", "nothing to run");
    assert_eq!(read("if [ \"${1#-}\" != \"$1\" ]; then set -- $X \"$@\"; fi\nexec \"$@\"", "-a"), "");
    assert_eq!(read("if [ \"${1#-}\" != \"$1\" ]; then set -- n \"$@\"; fi\nexec \"$@\"", "-a"), "> n -a");
}

#[test]
fn carriage_returns_are_part_of_words() {
    assert_eq!(read("exec ./a\r\n", ""), "> ./a\r");
    assert_eq!(read("exec \"$@\"\r\n", "a"), "> a\r");
    assert_eq!(read("echo a\r\nexec b\r\n", ""), "> b\r");
    for text in [
        "set -e\r\nexec a\r\n",
        "echo a\r\nif a; then\r\n  b\r\nfi\r\n",
        "while a; do\r\nb\r\ndone\r\n",
        "if a; then\nb\nfi\r\n",
    ] {
        assert!(follow(text, "").crlf.is_some(), "{text}");
    }
    for text in [
        "set -e\nexec a\n",
        "exec a\r\nif a; then\r\nb\r\nfi\r\n",
        "f() {\r\na\r\n}\r\n",
        "if a; then\r\n",
        "echo a\r\n",
    ] {
        assert!(follow(text, "").crlf.is_none(), "{text}");
    }
    let bash = Start { ends_on_bad_option: false, ..start(&[], &[]) };
    assert_eq!(script("set -e\r\necho\r\n", &bash).crlf, None, "bash goes on");
}

#[test]
fn nesting_has_a_limit() {
    let deep = "if a; then ".repeat(1000);
    assert_eq!(follow(&deep, ""), Script::default());
    assert_eq!(follow(&"(".repeat(100_000), ""), Script::default());
    assert_eq!(follow(&format!("a{}", "$(b ".repeat(10_000)), ""), Script::default());
    let many = "x=$(id $(id $(id $(id))))\n".repeat(1000);
    assert_eq!(read(&format!("{many}exec \"$@\""), "a"), "> a");
}

proptest! {
    #[test]
    fn any_script_is_read(
        text: String,
        odd in "(if |then |fi;|case a in |esac|;;|do |done|while |exec |\"\\$@\"|\\$\\(|set |cd |a|=|\\$1|[ '\"$`(){}<>&|;#\n\r]){0,30}",
    ) {
        let _ = follow(&text, "a b");
        let _ = follow(&odd, "a b");
    }
}
