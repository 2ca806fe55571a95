"""The account of a whole page: every cell of its tables and every other text of it."""

from .cells import Cells
from .facts import Facts
from .sentences import Sentences
from .visible import Page, Table


class Account:
    """What a page in one language should say. What no account is found for may hold no number at all."""

    def __init__(self, facts: Facts, language: str) -> None:
        self.cells, self.sentences = Cells(facts, language), Sentences(facts, language)

    def check(self, page: Page) -> set[str]:
        """Return the keys of the sections and sentences read. Raises Unaccounted at the first number that is wrong."""
        for table in page.tables:
            self.check_table(table)
        for block in page.blocks:
            self.sentences.check(block)
        return {self.cells.section(table) for table in page.tables} | self.sentences.told

    def check_table(self, table: Table) -> None:
        """Raises Unaccounted at the first cell that is wrong."""
        for number, row in enumerate(table.rows):
            for column in range(len(row)):
                self.cells.check(table, number, column)
