"""The ledger: every fen has a payer and a receiver, and every month's accounts sum to zero."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FAMILIES, INSTITUTIONS, STAFF, LANDLORDS, SUPPLIERS, PREPAID = range(6)
ACCOUNTS = ("families", "institutions", "staff", "landlords", "suppliers", "prepaid")


class LedgerError(ArithmeticError):
    """The accounts of a month do not balance: a fault of the program, not of the scenario."""


@dataclass
class Ledger:
    """Accounts by month; two for each instrument: spent by the treasury, and owed.

    book : int64 (months, 6)  [fen]
    spent, owed : int64 (months, instruments)  [fen]; a claim moves from `spent` to `owed`, its payment from `owed` to
        the receiver
    """

    book: NDArray[np.int64]
    spent: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    owed: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), np.int64))

    @classmethod
    def of(cls, months: int) -> "Ledger":
        """Return an empty ledger for some months and no instruments."""
        none = np.zeros((months, 0), np.int64)
        return cls(np.zeros((months, len(ACCOUNTS)), np.int64), none, none.copy())

    def copy(self) -> "Ledger":
        """Return an independent copy."""
        return Ledger(self.book.copy(), self.spent.copy(), self.owed.copy())

    def admit(self, instruments: int) -> None:
        """Open accounts for more instruments."""
        more = np.zeros((len(self.book), instruments), np.int64)
        self.spent, self.owed = np.hstack([self.spent, more]), np.hstack([self.owed, more])

    def transfer(self, month: int, payer: int, receiver: int, amount: int) -> None:
        """Move money between two accounts."""
        self.book[month, payer] -= amount
        self.book[month, receiver] += amount

    def claim(self, month: int, claims: NDArray[np.int64]) -> None:
        """Book each instrument's new claims of a month."""
        self.spent[month] -= claims
        self.owed[month] += claims

    def settle(self, month: int, instrument: int, receiver: int, amount: int) -> None:
        """Pay part of an instrument's claims."""
        self.owed[month, instrument] -= amount
        self.book[month, receiver] += amount

    def outstanding(self) -> NDArray[np.int64]:
        """Return the amount each instrument still owes, int64 (instruments,) [fen]."""
        return np.asarray(self.owed.sum(axis=0))

    def check(self, month: int) -> None:
        """Raise LedgerError unless the month's accounts sum to zero and no instrument has paid more than it owed."""
        total = int(self.book[month].sum() + self.spent[month].sum() + self.owed[month].sum())
        if total != 0:
            raise LedgerError(f"month {month}: accounts sum to {total} fen")
        if (self.outstanding() < 0).any():
            raise LedgerError(f"month {month}: more paid than owed")
