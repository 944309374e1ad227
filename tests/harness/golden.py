# SPDX-License-Identifier: MIT
"""The golden images: tests/golden/*.tar.xz (README there). Each archive is unpacked where the states work, /var/tmp/states of a machine:

    FAMILY-STATE_ckpt      the image
    FAMILY-STATE.saved     what tests/programs/stdrive.c must know of the process
    FAMILY-STATE/          the directory that it works in, without the files that the image holds
    FAMILY-STATE.json      what ckptool said of the image when it was made; this one is for the host
"""
import glob
import hashlib
import os
import tarfile

from . import paths

DIR = os.path.join(paths.ROOT, "tests", "golden")
SUMS = os.path.join(DIR, "SUMS")
STATES = os.path.join(DIR, "states.txt")
CKPTOOL = os.path.join(paths.BUILD, "host", "ckptool")


def archives():
    return sorted(glob.glob(os.path.join(DIR, "*.tar.xz")))


def batch(path):
    return os.path.basename(path)[:-len(".tar.xz")]


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def sums():
    """What SUMS says: {archive: sum}."""
    with open(SUMS, encoding="ascii") as f:
        return {name: digest for digest, name in (line.split() for line in f)}


def states(path):
    """The states whose images an archive has, as FAMILY/STATE."""
    with tarfile.open(path) as tar:
        return [name[:-len("_ckpt")].replace("-", "/", 1) for name in tar.getnames() if name.endswith("_ckpt")]


def unpack_images(path, where):
    """The images and what was said of them; no special file, hence no rights are needed."""
    with tarfile.open(path) as tar:
        for member in tar.getmembers():
            if member.isfile() and "/" not in member.name:
                with open(os.path.join(where, member.name), "wb") as f:
                    f.write(tar.extractfile(member).read())


def unpack_all(where):
    """Each archive's in a directory of its own."""
    for path in archives():
        to = os.path.join(where, batch(path))
        os.makedirs(to)
        unpack_images(path, to)


def for_machine(path, to):
    """The archive as the machine's tar reads it."""
    with tarfile.open(path) as tar, tarfile.open(to, "w", format=tarfile.GNU_FORMAT) as out:
        for member in tar.getmembers():
            if not member.name.endswith(".json"):
                out.addfile(member, tar.extractfile(member) if member.isreg() else None)


def lost(was, now, place=""):
    """Where `now` does not say what `was` said. Something more may be said than then; lists are as long as they were."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key, value in was.items():
            if key not in now:
                yield f"{place}.{key}: nothing is said of it"
            else:
                yield from lost(value, now[key], f"{place}.{key}")
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for i, value in enumerate(was):
            yield from lost(value, now[i], f"{place}.{i}")
    elif was != now or type(was) is not type(now):
        yield f"{place}: was {was!r:.200}, is {now!r:.200}"
