#!/usr/bin/env python3
"""Check proofs and exports of a Doctolib record without trusting whoever made them.

One file; it needs Python 3.9 or newer and the package `cryptography`. Nothing is sent anywhere.

    verify_record.py proof preuve.json                 one entry stands in the record
    verify_record.py record export.jsonl               the whole record fits its checkpoints
    verify_record.py evidence incident.jsonl           each opening of an incident stands in it
    verify_record.py grown OLD NEW [proof.json]        the record behind NEW begins with OLD's

OLD and NEW are checkpoints, as downloaded from /registre/checkpoint; the proof of growth comes from
/registre/consistency/SIZE/SIZE. With --key name+id+key only that key is trusted, as you noted it
earlier; otherwise the key in the file is used and printed. With --held FILE an export or a proof
must also contain the checkpoint that you kept. Exit status 0: everything fits; 1: it does not.

Formats: RFC 9162 (tree and proofs), C2SP signed-note and tlog-checkpoint.
"""

import argparse
import base64
import hashlib
import json
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SIZE = re.compile("0|[1-9][0-9]{0,18}")


class DoesNotFit(Exception):
    """What does not fit, in words."""


UNREADABLE = (
    DoesNotFit, LookupError, ValueError, TypeError, AttributeError, ArithmeticError,
    RecursionError, OSError,
)  # fmt: skip


def leaf_hash(content):
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def read_key(text):
    """name+id+base64(1 || public key) -> (name, id, public key)"""
    try:
        name, key_id, encoded = text.strip().split("+", 2)
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise DoesNotFit("the key cannot be read") from None
    made = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    if len(key) != 33 or key[0] != 1 or made.hex() != key_id:
        raise DoesNotFit("the key does not fit its id")
    return name, made, key[1:]


def read_checkpoint(note, key):
    """Return (size, root) of a checkpoint that the key has signed."""
    name, key_id, public = key
    text, separator, signatures = note.rpartition("\n\n")
    text += "\n"
    lines = text.split("\n")
    if not separator or len(lines) < 4 or lines[0] != name or not SIZE.fullmatch(lines[1]):
        raise DoesNotFit("this is no checkpoint of " + name)
    for line in signatures.split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014" or parts[1] != name:
            continue
        signature = decoded(parts[2])
        if signature[:4] != key_id:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature[4:], text.encode())
        except InvalidSignature:
            raise DoesNotFit("the signature of the checkpoint is wrong") from None
        return int(lines[1]), decoded(lines[2])
    raise DoesNotFit("the checkpoint is not signed by " + name)


def decoded(text):
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise DoesNotFit("the checkpoint cannot be read") from None


def check_inclusion(leaf, index, size, path, root):
    """RFC 9162 section 2.1.3.2"""
    if not 0 <= index < size:
        raise DoesNotFit("the entry lies outside the record")
    at, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            raise DoesNotFit("the proof is too long")
        if at & 1 or at == last:
            found = node_hash(step, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, step)
        at, last = at >> 1, last >> 1
    if last or found != root:
        raise DoesNotFit("the entry is not what the checkpoint covers")


def check_consistency(old, new, old_root, new_root, path):
    """RFC 9162 section 2.1.4.2"""
    if old > new:
        raise DoesNotFit("the record has shrunk")
    if old == new or old == 0:
        if old == new and old_root != new_root:
            raise DoesNotFit("two different records of one size")
        return
    steps = list(path)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        raise DoesNotFit("the proof is empty")
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise DoesNotFit("the proof is too long")
        if at & 1 or at == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, step)
        at, last = at >> 1, last >> 1
    if last or first != old_root or second != new_root:
        raise DoesNotFit("what was sealed then is not what is sealed now")


def verify_proof(path, key_text, held):
    with open(path, encoding="utf-8") as file:
        proof = json.load(file)
    if proof.get("format") != "doctolib-proof/1":
        raise DoesNotFit("this is no proof")
    key = read_key(key_text or proof["key"])
    size, root = read_checkpoint(proof["checkpoint"], key)
    entry = proof["entry"].encode()
    steps = [bytes.fromhex(step) for step in proof["path"]]
    check_inclusion(leaf_hash(entry), proof["index"], size, steps, root)
    content = json.loads(entry)
    for subject, nonce in proof["subjects"].items():
        made = hashlib.sha256(bytes.fromhex(nonce) + bytes.fromhex(subject.replace("-", "")))
        if made.hexdigest() not in content["subjects"]:
            raise DoesNotFit("the entry is not about " + subject)
    if held and read_checkpoint(held, key) != (size, root):
        raise DoesNotFit("the proof is for another checkpoint: check both with 'grown'")
    print(f"The entry stands at place {proof['index']} of the {size} of {key[0]}.")
    print(f"  {content['at']}  {content['action']}  {content.get('purpose', '')}")
    print(f"  by {content['actor_kind']} through {content['channel']}")
    for subject in proof["subjects"]:
        print(f"  about {subject}, one of {len(content['subjects'])}")
    for name in content["fields"]:
        print(f"  {name}")
    return key


def follow(chains, link, leaf, index):
    """Each entry names its writer, its place there, and the hash of the writer's entry before."""
    if link is None:
        return
    if len(link) != 96:
        raise DoesNotFit(f"the link of entry {index} cannot be read")
    writer, place, after = link[:16], int(link[16:32], 16), link[32:]
    if (place, after) != chains.get(writer, (0, "00" * 32)):
        raise DoesNotFit(f"an entry is missing that the writer of entry {index} wrote before it")
    chains[writer] = (place + 1, leaf.hex())


