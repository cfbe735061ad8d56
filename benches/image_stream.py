#!/usr/bin/env python3
"""Writes an image as `docker save` would to stdout, made on the fly: nothing of it is ever on disk.

    image_stream.py bytes N    N MiB in files of 1 to 64 MiB, half of them ELF
    image_stream.py files N    N empty files in folders of a hundred
"""

import io
import json
import sys
import tarfile


class Counted:
    """Counts what a layer comes to, to state it before it is written."""

    def __init__(self):
        self.size = 0

    def write(self, data):
        self.size += len(data)
        return len(data)


def header(name, size, mode=0o644, kind=tarfile.REGTYPE):
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.type = size, mode, kind
    return info.tobuf(tarfile.GNU_FORMAT)


def padding(size):
    return b"\0" * (-size % 512)


def big_files(out, mebibytes):
    noise = bytes(range(7, 256)) * 4211
    mebibyte = (noise + noise)[: 1 << 20]
    number, left, size = 0, mebibytes, 1
    while left > 0:
        take = min(size, left)
        start = b"\x7fELF\x02\x01\x01" if number % 2 else b"data"
        out.write(header(f"usr/lib/big-{number}", take << 20, 0o755))
        out.write(start + mebibyte[len(start):])
        for _ in range(take - 1):
            out.write(mebibyte)
        number, left, size = number + 1, left - take, size % 64 + 9


def many_files(out, files):
    empty = header("", 0)
    bare = sum(empty) - sum(empty[148:156]) + 8 * ord(" ")
    for number in range(files):
        name = b"usr/share/folder-%d/file-%d" % (number // 100, number)
        checksum = b"%06o\0 " % (bare + sum(name))
        out.write(name + empty[len(name):148] + checksum + empty[156:])


def main():
    make, amount = {"bytes": big_files, "files": many_files}[sys.argv[1]], int(sys.argv[2])
    counted = Counted()
    make(counted, amount)
    out = io.BufferedWriter(io.FileIO(1, "w"), 1 << 20)
    out.write(header("0/", 0, 0o755, tarfile.DIRTYPE))
    out.write(header("0/layer.tar", counted.size + 1024))
    make(out, amount)
    out.write(b"\0" * 1024 + padding(counted.size))
    config = json.dumps({"os": "linux", "architecture": "amd64", "config": {"Cmd": ["/none"]}}).encode()
    manifest = json.dumps([{"Config": "c.json", "RepoTags": ["big:1"], "Layers": ["0/layer.tar"]}]).encode()
    for name, data in [("c.json", config), ("manifest.json", manifest)]:
        out.write(header(name, len(data)) + data + padding(len(data)))
    out.write(b"\0" * 1024)
    out.flush()


main()
