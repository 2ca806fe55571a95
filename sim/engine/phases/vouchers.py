"""Voucher pools: vouchers whose validity has passed are void, and rounds are drawn."""

from datetime import date

from sim.engine.city import RunningCity
from sim.engine.desk import VoucherDesk
from sim.engine.replication_cache import ages_on
from sim.policy.menu import kind_of


def expire(city: RunningCity, day: date) -> None:
    """End the vouchers whose last day is over."""
    _handle(city, day, "expiry")


def draw_rounds(city: RunningCity, day: date) -> None:
    """Draw the rounds of the day: from then on families know of other pools, and expect other odds."""
    _handle(city, day, "round")
    city.note_who_may_win()
    city.write_tariff(day)


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
    """The desk at which instrument q, a voucher pool, meets the families on a day."""
    pools = [n for n, i in enumerate(city.instruments) if i.tiers() > 0]
    return VoucherDesk(
        world=city.world,
        inputs=city.inputs,
        chronicle=city.state.chronicle,
        ages=ages_on(day),
        today=day,
        row=city.row(day),
        pool=pools.index(q),
        first_tier=sum(i.tiers() for i in city.instruments[:q]),
        name=f"{kind_of(city.instruments[q])} {sum(p < q for p in pools)}",
        drawn=city.cache.drawn,
        found=city.cache.eligible,
        told=city.active.told(day),
    )
