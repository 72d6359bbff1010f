"""Files that are sealed while they arrive: their parts, their order and their end."""

import base64
import gc

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.vault.files import (
    HEAD_BYTES,
    PART_BYTES,
    TAG_BYTES,
    SealedFile,
    count_parts,
    open_part,
)
from audit.vault.sealing import SealBroken


def fed(*pieces):
    file = SealedFile("analyse.pdf")
    for piece in pieces:
        file.feed(piece)
    file.finish()
    return file


@pytest.mark.parametrize(
    ("sizes", "parts"),
    [
        ([], [0]),
        ([0], [0]),
        ([1], [1]),
        # A part is stored once it is known not to be the last.
        ([PART_BYTES], [PART_BYTES]),
        ([PART_BYTES, 1], [PART_BYTES, 1]),
        ([1, PART_BYTES], [PART_BYTES, 1]),
        ([3 * PART_BYTES], [PART_BYTES] * 3),
        ([40_000] * 5, [PART_BYTES, PART_BYTES, PART_BYTES, 200_000 - 3 * PART_BYTES]),
    ],
)
def test_a_file_has_parts_of_one_size_and_a_last_one(sizes, parts):
    file = fed(*[b"x" * size for size in sizes])
    stored = list(file.parts())
    assert [len(part) - TAG_BYTES for part in stored] == parts
    assert file.size == sum(parts)
    assert len(stored) == count_parts(file.size)
    # Again from the beginning.
    assert list(file.parts()) == stored


def test_each_part_is_sealed_with_its_number_and_whether_it_is_the_last():
    content = bytes(range(256)) * 300
    file = fed(content)
    key = AESGCM(base64.b64decode(file.key))
    nonces = [bytes(11) + b"\0", bytes(10) + b"\1\1"]
    opened = [
        key.decrypt(nonce, part, file.id.bytes)
        for nonce, part in zip(nonces, file.parts(), strict=True)
    ]
    assert b"".join(opened) == content
    assert len(base64.b64decode(file.key)) == 32


def test_a_part_does_not_open_elsewhere_and_says_which():
    file = fed(b"x" * PART_BYTES, b"y")
    first, last = file.parts()
    for number, size, sealed in (
        (1, file.size, first),
        (0, file.size, last),
        (0, PART_BYTES, first),
        (1, 3 * PART_BYTES, last),
    ):
        with pytest.raises(SealBroken, match=rf"^part {number} of file {file.id} does not open.$"):
            open_part(file.key, file_id=file.id, number=number, size=size, sealed=sealed)


def test_no_two_files_have_a_key_or_an_id_in_common():
    one, other = fed(b"same"), fed(b"same")
    assert one.key != other.key and one.id != other.id
    assert list(one.parts()) != list(other.parts())
    assert (one.name, one.size) == ("analyse.pdf", 4)


@pytest.mark.parametrize("pieces", [[b"%PDF"], [b"a" * 4000, b"b" * 4000], [b"a" * 10_000], []])
def test_the_beginning_stays_at_hand_to_tell_what_it_is(pieces):
    assert fed(*pieces).head == b"".join(pieces)[:HEAD_BYTES]
    assert HEAD_BYTES == 4096


@pytest.mark.parametrize("size", [0, 1, PART_BYTES, 2 * PART_BYTES + 1])
@pytest.mark.parametrize("step", [1000, PART_BYTES, -1])
def test_it_is_read_as_it_came_before_it_is_taken(size, step):
    content = (bytes(range(251)) * (size // 251 + 1))[:size]
    reader = fed(content).reader()
    assert reader.readable()
    read = b"".join(iter(lambda: reader.read(step), b"")) if step > 0 else reader.read()
    assert read == content
    assert reader.read() == b""


def test_nothing_of_it_waits_on_the_disk_in_the_clear():
    file = fed(b"Quatrefages " * 10_000)
    file._stored.seek(0)
    assert b"Quatrefages" not in file._stored.read()


def test_what_is_closed_or_let_go_of_is_forgotten():
    file = fed(b"x")
    file.close()
    with pytest.raises(ValueError, match="closed"):
        list(file.parts())
    file.close()
    other = fed(b"x")
    stored = other._stored
    del other
    gc.collect()
    assert stored.closed
