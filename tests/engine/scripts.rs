//! What scripts start: what `mkcompose why` says of an image before it runs, held against what happens.

use crate::arguments::{
    Case,
    Expected::{Fails, Hangs, Silent, Works},
    compare,
};

const ARGUMENT: crate::arguments::Expected = Fails("argument-missing");
const COMMAND: crate::arguments::Expected = Fails("command-not-in-path");
const MISSING: crate::arguments::Expected = Fails("command-missing");
const JSON: crate::arguments::Expected = Fails("json-form-invalid");
const CRLF: crate::arguments::Expected = Fails("crlf-in-script");

/// The build context has `app.py` and `app.sh`.
const CASES: &[Case] = &[
    (
        "hands-on",
        "debian",
        "RUN printf '#!/bin/sh\\nset -e\\nexec \"$@\"\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"hallo\"]",
        COMMAND,
    ),
    (
        "hands-on-there",
        "debian",
        "RUN printf '#!/bin/sh\\nset -e\\nexec \"$@\"\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"true\", \"x\"]",
        Works,
    ),
    (
        "hands-on-argument",
        "python:slim",
        "RUN printf '#!/bin/sh\\nset -e\\nexec \"$@\"\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"python3\", \"/gone.py\"]",
        ARGUMENT,
    ),
    (
        "by-bash",
        "debian",
        "RUN printf '#!/usr/bin/env bash\\nset -Eeuo pipefail\\nexec \"$@\"\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"hallo\"]",
        COMMAND,
    ),
    (
        "by-busybox",
        "alpine",
        "RUN printf '#!/bin/sh\\nset -e\\nexec \"$@\"\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"hallo\"]",
        COMMAND,
    ),
    (
        "by-busybox-applet",
        "alpine",
        "RUN printf '#!/bin/sh\\nset -e\\nexec \"$@\"\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"true\"]",
        Works,
    ),
    (
        "options-become-a-command",
        "debian",
        "RUN printf '#!/bin/sh\\nif [ \"${1#-}\" != \"$1\" ]; then\\n set -- echo \"$@\"\\nfi\\nexec \"$@\"\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"-x\"]",
        Works,
    ),
    (
        "options-become-a-command-that-is-not-there",
        "debian",
        "RUN printf '#!/bin/sh\\nif [ \"${1#-}\" != \"$1\" ]; then\\n set -- hallo \"$@\"\\nfi\\nexec \"$@\"\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"-x\"]",
        COMMAND,
    ),
    (
        "options-or-a-command",
        "debian",
        "RUN printf '#!/bin/sh\\nif [ \"${1#-}\" != \"$1\" ]; then\\n set -- echo \"$@\"\\nfi\\nexec \"$@\"\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"hallo\"]",
        COMMAND,
    ),
    (
        "another-command-for-what-is-not-there",
        "debian",
        "RUN printf '#!/bin/sh\\nif [ -z \"$(command -v \"$1\")\" ]; then\\n set -- echo \"$@\"\\nfi\\nexec \"$@\"\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"hallo\"]",
        Works,
    ),
    (
        "a-test-of-the-user",
        "debian",
        "RUN printf '#!/bin/sh\\nif [ \"$(id -u)\" = 0 ]; then echo root; fi\\nexec \"$@\"\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"hallo\"]",
        COMMAND,
    ),
    (
        "a-case",
        "debian",
        "RUN printf '#!/bin/sh\\ncase \"$1\" in\\n start) exec true;;\\n *) exec \"$@\";;\\nesac\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"start\"]",
        Works,
    ),
    (
        "a-case-of-something-else",
        "debian",
        "RUN printf '#!/bin/sh\\ncase \"$1\" in\\n start) exec true;;\\n *) exec \"$@\";;\\nesac\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"stop\"]",
        COMMAND,
    ),
    (
        "brings-it-forth",
        "debian",
        "RUN printf '#!/bin/sh\\nset -e\\ncp /bin/true /bin/hallo\\nexec \"$@\"\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"hallo\"]",
        Works,
    ),
    (
        "writes-it",
        "python:slim",
        "RUN printf '#!/bin/sh\\nset -e\\necho pass > /new.py\\nexec \"$@\"\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"python3\", \"/new.py\"]",
        Works,
    ),
    (
        "makes-a-folder",
        "debian",
        "RUN printf '#!/bin/sh\\nset -e\\nmkdir -p /new\\ncd /new\\nexec \"$@\"\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"true\"]",
        Works,
    ),
    (
        "has-no-folder",
        "debian",
        "RUN printf '#!/bin/sh\\nset -e\\ncd /new\\nexec \"$@\"\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"true\"]",
        Fails("folder-missing"),
    ),
    (
        "ends-well-before",
        "debian",
        "RUN printf '#!/bin/sh\\nif [ -f /e ]; then exit 0; fi\\nexec \"$@\"\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"hallo\"]",
        Works,
    ),
    (
        "has-a-function",
        "debian",
        "RUN printf '#!/bin/sh\\nhallo() { echo hallo; }\\n\"$@\"\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"hallo\"]",
        Works,
    ),
    (
        "reads-another",
        "debian",
        "RUN printf 'set -- true\\n' > /l && printf '#!/bin/sh\\n. /l\\nexec \"$@\"\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"hallo\"]",
        Works,
    ),
    (
        "goes-on-after-an-error",
        "debian",
        "RUN printf '#!/bin/sh\\n\"$@\"\\necho done\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"hallo\"]",
        Works,
    ),
    (
        "its-own-program",
        "debian",
        "RUN printf '#!/bin/sh\\nset -e\\n/gone/server --port $PORT\\n' > /e && chmod +x /e\nCMD [\"/e\"]",
        MISSING,
    ),
    (
        "java-home",
        "openjdk:jre",
        "ENV JAVA_HOME=/gone\nRUN printf '#!/bin/sh\\nexec \"$JAVA_HOME/bin/java\" -version\\n' > /e && chmod +x /e\nCMD [\"/e\"]",
        MISSING,
    ),
    ("java-home-in-a-line", "openjdk:jre", "ENV JAVA_HOME=/gone\nCMD exec \"$JAVA_HOME/bin/java\" -version", MISSING),
    (
        "read-by-a-shell",
        "debian",
        "RUN printf 'set -e\\nexec \"$@\"\\n' > /e.sh\nENTRYPOINT [\"sh\", \"/e.sh\"]\nCMD [\"hallo\"]",
        COMMAND,
    ),
    ("windows-program", "debian", "RUN printf 'exec true\\r\\n' > /e.sh\nCMD [\"sh\", \"/e.sh\"]", CRLF),
    ("windows-option", "debian", "RUN printf 'set -e\\r\\ntrue a\\r\\n' > /e.sh\nCMD [\"sh\", \"/e.sh\"]", CRLF),
    (
        "windows-option-busybox",
        "alpine",
        "RUN printf 'set -e\\r\\ntrue a\\r\\n' > /e.sh\nCMD [\"sh\", \"/e.sh\"]",
        CRLF,
    ),
    (
        "windows-option-bash",
        "debian",
        "RUN printf 'set -e\\r\\ntrue a\\r\\n' > /e.sh\nCMD [\"bash\", \"/e.sh\"]",
        Works,
    ),
    (
        "windows-if",
        "debian",
        "RUN printf 'echo a\\r\\nif true; then\\r\\necho b\\r\\nfi\\r\\n' > /e.sh\nCMD [\"bash\", \"/e.sh\"]",
        CRLF,
    ),
    (
        "windows-if-busybox",
        "alpine",
        "RUN printf 'echo a\\r\\nif true; then\\r\\necho b\\r\\nfi\\r\\n' > /e.sh\nCMD [\"sh\", \"/e.sh\"]",
        CRLF,
    ),
    (
        "windows-argument",
        "python:slim",
        "COPY app.py /\nRUN printf 'exec python3 /app.py\\r\\n' > /e.sh\nCMD [\"sh\", \"/e.sh\"]",
        CRLF,
    ),
    ("windows-words-only", "debian", "RUN printf 'echo a\\r\\necho b\\r\\n' > /e.sh\nCMD [\"sh\", \"/e.sh\"]", Works),
    (
        "windows-after-exec",
        "debian",
        "RUN printf 'exec true\\nif true; then\\r\\nfi\\r\\n' > /e.sh\nCMD [\"sh\", \"/e.sh\"]",
        Works,
    ),
    (
        "one-option",
        "debian",
        "RUN printf '#!/bin/sh -e -u\\ntrue\\n' > /e && chmod +x /e\nCMD [\"/e\"]",
        Fails("interpreter-option"),
    ),
    (
        "one-option-bash",
        "debian",
        "RUN printf '#!/bin/bash -e -u\\ntrue\\n' > /e && chmod +x /e\nCMD [\"/e\"]",
        Fails("interpreter-option"),
    ),
    (
        "one-option-busybox",
        "alpine",
        "RUN printf '#!/bin/sh -e -u\\ntrue\\n' > /e && chmod +x /e\nCMD [\"/e\"]",
        Fails("interpreter-option"),
    ),
    (
        "one-option-python",
        "python:slim",
        "RUN printf '#!/usr/bin/env -S python3 -u -E\\npass\\n' > /e && chmod +x /e\nCMD [\"/e\"]",
        Works,
    ),
    ("options-together", "debian", "RUN printf '#!/bin/sh -eu\\ntrue\\n' > /e && chmod +x /e\nCMD [\"/e\"]", Works),
    ("option-and-blank", "debian", "RUN printf '#!/bin/sh -e  \\ntrue\\n' > /e && chmod +x /e\nCMD [\"/e\"]", Works),
    (
        "env-assigns",
        "debian",
        "RUN printf '#!/usr/bin/env A=1 bash\\ntrue\\n' > /e && chmod +x /e\nCMD [\"/e\"]",
        Hangs("script-runs-itself"),
    ),
    (
        "env-assigns-and-splits",
        "debian",
        "RUN printf '#!/usr/bin/env -S A=1 bash\\ntrue\\n' > /e && chmod +x /e\nCMD [\"/e\"]",
        Works,
    ),
    ("json-single-quotes", "debian", "CMD ['true', 'x']", JSON),
    ("json-one-word", "debian", "CMD ['true']", JSON),
    ("json-comma", "debian", "CMD [\"true\", \"x\",]", JSON),
    ("json-open", "debian", "CMD [\"true\", \"x\"", JSON),
    ("json-open-quote", "debian", "CMD [\"true\", \"x]", JSON),
    ("json-smart-quotes", "debian", "CMD [\u{201c}true\u{201d}, \u{201c}x\u{201d}]", JSON),
    ("json-smart-quotes-busybox", "alpine", "CMD [\u{201c}true\u{201d}]", JSON),
    ("json-no-quotes", "debian", "CMD [true, x]", JSON),
    ("json-entrypoint", "debian", "ENTRYPOINT ['true']", JSON),
    ("json-valid", "debian", "CMD [ \"true\" ]", Works),
    ("a-test", "debian", "CMD [ 'a' ]", Works),
    ("a-test-that-fails", "debian", "CMD [ -f /gone ]", Silent),
    ("json-or", "debian", "CMD ['gone'] || true", Works),
    (
        "gosu-as-another",
        "debian",
        "RUN cp /usr/bin/env /usr/local/bin/gosu\nUSER 1000\nCMD [\"gosu\", \"root\", \"true\"]",
        Fails("user-cannot-change"),
    ),
    (
        "no-standard-library",
        "python:slim",
        "RUN rm -rf /usr/local/lib/python3.*/encodings /usr/lib/python3*/encodings\nCMD [\"python3\", \"-c\", \"pass\"]",
        Silent,
    ),
    (
        "symbol-bound-at-once",
        "gcc",
        "RUN printf 'int f(void) { return 0; }' > l.c && gcc -shared -fPIC -o /usr/lib/libl.so l.c && printf 'int f(void); int main(void) { return f(); }' > m.c && gcc -Wl,-z,now -o /m m.c -L/usr/lib -ll && printf 'int g(void) { return 0; }' > l.c && gcc -shared -fPIC -o /usr/lib/libl.so l.c\nCMD [\"/m\"]",
        Fails("symbol-missing"),
    ),
    (
        "symbol-bound-when-called",
        "gcc",
        "RUN printf 'int f(void) { return 0; }' > l.c && gcc -shared -fPIC -o /usr/lib/libl.so l.c && printf 'int f(void); int main(void) { return f(); }' > m.c && gcc -Wl,-z,lazy -o /m m.c -L/usr/lib -ll && printf 'int g(void) { return 0; }' > l.c && gcc -shared -fPIC -o /usr/lib/libl.so l.c\nCMD [\"/m\"]",
        Silent,
    ),
    (
        "symbol-that-is-not-called",
        "gcc",
        "RUN printf 'int f(void) { return 0; }' > l.c && gcc -shared -fPIC -o /usr/lib/libl.so l.c && printf 'int f(void); int main(int c, char **v) { return c > 1 ? f() : 0; }' > m.c && gcc -Wl,-z,lazy -o /m m.c -L/usr/lib -ll && printf 'int g(void) { return 0; }' > l.c && gcc -shared -fPIC -o /usr/lib/libl.so l.c\nCMD [\"/m\"]",
        Works,
    ),
    (
        "symbol-in-data",
        "gcc",
        "RUN printf 'int f(void) { return 0; }' > l.c && gcc -shared -fPIC -o /usr/lib/libl.so l.c && printf 'int f(void); int (*p)(void) = f; int main(void) { return 0; }' > m.c && gcc -Wl,-z,lazy -o /m m.c -L/usr/lib -ll && printf 'int g(void) { return 0; }' > l.c && gcc -shared -fPIC -o /usr/lib/libl.so l.c\nCMD [\"/m\"]",
        Fails("symbol-missing"),
    ),
    (
        "symbol-that-is-weak",
        "gcc",
        "RUN printf 'int f(void) { return 0; }' > l.c && gcc -shared -fPIC -o /usr/lib/libl.so l.c && printf 'int f(void) __attribute__((weak)); int main(void) { return f ? f() : 0; }' > m.c && gcc -Wl,-z,now -o /m m.c -L/usr/lib -ll && printf 'int g(void) { return 0; }' > l.c && gcc -shared -fPIC -o /usr/lib/libl.so l.c\nCMD [\"/m\"]",
        Works,
    ),
    (
        "fails-by-itself",
        "debian",
        "RUN printf '#!/bin/sh\\nexec \"$@\"\\n' > /e && chmod +x /e\nENTRYPOINT [\"/e\"]\nCMD [\"false\"]",
        Silent,
    ),
];

#[test]
#[ignore = "needs a Docker engine"]
fn what_is_said_of_scripts_before_is_what_happens() {
    compare("scripts", CASES);
}
