"""Where real inputs lie that do not belong into the project."""

from pathlib import Path

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
