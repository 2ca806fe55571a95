"""The command about two dates of one city: backtest."""

from __future__ import annotations

from pathlib import Path

from sim.cli.shell import (
    BAD_INPUT,
    DONE,
    NOT_KEPT,
    Setting,
    Whole,
    app,
    at_least_one,
    complain,
    interruptible,
    load_all,
)


@app.command
def backtest(
    earlier: Path, later: Path, settings: Setting = (), children: Whole = 50_000, replications: Whole = 4
) -> int:
    """Put what changed between two scenario files into the first, each table alone and all together: what take-up does.

    For example:

    `python -m sim backtest scenarios/nation_2023.toml scenarios/nation_2025.toml --replications 8`

    Parameters
    ----------
    earlier
        Scenario file (TOML) of the city as it was; it is measured without policies.
    later
        The same city under the same clock, with what changed; its [city.published] is what is to be explained.
    settings
        KEY=VALUE, as for a run, for both.
    children
        Children under three to which a larger city is thinned.
    replications
        Draws of the city.
    """
    from sim.study.backtest import as_markdown, worlds
    from sim.study.backtest import backtest as measure
    from sim.study.scorecard import share_of
    from sim.study.targets import published

    if not at_least_one(children=children, replications=replications):
        return BAD_INPUT
    first, second = load_all((earlier, later), settings)
    at = first
    try:
        for at in (first, second):
            published(at)
        scale = share_of(first, children)
        worlds(first, second, scale)
    except ValueError as error:
        complain(f"backtest: {at.document.path}: {error}")
        return BAD_INPUT
    with interruptible(NOT_KEPT):
        test = measure(first, second, scale, replications)
    for line in as_markdown(test):
        print(line)
    return DONE


__all__ = ["backtest"]
