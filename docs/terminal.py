#!/usr/bin/env python3
"""Draws docs/terminal.svg from a real run.

    docs/terminal.py FOLDER COMMAND...

Runs each COMMAND in FOLDER on a terminal of its own (`script`), with mkcompose from $MKCOMPOSE or the path, and draws
what it printed: stdout, then stderr without the lines that are drawn over again. The line that names the folder of logs
is left out, because it names a folder of this machine. Needs `rich` from PyPI.
"""

import os
import re
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 100


def printed(folder, command):
    """What `command` prints on a terminal."""
    program = os.environ.get("MKCOMPOSE", "mkcompose")
    line = re.sub(r"\bmkcompose\b", program, command)
    with tempfile.NamedTemporaryFile() as errors:
        return run(folder, f"stty cols {WIDTH} rows 40; {line} 2>{errors.name}; cat {errors.name}")


def run(folder, shell):
    """What `shell` prints on a terminal."""
    ran = subprocess.run(
        ["script", "--quiet", "--return", "--command", shell, "/dev/null"],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "TERM": "xterm-256color"},
    )
    lines = ran.stdout.replace("\r\n", "\n").split("\n")
    return "\n".join(line for line in lines if not line.startswith("logs: "))


def main():
    folder, commands = sys.argv[1], sys.argv[2:]
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
    for command in commands:
        console.print(Text(f"$ {command}", style="bold"))
        console.print(Text.from_ansi(printed(folder, command)))
    svg = console.export_svg(title="mkcompose")
    # The picture must not ask any server for a font.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    # The same bytes from the same run: rich numbers its classes by a hash of the text, which is stable.
    Path(__file__).with_name("terminal.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
