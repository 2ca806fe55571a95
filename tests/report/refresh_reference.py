"""Writes the generated part of docs/scenario.md anew: `python tests/report/refresh_reference.py`."""

from pathlib import Path

from sim.policy.menu import menu
from sim.report.menu import refreshed
from sim.scenario.schema import Head

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "scenario.md"


def fresh() -> str:
    """The document as it should stand."""
    return refreshed(REFERENCE.read_text(encoding="utf-8"), Head.model_json_schema(), menu())


if __name__ == "__main__":
    REFERENCE.write_text(fresh(), encoding="utf-8")
