# SPDX-License-Identifier: MIT
"""Images that were made long ago (tests/golden/README.md) say what they said, and come back. That they are encoded as they were: unit/image_golden."""
import json
import os
import subprocess

from harness import golden, paths, states
from harness.scenario import scenario

CHANGED = "0x10"    # RECOVER_CHANGED: this is another disk than theirs


@scenario("golden/kept")
def kept(t):
    "No archive was changed or removed; each state that is asked for has an image in one of them."
    t.equal("tests/golden/SUMS", {os.path.basename(p): golden.sha256(p) for p in golden.archives()}, golden.sums())
    have = {name for path in golden.archives() for name in golden.states(path)}
    with open(golden.STATES, encoding="ascii") as f:
        asked = {line.split()[0] for line in f if line.strip() and not line.startswith("#")}
    t.check(asked <= have, f"these have no image (`make golden` makes them): {' '.join(sorted(asked - have))}")


def says(t, image):
    done = subprocess.run([golden.CKPTOOL, "json", image], capture_output=True, check=False)
    t.check(done.returncode == 0, f"{os.path.basename(image)}: ckptool json: {done.stderr.decode(errors='replace')}")
    return json.loads(done.stdout)


@scenario("golden/json")
def as_json(t):
    "ckptool says of each image what it said when the image was made."
    t.need(golden.CKPTOOL)
    golden.unpack_all(t.dir)
    for path in golden.archives():
        where = t.file(golden.batch(path))
        names = sorted(n[:-len("_ckpt")] for n in os.listdir(where) if n.endswith("_ckpt"))
        t.check(names, f"{path}: no image")
        for name in names:
            with open(os.path.join(where, name + ".json"), encoding="utf-8") as f:
                was = json.load(f)
            wrong = list(golden.lost(was, says(t, os.path.join(where, name + "_ckpt"))))
            t.check(not wrong, f"{golden.batch(path)}: {name}: " + "\n".join(wrong[:20]))


def bring_back(t, agent, path):
    """All of an archive, on a machine that has it as /root/golden.tar."""
    want = golden.states(path)
    run = states.Run(t, "golden", options=["-o", CHANGED], title=f"golden {golden.batch(path)}")
    t.sh(agent, f"rm -rf {states.PLACE}; mkdir -p {states.PLACE}; cd {states.PLACE}; tar xf /root/{golden.batch(path)}.tar")
    run.drive(agent, "golden", fresh=False)
    t.equal(f"the states of {golden.batch(path)}", sorted(run.outcomes), sorted(want))
    run.judge()


@scenario("golden/recover")
def recover(t):
    "Each image comes back on a disk that is not its own, and its process finds all as it was."
    disk = t.disk()
    for path in golden.archives():
        tar = t.file(golden.batch(path) + ".tar")
        golden.for_machine(path, tar)
        t.host(os.path.join(paths.ROOT, "tools", "disk"), "--disk", disk, "put", tar, "/root")
    m, agent = t.boot(disk)
    for path in golden.archives():
        bring_back(t, agent, path)
    t.finish(m, agent, disk)
