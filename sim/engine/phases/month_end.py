"""Month-end: lagged claims, accounts, census and records."""

from datetime import date

from sim import dates
from sim.engine import census
from sim.engine.city import RunningCity
from sim.engine.phases.market import take_usual
from sim.engine.phases.prepaid import held_in_advance
from sim.engine.recorder import ROW
from sim.kernels import places


def close_month(city: RunningCity, day: date) -> None:
    """Pay, close the accounts, take the census, and record the month. Raises LedgerError, CountError."""
    state, row, chronicle, month = city.state, city.row(day), city.state.chronicle, city.month
    seated = census.find_seated(city.cache, state, day)
    counted, enrolled, waiting = census.count_heads(city.cache, state, seated, day)
    costs = city.cache.market.month_costs(dates.month_of(day), enrolled, state)
    city.payments.close_month(day, row, costs, held_in_advance(city, seated), city.prepaid.forfeited)
    chronicle.sums.totals[ROW["forfeited_fen"], row] += city.prepaid.lost
    city.prepaid.forfeited[:] = city.prepaid.lost[:] = 0
    chronicle.sums.totals[ROW["children"], row] = city.cache.population(day)
    chronicle.sums.totals[ROW["gains_fen"], row] += month.gains
    chronicle.sums.totals[ROW["forgone_fen"], row] += city.payments.home_care.forgone
    chronicle.close_month(row, counted, month.flows, month.log)
    census.note_supply(city.cache, state, city.inputs.tariff.posted, row)
    for name, event in (("entries", places.ENTERS), ("switches", places.SWITCHES), ("exits", places.LEAVES)):
        chronicle.count(row, name, int(month.events[event]))
    chronicle.note_lists(row, month.lists, waiting.sum(axis=0))
    chronicle.offers.enrolled[row] = enrolled.T
    city.cache.market.store_month_end(dates.month_of(day), waiting, enrolled, state)
    take_usual(city, day)
    month.clear()
    city.payments.begin_month()
    state.month = dates.month_of(day) + 1
