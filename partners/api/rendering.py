from typing import Any

import orjson
from rest_framework.renderers import BaseRenderer


class FastJSONRenderer(BaseRenderer):
    """JSON by orjson, which knows ids and instants: in DRF's own encoder a page of 100 rows costs
    more than everything else that its request does (bench/partners.py).
    """

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        options = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
        return b"" if data is None else orjson.dumps(data, default=str, option=options)
