"""Windows of instruments: their first day, and the day after their last."""

from datetime import date, timedelta

from sim import dates
from sim.engine.city import RunningCity
from sim.engine.phases.sensitivity import rewrite_all
from sim.engine.phases.vouchers import draw_lot


def open_and_close_windows(city: RunningCity, day: date) -> None:
    """Begin the instruments with a window opening today, and rewrite the terms of households and institutions."""
    for q, instrument in enumerate(city.instruments):
        if instrument.start == day:
            begin(city, q, day)
    turned = [i for i in city.instruments if day in (i.start, day_after(i.until))]
    if any(i.cash() for i in turned):
        rewrite_all(city, day)
    city.write_tariff(day)


def begin(city: RunningCity, q: int, day: date) -> None:
    """Begin instrument q, on its first day or on the first simulated one if later."""
    instrument, columns, market = city.instruments[q], city.state.instruments.columns[q], city.state.market
    city.active.begin(q, city.active.counted(day))
    if instrument.by_lot:
        draw_lot(city, q, day)
    city.payments.renew_quota(q, day)
    ready = dates.month_of(day) + 1 + instrument.months_to_build
    sites, classes = instrument.opens(columns), instrument.adds_classes(columns)
    if sites is not None:
        market.sites.opening[sites] = ready
    if classes is not None:
        market.sites.added_in[classes] = ready
    if city.state.instruments.left[q] <= 0:  # a budget of zero
        city.state.chronicle.sums.dry_day[q] = day.toordinal()


def day_after(day: date | None) -> date | None:
    """Return the day after a day; None for None."""
    return day + timedelta(days=1) if day else None
