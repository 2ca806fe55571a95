"""The commands about finished runs: compare, verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sim.cli.shell import (
    BAD_INPUT,
    DIFFERENT,
    DONE,
    NOT_KEPT,
    Folder,
    Whole,
    app,
    complain,
    interruptible,
    is_text,
    number_of_workers,
    paper,
)
from sim.report.words import Language, text

if TYPE_CHECKING:
    from sim.study.verify import Verdict


@app.command
def compare(*folders: Path, out: Folder | None = None, lang: Language = "en") -> int:
    """Put finished runs side by side, also those of different cities: one table, and if asked for its files.

    It says where runs are not comparable: other city, scale, window, start, burn-in, seed, replications, baseline or
    program.

    For example:

    `python -m sim compare results/xian_vouchers results/same_money`

    `python -m sim compare results/* --out /tmp/side-by-side --lang zh`

    Parameters
    ----------
    folders
        Results folders, such as results/xian_vouchers.
    out
        Folder for comparison.csv and the figure comparison.png and .svg; without it nothing is written.
    lang
        Language of table and figure: English or Simplified Chinese.
    """
    if not folders:
        complain("compare: found no folder, expected at least one results folder")
        return BAD_INPUT
    for path in folders:
        if not is_text(path):
            complain(f"compare: found {str(path)!r}, expected a path in UTF-8")
            return BAD_INPUT
    from sim.report.comparison import comparison_table, write_comparison
    from sim.study.summary import read_finished

    runs = read_finished(folders)
    written = [] if out is None else write_comparison(runs, out, lang)
    paper(150).print(comparison_table(runs, lang))
    for path in written:
        print(path)
    return DONE


@app.command
def verify(folder: Path, *, sample: Whole = 3, workers: Whole | None = None, lang: Language = "en") -> int:
    """Run a sample of a finished run's jobs again and say what differs; the folder is only read.

    Also checked: that summary.csv, monthly.parquet and split.csv are what the stored jobs give, that the manifest
    is that of its scenario, and that this program is the version that ran it. Status 3 if anything differs.

    For example:

    `python -m sim verify results/xian_vouchers`

    `python -m sim verify results/xian_vouchers --sample 20 --workers 2`

    Parameters
    ----------
    folder
        A results folder, such as results/xian_vouchers.
    sample
        How many jobs to run again, spread over policies; the baselines they fork from are run with them.
    workers
        Worker processes; all cores if left out.
    lang
        Language of the verdict: English or Simplified Chinese. What differs is told in English, as faults are.
    """
    if not 0 <= sample <= 1_000_000:
        complain(f"--sample: found {sample}, expected a number from 0 to 1000000")
        return BAD_INPUT
    if not number_of_workers(workers):
        return BAD_INPUT
    if not is_text(folder):
        complain(f"verify: found {str(folder)!r}, expected a path in UTF-8")
        return BAD_INPUT
    from sim.study.verify import verify as look_again

    with interruptible(NOT_KEPT):
        verdict = look_again(folder, sample, workers)
    for line in (*verdict.differences, *_verdict_lines(verdict, folder, lang)):
        print(line)
    return DIFFERENT if verdict.differences else DONE


def _verdict_lines(verdict: Verdict, folder: Path, lang: Language) -> list[str]:
    """What was run again, whether anything differs, and what nobody looked at."""
    again = len(verdict.again)
    key = "verify.again" if again else "verify.none_again"
    listed = text("list.comma", lang).join(verdict.again)
    said = [text(key, lang, folder=folder, again=again, jobs=verdict.jobs, listed=listed)]
    if verdict.differences:
        return [*said, text("verify.differs", lang, folder=folder)]
    records = text("verify.records" if again else "verify.no_records", lang, again=again)
    return [
        *said,
        text("verify.nothing_differs", lang, folder=folder, records=records),
        text("verify.not_looked_at", lang, folder=folder),
    ]