def verify_record(path, key_text, held):
    peaks, size, covered, checkpoints, key, held_head = [], 0, 0, 0, None, None
    chains = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            if key is None:
                if row.get("format") != "doctolib-record/1":
                    raise DoesNotFit("this is no export of a record")
                key = read_key(key_text or row["key"])
                held_head = read_checkpoint(held, key) if held else None
            elif "entry" in row:
                if row["index"] != size:
                    raise DoesNotFit(f"entry {size} is missing")
                level, found = 0, leaf_hash(row["entry"].encode())
                follow(chains, json.loads(row["entry"]).get("link"), found, size)
                while peaks and peaks[-1][0] == level:
                    level, found = level + 1, node_hash(peaks.pop()[1], found)
                peaks.append((level, found))
                size += 1
            elif not peaks:
                raise DoesNotFit("a checkpoint of nothing")
            else:
                root = peaks[-1][1]
                for _level, left in reversed(peaks[:-1]):
                    root = node_hash(left, root)
                if read_checkpoint(row["checkpoint"], key) != (size, root):
                    raise DoesNotFit(f"the checkpoint after {size} entries covers something else")
                checkpoints += 1
                if held_head and held_head[0] == size:
                    if held_head[1] != root:
                        raise DoesNotFit("the checkpoint that you kept covers something else")
                    held_head = None
                covered = size
    if key is None or not checkpoints:
        raise DoesNotFit("there is no checkpoint")
    if covered != size:
        raise DoesNotFit(f"the entries after {covered} are covered by no checkpoint")
    if held_head:
        raise DoesNotFit("the checkpoint that you kept is not part of this record")
    print(f"{size} entries and {checkpoints} checkpoints of {key[0]} fit.")
    return key


def verify_evidence(path, key_text, held):
    key, head, openings, subjects, sealed = None, None, 0, set(), False
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for line in file:
            row = json.loads(line)
            if sealed:
                raise DoesNotFit("something stands after the seal")
            if key is None:
                if row.get("format") != "doctolib-evidence/1":
                    raise DoesNotFit("this is no evidence")
                key, facts = read_key(key_text or row["key"]), row
            elif head is None:
                head = read_checkpoint(row["checkpoint"], key)
                if held and read_checkpoint(held, key) != head:
                    raise DoesNotFit("it is for another checkpoint: check both with 'grown'")
            elif "seal" in row:
                check_seal(row["seal"], key, digest.hexdigest())
                sealed = True
            else:
                entry = row["entry"].encode()
                steps = [bytes.fromhex(step) for step in row["path"]]
                check_inclusion(leaf_hash(entry), row["index"], head[0], steps, head[1])
                named = json.loads(entry)["subjects"]
                for subject, nonce in row["subjects"].items():
                    opened = bytes.fromhex(nonce) + bytes.fromhex(subject.replace("-", ""))
                    if hashlib.sha256(opened).hexdigest() not in named:
                        raise DoesNotFit("an entry is not about " + subject)
                    subjects.add(subject)
                openings += 1
            digest.update(line)
    if not sealed:
        raise DoesNotFit("the end is missing: there is no seal")
    print(f"Incident {facts['incident']}: {openings} openings of {len(subjects)} people")
    print(f"  detected {facts['detected_at']}, contained {facts['contained_at']}")
    print(f"  each stands in the record of {key[0]}, at a size of {head[0]}")
    return key


def check_seal(note, key, digest):
    """The seal names the digest of what stands before it, and the key has signed it."""
    name, key_id, public = key
    text, _, signature = note.partition("\n\n")
    if text != f"{name}\nevidence {digest}":
        raise DoesNotFit("the file was changed since it was sealed")
    made = decoded(signature.rstrip("\n").split(" ")[2])
    try:
        if made[:4] != key_id:
            raise InvalidSignature
        Ed25519PublicKey.from_public_bytes(public).verify(made[4:], (text + "\n").encode())
    except InvalidSignature:
        raise DoesNotFit("the seal is not signed by " + name) from None


def verify_growth(old_path, new_path, proof_path, key_text):
    if not key_text:
        raise DoesNotFit("'grown' needs --key")
    key = read_key(key_text)
    with open(old_path, encoding="utf-8") as file:
        old, old_root = read_checkpoint(file.read(), key)
    with open(new_path, encoding="utf-8") as file:
        new, new_root = read_checkpoint(file.read(), key)
    path = []
    if proof_path:
        with open(proof_path, encoding="utf-8") as file:
            path = [bytes.fromhex(step) for step in json.load(file)["path"]]
    check_consistency(old, new, old_root, new_root, path)
    print(f"The {new} entries begin with the {old} that were sealed then.")
    return key


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["proof", "record", "evidence", "grown"])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--key", default="", help="the only key to trust")
    parser.add_argument("--held", metavar="FILE", help="a checkpoint that you kept")
    options = parser.parse_args()
    held = ""
    try:
        if options.held:
            with open(options.held, encoding="utf-8") as file:
                held = file.read()
        if options.what == "grown":
            if len(options.files) < 2:
                raise DoesNotFit("'grown' needs two checkpoints")
            old, new, proof = [*options.files, None][:3]
            key = verify_growth(old, new, proof, options.key)
        else:
            checks = {
                "proof": verify_proof,
                "record": verify_record,
                "evidence": verify_evidence,
            }
            key = checks[options.what](options.files[0], options.key, held)
    except UNREADABLE as problem:
        # A file of another shape than ours fails where it is read.
        print(f"DOES NOT FIT: {problem or 'the file cannot be read'}")
        return 1
    if not options.key:
        print(
            f"Key: {key[0]}+{key[1].hex()}+... taken from the file; compare it with one you noted."
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
