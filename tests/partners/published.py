"""The client that docs/partners publishes, as a vendor would have it: without Django."""

import importlib.util
from pathlib import Path

FILE = Path(__file__).parents[2] / "docs/partners/client.py"


def published_client():
    spec = importlib.util.spec_from_file_location("partner_client", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
