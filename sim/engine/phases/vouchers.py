"""Voucher pools and lots: expiry of vouchers, voucher rounds, and lots."""

from datetime import date

from sim.engine.city import RunningCity
from sim.engine.desk import VoucherDesk
from sim.engine.replication_cache import ages_on
from sim.kernels.columns import NOBODY
from sim.policy.instrument import ranks_of
from sim.policy.menu import kind_of


def expire(city: RunningCity, day: date) -> None:
    """Void the vouchers past their last day."""
    _handle(city, day, "expiry")


def draw_rounds(city: RunningCity, day: date) -> None:
    """Draw the day's rounds; awareness and expected odds of households change with them."""
    _handle(city, day, "round")
    city.note_who_may_win()
    city.write_tariff(day)


def draw_lot(city: RunningCity, q: int, day: date) -> None:
    """Draw the lot of instrument q; its winners become household groups of their own."""
    city.instruments[q].draw_lot(_desk(city, q, day), city.state.instruments.columns[q])
    city.note_winners()


def _handle(city: RunningCity, day: date, phase: str) -> None:
    """Carry out the scheduled events of a day and phase, in the order of the instruments."""
    for q, instrument in enumerate(city.instruments):
        for event in instrument.scheduled():
            if event.phase == phase and event.day == day:
                desk = _desk(city, q, day)
                event.handle(desk, city.state.instruments.columns[q])
                if phase == "round":
                    desk.forget_redeemed()


def _desk(city: RunningCity, q: int, day: date) -> VoucherDesk:
    """Return the desk of instrument q, a voucher pool or one by lot, on a day."""
    pools, instrument = [n for n, i in enumerate(city.instruments) if i.tiers() > 0], city.instruments[q]
    rank = ranks_of(city.instruments)[q] if instrument.rank is None else instrument.rank
    return VoucherDesk(
        world=city.world,
        inputs=city.inputs,
        chronicle=city.state.chronicle,
        ages=ages_on(day),
        today=day,
        row=city.row(day),
        pool=pools.index(q) if q in pools else NOBODY,
        first_tier=sum(i.tiers() for i in city.instruments[:q]),
        name=f"{kind_of(instrument)} {rank}",
        drawn=city.cache.drawn,
        found=city.cache.eligible,
        told=city.active.told(day),
    )
