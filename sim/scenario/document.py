"""From TOML text to one merged tree of plain values, with where each came from and what it rests on.

This layer knows nothing of cities or policies beyond where a policy keeps its instruments. It follows
`extends`, replaces `{ value = …, low = …, high = …, source = "…" }` by the number, applies `--set`, and
reports everything wrong at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any

from sim.scenario.faults import BadScenario, Fault, KeyPath, where
from sim.scenario.files import chain
from sim.scenario.keys import parse_key
from sim.scenario.nodes import Evidence, Node, Number, evidence_in, merge, plain, provenance_in
from sim.scenario.settings import Setting, granted, read_setting, with_instrument


@dataclass(frozen=True)
class Document:
    """A scenario as read: plain values, and for each where it was written.

    path : the file as it was named
    tree : the merged values; numbers stand without their evidence, `extends` is gone
    provenance : the file that gave a key path, wherever it differs from its parent's
    evidence : one row for every number, in the order of the tree
    files : the files read, links resolved, the scenario itself first
    """

    path: Path
    tree: dict[str, Any]
    provenance: Mapping[KeyPath, str]
    evidence: tuple[Evidence, ...]
    files: tuple[Path, ...]

    def file_of(self, key_path: KeyPath) -> str:
        """The file that gave a key, or its nearest ancestor; `--set` for what the command line set."""
        for length in range(len(key_path), -1, -1):
            file = self.provenance.get(tuple(key_path[:length]))
            if file is not None:
                return file
        return str(self.path)

    def ranges(self) -> dict[KeyPath, tuple[Number, Number]]:
        """The numbers that carry a range, by key path; an end that isn't given is the value itself."""
        return {
            parse_key(row.key): (
                row.value if row.low is None else row.low,
                row.value if row.high is None else row.high,
            )
            for row in self.evidence
            if row.low is not None or row.high is not None
        }


def read(path: Path, settings: Sequence[str] = ()) -> Document:
    """Read a scenario and all it extends, with the `KEY=VALUE` settings of the command line applied.

    Raises BadScenario with every fault that can be seen before the schema is known.
    """
    document, faults = survey(path, settings)
    if document is None or faults:
        raise BadScenario(faults)
    return document


@dataclass(frozen=True)
class Draft:
    """A scenario and all it extends merged into one tree, from which documents with further settings are made.

    path : the file as it was named
    root : the merged tree, every value with the file that gave it
    files : the files read, links resolved, the scenario itself first
    """

    path: Path
    root: Node
    files: tuple[Path, ...]

    def granted(self, wishes: Sequence[Setting], faults: list[Fault]) -> Draft:
        """The draft with settings applied; faults are added for those that lead nowhere."""
        return replace(self, root=reduce(lambda root, wish: granted(root, wish, faults), wishes, self.root))

    def with_instrument(self, policy: str, kind: str) -> Draft:
        """The draft with an instrument of a kind, at its idle values, at the end of a policy that has none of it."""
        return replace(self, root=with_instrument(self.root, policy, kind))

    def document(self, faults: Sequence[Fault]) -> tuple[Document, list[Fault]]:
        """The document that it is, and its faults with the names of their policies."""
        evidence = tuple(evidence_in(self.root, ()))
        document = Document(self.path, plain(self.root), dict(provenance_in(self.root, ())), evidence, self.files)
        return document, [_named(fault, document) for fault in faults]


def survey(path: Path, settings: Sequence[str] = ()) -> tuple[Document | None, list[Fault]]:
    """The document, as far as it could be read, and its faults.

    The document is None when a file of its chain is missing or unreadable; otherwise it is whole, though the
    faults may name numbers in it that aren't fit for use: the schema's faults can be told beside them.
    """
    draft, faults = draw_up(path, settings)
    return (None, faults) if draft is None else draft.document(faults)


def draw_up(path: Path, settings: Sequence[str] = ()) -> tuple[Draft | None, list[Fault]]:
    """The draft of a scenario with the settings of the command line applied, and the faults of reading both.

    The draft is None when a file of its chain is missing or unreadable.
    """
    faults: list[Fault] = []
    wishes = [wish for wish in (read_setting(text, faults) for text in settings) if wish is not None]
    read_files = chain(Path(path), wishes, faults)
    if read_files is None:
        return None, faults
    layers, files = read_files
    draft = Draft(Path(path), reduce(merge, reversed(layers)), tuple(files))
    return draft.granted([wish for wish in wishes if wish.path != ("extends",)], faults), faults


def _named(fault: Fault, document: Document) -> Fault:
    """The fault with its policy's name beside its key, where the policies of its file are those of the scenario."""
    try:
        path = parse_key(fault.key)
    except ValueError:
        return fault  # a line and a column
    same = path[0] == "policy" and document.file_of(path) == fault.file
    return replace(fault, key=where(path, document)) if same else fault
