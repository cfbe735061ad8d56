#!/usr/bin/env python3
"""How long the images of a report would take on 1 to 256 builders: the queue of mkcompose, simulated with recorded times.

    benches/queue.py REPORT.json LIST.json [COPIES]

REPORT is of `mkcompose build --report`, LIST of `mkcompose list --format json` in the same repository. COPIES (1) repeats the
repository, so that there is work for many builders. No image is cached, builders do not slow each other down, and a base is on
every builder as soon as it is built. The lower bound is the longer of: the longest chain of images built on each other, and the sum
of all times divided by the number of builders.
"""

import heapq
import json
import sys


def read(report, services, copies):
    """The time of each image, and its bases, in the order in which the queue begins them."""
    seconds = {image["service"]: image["build_seconds"] or 0.0 for image in report["images"]}
    bases = {one["service"]: sorted({base["service"] for base in one["local_bases"]}) for one in services}
    names = interleaved(sorted(seconds))
    times, needs = [], []
    for copy in range(copies):
        place = {name: copy * len(names) + at for at, name in enumerate(names)}
        times += [seconds[name] for name in names]
        needs += [[place[base] for base in bases.get(name, []) if base in place] for name in names]
    return times, needs


def interleaved(names):
    """As `runner::interleave_by` has it: the first of each program and build image, then the second of each."""
    counts, ranked = {}, []
    for name in names:
        kind = tuple(name.removesuffix(".err").split(".")[:2])
        counts[kind] = counts.get(kind, 0) + 1
        ranked.append((counts[kind], name))
    return [name for _, name in sorted(ranked, key=lambda one: one[0])]


def simulate(times, needs, builders):
    """When the last image is done: a free builder takes the first image whose bases are done (`runner::queue`)."""
    built_on = [[] for _ in times]
    missing = [len(set(bases)) for bases in needs]
    for image, bases in enumerate(needs):
        for base in set(bases):
            built_on[base].append(image)
    ready = [image for image, count in enumerate(missing) if count == 0]
    heapq.heapify(ready)
    running, now, free = [], 0.0, builders
    while ready or running:
        while ready and free:
            image = heapq.heappop(ready)
            heapq.heappush(running, (now + times[image], image))
            free -= 1
        now, image = heapq.heappop(running)
        free += 1
        for child in built_on[image]:
            missing[child] -= 1
            if missing[child] == 0:
                heapq.heappush(ready, child)
    return now


def longest_chain(times, needs):
    """The longest way through images that are built on each other."""
    ends = {}

    def end(image):
        if image not in ends:
            ends[image] = times[image] + max((end(base) for base in needs[image]), default=0.0)
        return ends[image]

    return max((end(image) for image in range(len(times))), default=0.0)


def main():
    """Prints a table in Markdown."""
    with open(sys.argv[1], encoding="utf-8") as report, open(sys.argv[2], encoding="utf-8") as services:
        times, needs = read(json.load(report), json.load(services), int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    total, chain = sum(times), longest_chain(times, needs)
    print(f"{len(times)} images, {total:.1f} s in all, the longest chain {chain:.1f} s\n")
    print("| builders | time, s | lower bound, s | ratio |\n| --: | --: | --: | --: |")
    for builders in [1 << power for power in range(9)]:
        time, bound = simulate(times, needs, builders), max(chain, total / builders)
        assert bound - 1e-6 <= time <= total + 1e-6, "no schedule is below the bound, and none waits for nothing"
        print(f"| {builders} | {time:.1f} | {bound:.1f} | {time / bound if bound else 1:.3f} |")


main()
