"""Payments of a month: claims on the treasury, their settlement, and costs of institutions."""

from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.engine.active_instruments import ActiveInstruments
from sim.engine.costs import Costs
from sim.engine.home_care import HomeCareClaims
from sim.engine.recorder import ROW
from sim.engine.replication_cache import ReplicationCache
from sim.engine.support import in_order
from sim.engine.tariff import in_force
from sim.engine.treasury import FAMILIES, INSTITUTIONS, LANDLORDS, PREPAID, STAFF, SUPPLIERS
from sim.kernels import bills, census
from sim.policy.instrument import Offered
from sim.world.institutions import BANDS


class Payments:
    """Payers, and amounts owed since the month began.

    own_from : place in the chain of the policy's first own instrument
    flows : int64 (bills.FLOWS, groups)  of the month, written by bills and here
    """

    def __init__(
        self, cache: ReplicationCache, active: ActiveInstruments, own_from: int, flows: NDArray[np.int64]
    ) -> None:
        self._cache, self._active, self._flows = cache, active, flows
        self._world, self._state = cache.world, active.state
        self._built = np.zeros(len(self._world.institutions), np.int64)  # paid to builders this month [fen]
        self.home_care = HomeCareClaims(cache, active)
        self.payers = _new_payers(active, own_from, len(self._world.institutions))

    def write_income(self, offered: Offered, day: date) -> None:
        """Update payments per child from this day on, by instrument paying institutions."""
        running = {q: (instrument, columns) for q, instrument, columns in self._active.running(day)}
        for p, q in enumerate(self.payers.supplier.tolist()):
            income = running[q][0].child_income(offered, running[q][1]) if q in running else None
            self.payers.income[p] = 0 if income is None else np.rint(100 * income.yuan)
            if income is not None:
                self.payers.months_cap[p] = income.months_cap

    def renew_quotas(self, day: date) -> None:
        """Renew every paying instrument's monthly quota of child-months."""
        for q in self.payers.supplier.tolist():
            self.renew_quota(q, day)

    def renew_quota(self, q: int, day: date) -> None:
        """Renew an instrument's monthly quota of child-months, if it has one."""
        instrument, columns = self._active.instruments[q], self._state.instruments.columns[q]
        income = instrument.child_income(self._active.offered(day), columns)
        if income is not None:
            self.payers.quota[self.payers.supplier == q] = income.places

    def pay_grants(self, opened: NDArray[np.int32], owners: NDArray[np.int64], day: date) -> None:
        """Pay one-off grants for opened places; grants for places built by the treasury go on to builders.

        opened : int32 (J, 4)  seats by class type; owners : int64 (J, 4)  of these, seats in classes added by owners,
            not built by the treasury
        """
        if not opened.any():
            return
        offered, hours = self._active.offered(day), self._world.institutions.hours_share
        for q, (instrument, on) in enumerate(zip(self._active.instruments, self._active.on(day), strict=True)):
            yuan = instrument.grant(offered, self._state.instruments.columns[q])
            # construction begun by the treasury is paid for even after the instrument's window
            if yuan is None or not (on or instrument.builds):
                continue
            due = opened - owners if instrument.builds else opened
            paid = self._disburse(q, np.rint(100 * (yuan * due).sum(axis=1) * hours).astype(np.int64), day)
            if instrument.builds:
                self._built += paid
            instrument.note_grants(np.asarray(due.any(axis=1)), self._state.instruments.columns[q])

    def _pay_programmes(self, day: date, row: int, costs: Costs) -> None:
        """Pay per place, cover deficits of institutions guaranteed by the treasury, and pay administration."""
        offered, places, takings = self._active.offered(day), self._active.places(), self.payers.takings
        running = list(self._active.running(day))
        for q, instrument, columns in running:
            yuan = instrument.place_income(offered, columns)
            if yuan is not None:
                self._disburse(q, np.rint(100 * yuan * places).astype(np.int64), day)
            own = instrument.running_yuan_per_month + instrument.overhead(offered, columns)
            spent = int(in_order(np.array([round(100 * own)], np.int64), int(self._state.instruments.left[q]))[0])
            self._book(q, spent, int(spent > 0), day)
            self._state.chronicle.sums.running[row, q] = spent
            self._state.chronicle.count(row, "administration_fen", spent)
        for q, instrument, columns in running:  # last, because a deficit is net of all other payments
            lost = instrument.covers_losses(offered, columns)
            if lost is not None:
                self._disburse(q, np.where(lost, np.maximum(costs.cash - takings, 0), 0), day)

    def _pay_home_care(self, day: date, row: int) -> None:
        """Pay allowances for care at home due this month, up to the budget."""
        for q in self.home_care.due:
            paid, children = self.home_care.claims(q, int(self._state.instruments.left[q]))
            self._book(q, int(paid[0]), children, day)
            self._state.chronicle.sums.totals[ROW["cash_fen"], row] += paid
            self._flows[bills.CLAIMED, 1:] += paid[1:] * self.payers.own[q]

    def _disburse(self, q: int, amounts: NDArray[np.int64], day: date) -> NDArray[np.int64]:
        """Pay institutions from an instrument's budget, in row order; return payments, int64 (J,) [fen]."""
        paid = in_order(amounts, int(self._state.instruments.left[q]))
        self._book(q, int(paid.sum()), int((paid > 0).sum()), day)
        self.payers.takings[:] += paid
        if self.payers.own[q]:
            groups = self._cache.groups
            for cell in (groups.kind_cell, groups.district_cell):
                np.add.at(self._flows[bills.CLAIMED], cell, paid)
        return paid

    def _book(self, q: int, amount: int, cases: int, day: date) -> None:
        """Book a claim outside children's bills."""
        self._state.instruments.left[q] -= amount
        if amount and self._state.instruments.left[q] == 0:
            self._state.chronicle.sums.dry_day[q] = day.toordinal()
        self.payers.claimed[q] += amount
        self.payers.cases[q] += cases
        if self.payers.own[q]:
            self._flows[bills.CLAIMED, 0] += amount

    # -- the month's end -----------------------------------------------------------------------------

    def close_month(self, day: date, row: int, costs: Costs, held: int | None, forfeited: NDArray[np.int64]) -> None:
        """Book the month's claims, cash, lagged payments and costs, and check the balance.

        held : households' unused prepaid fees [fen]; None if every institution bills month by month
        forfeited : int64 (J,)  prepaid fees forfeited to institutions by children leaving early [fen]
        Raises LedgerError.
        """
        state, payers, ledger = self._state, self.payers, self._state.ledger
        costs = replace(costs, goods=costs.goods + self._built)
        payers.takings[:] += forfeited
        self._pay_programmes(day, row, costs)
        self._pay_home_care(day, row)
        claims = self._claims(day, row)
        ledger.claim(row, claims)
        state.chronicle.sums.claims[row] = claims
        ledger.transfer(row, FAMILIES, INSTITUTIONS, int(self._flows[bills.NET, 0]))
        self._settle(row, claims)
        self._pay_costs(day, row, costs)
        ledger.transfer(row, PREPAID, INSTITUTIONS, int(forfeited.sum()))
        if held is not None:
            ledger.transfer(row, FAMILIES, PREPAID, held - int(ledger.book[:, PREPAID].sum()))
        ledger.check(row)
        state.chronicle.count(row, "standing_fen", int(claims[~payers.own].sum()))
        self._note_vouchers(row)

    def _claims(self, day: date, row: int) -> NDArray[np.int64]:
        """Return claims on each instrument this month, including cash payments, int64 (instruments,) [fen]."""
        claims = self.payers.claimed.copy()
        for q, instrument in enumerate(self._active.instruments):
            for cash in instrument.cash() if in_force(instrument, day) else ():
                paid = self._cache.population(day, cash) * round(cash.yuan_per_month * 100)
                claims[q] += paid[0]
                self._state.chronicle.sums.totals[ROW["cash_fen"], row] += paid
                if self.payers.own[q]:
                    self._flows[bills.CLAIMED] += paid
        return claims

    def _settle(self, row: int, claims: NDArray[np.int64]) -> None:
        """Settle claims: cash at once, others after each instrument's lag; suppliers receive administration costs."""
        sums, ledger = self._state.chronicle.sums, self._state.ledger
        for q, instrument in enumerate(self._active.instruments):
            due = row - instrument.payment_lag_months
            if instrument.pays_families:
                ledger.settle(row, q, FAMILIES, int(claims[q] - sums.running[row, q]))
            elif due >= 0:
                ledger.settle(row, q, INSTITUTIONS, int(sums.claims[due, q] - sums.running[due, q]))
            if due >= 0:
                ledger.settle(row, q, SUPPLIERS, int(sums.running[due, q]))

    def _pay_costs(self, day: date, row: int, costs: Costs) -> None:
        """Pay institutions' staff, landlords and suppliers."""
        state, takings, institutions = self._state, self.payers.takings, self._world.institutions
        count = state.chronicle.count
        for name, account, amount in (
            ("staff_fen", STAFF, costs.staff),
            ("rent_fen", LANDLORDS, costs.rent),
            ("goods_fen", SUPPLIERS, costs.goods),
        ):
            state.ledger.transfer(row, INSTITUTIONS, account, int(amount.sum()))
            count(row, name, int(amount.sum()))
        self._cache.market.turnover.keep_accounts(dates.month_of(day), takings, costs, state)
        count(row, "profit_fen", int((takings - costs.cash).sum()))
        count(row, "unpaid_costs_fen", int(costs.unpaid.sum()))
        pooled, runs = institutions.pooled, state.market.sites.runs & institutions.full_day
        count(row, "losing_cash", int((pooled(state.market.accounts.cash_result.sum(axis=0))[runs] < 0).sum()))
        count(row, "losing_in_full", int((pooled(state.market.accounts.full_result.sum(axis=0))[runs] < 0).sum()))

    def _note_vouchers(self, row: int) -> None:
        """Record vouchers redeemed and live, by tranche of all pools."""
        tiers = {
            "vouchers_redeemed": self.payers.redeemed,
            "vouchers_redeemed_fen": self.payers.redeemed_fen,
            "vouchers_live": self._live_vouchers(),
        }
        for metric, by_tier in tiers.items():
            for tier, n in enumerate(by_tier):
                self._state.chronicle.count_tranche(row, metric, tier, int(n))

    def _live_vouchers(self) -> NDArray[np.int64]:
        """Count live vouchers by tranche of all pools, int64 (tranches,)."""
        sizes = [i.tiers() for i in self._active.instruments if i.tiers() > 0]
        out, first_tier = np.zeros(sum(sizes), np.int64), np.cumsum([0, *sizes])
        vouchers = self._state.vouchers
        if len(out):
            census.live(self._state.children.held, vouchers.face, vouchers.tranche, first_tier, out)
        return out

    def begin_month(self) -> None:
        """Reset the month's counters after booking."""
        for counter in (self.payers.claimed, self.payers.cases, self.payers.short, self.payers.takings, self._built):
            counter[:] = 0
        self.payers.redeemed[:] = self.payers.redeemed_fen[:] = 0
        self.home_care.clear()


def _new_payers(active: ActiveInstruments, own_from: int, institutions: int) -> bills.Payers:
    """Return payers at the beginning of a month, given budgets and months paid in the state."""
    instruments, state = active.instruments, active.state
    suppliers = [q for q, i in enumerate(instruments) if i.pays_institutions]
    payers = bills.Payers(
        left=state.instruments.left,
        accounts=np.zeros((4, len(instruments)), np.int64),
        suppliers=np.zeros((3, len(suppliers)), np.int64),
        income=np.zeros((len(suppliers), BANDS, institutions), np.int64),
        months_paid=state.instruments.months_paid,
        redemptions=np.zeros((2, sum(i.tiers() for i in instruments)), np.int64),
        takings=np.zeros(institutions, np.int64),
    )
    payers.accounts[bills.OWN] = np.arange(len(instruments)) >= own_from
    payers.supplier[:] = suppliers
    return payers
