"""The verifier that is published with the record."""

from pathlib import Path

VERIFIER = Path(__file__).resolve().parents[2] / "static/record/verify_record.py"
