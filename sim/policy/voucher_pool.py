"""Voucher pool: rounds of one-off vouchers that families apply for, win and redeem at a bill."""

from bisect import bisect_left
from datetime import date, timedelta
from functools import cache, partial
from itertools import pairwise
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sim import dates
from sim.params import Facts, Misfit, Rows, fraction, number
from sim.policy.instrument import (
    Column,
    Columns,
    Desk,
    Floats,
    Groups,
    Instrument,
    Offered,
    Prospects,
    Relief,
    ScheduledEvent,
)
from sim.world.districts import apportion

# a gain below which no family stirs, however little applying costs [yuan]: the smallest sum that a voucher or a fee
# is quoted in; without it a pool at no hassle would draw every family that gains a fen or a rounding error
PERCEPTIBLE = 1.0


class Tranche(Facts):
    """One age tier of a pool."""

    months: Rows[int] = Field(min_length=2, max_length=2, description="completed months at the draw, both inclusive")
    face_value: float = number("yuan", "face value", at_most=1_000_000)
    per_round: int = number("vouchers", "issued each round", at_most=10_000_000)

    @property
    def first(self) -> int:
        """Youngest age [completed months]."""
        return self.months[0]

    @property
    def last(self) -> int:
        """Oldest age [completed months]."""
        return self.months[1]

    @model_validator(mode="after")
    def _ages(self) -> Self:
        """Ages ascend and belong to a child under kindergarten age."""
        if not 0 <= self.months[0] <= self.months[1] <= 47:
            raise Misfit((("months",), "two ages from 0 to 47, the younger first"))
        if 0 < self.face_value < 0.01:
            raise Misfit((("face_value",), "0, or 0.01 yuan and more"))
        return self


class VoucherPool(Instrument):
    """Issues vouchers by age tranche, each valid for one bill: the holder's next, or one within some days.

    A bill's day of the month is the clock's, not the family's: whoever holds a voucher of three days pays early. So it
    is good for the next bill after its issue, whatever day that has, and void once both that and its days are over.

    Xi'an, 10 November 2025 to 30 June 2026: 1,800 a month in three tranches (Shaanxi Daily, 12 November
    2025). How families learn of it and apply is assumed, see docs/model.md.

    What a round puts up for the first time is *offered*: `per_round`. With `roll_over`, what the rounds before left
    over, and what has expired since, is put up again beside it and is not offered twice; so a round may issue more
    than it offers, and over any span issued + what waits to be issued = offered + expired. What is left after the
    last round lapses. Without `roll_over`, issued never exceeds offered.
    """

    title: ClassVar[str] = "one-off vouchers, applied for in rounds"

    every: Literal["month"] = Field(default="month", description="a round on the start's day of each month")
    valid_days: int = number(
        "days",
        "after issue on which it may be redeemed; the next bill always counts",
        default=30,
        at_least=1,
        at_most=366,
    )
    allocation: Literal["lottery", "first_come", "lowest_income", "new_families_first"] = Field(
        default="lottery", description="who wins when more apply than can"
    )
    reserved: float = fraction("share of each round's vouchers drawn first among households of low income", default=0.0)
    reserved_below: float = number(
        "yuan a month", "household income per head up to which a family draws for the reserved", default=0.0
    )
    redeem_at: Literal["registered", "inclusive", "any"] = Field(
        default="registered", description="institutions that take it"
    )
    repeat: bool = Field(default=True, description="may a child win again?")
    roll_over: bool = Field(
        default=False,
        description="are vouchers not issued, or expired, added to the tranche's next round?",
    )
    hassle: float = number(
        "yuan", "what applying costs a family in time and nerve", default=20.0, at_most=100_000, low=5.0, high=100.0
    )
    aware_enrolled: float = fraction(
        "share of enrolled families that know of the pool at its launch", default=0.8, low=0.5, high=1.0
    )
    aware_others: float = fraction(
        "share of other families that know of it at its launch", default=0.15, low=0.03, high=0.6
    )
    aware_growth: float = fraction(
        "monthly share of those who do not know who learn of it", default=0.05, low=0.0, high=0.15
    )
    told_by_centres: float = fraction(
        "share of those unaware told by an institution in a month after it redeemed a voucher",
        default=0.0,
        low=0.0,
        high=0.1,
    )
    tranches: Rows[Tranche] = Field(default=(), max_length=20, description="age tiers")

    @property
    def issued_per_round(self) -> int:
        """Vouchers of all tranches in a round."""
        return sum(tranche.per_round for tranche in self.tranches)

    def clauses(self) -> tuple[str, ...]:
        """Return how many, for whom, who wins, and how they are used."""
        ages = "tranche_only" if len(self.tranches) == 1 else "tranches"
        return (ages, "allocation", "redeem_at", "valid_days")

    @model_validator(mode="after")
    def _apart(self) -> Self:
        """Tranches do not overlap, so that a child belongs to one."""
        order = sorted(range(len(self.tranches)), key=lambda n: self.tranches[n].months)
        wrong = [
            (("tranches", b, "months"), f"ages that do not overlap those of tranches[{a}]")
            for a, b in pairwise(order)
            if self.tranches[b].months[0] <= self.tranches[a].months[1]
        ]
        if wrong:
            raise Misfit(*wrong)
        return self

    @model_validator(mode="after")
    def _reserved_for_some(self) -> Self:
        """What is reserved is reserved for somebody."""
        if self.reserved > 0 and self.reserved_below == 0:
            raise Misfit(
                (("reserved_below",), f"an income per head above 0, for whom a share ({self.reserved}) is kept")
            )
        return self

    @property
    def inert(self) -> bool:
        """No voucher is worth anything, or none is issued."""
        return all(t.face_value == 0 or t.per_round == 0 for t in self.tranches)

    def within(self, first: date, last: date) -> Self:
        """A pool without a last day issues to the end of the run."""
        return super().within(first, last).model_copy(update={"until": self.until or last})

    def at_scale(self, scale: float) -> Self:
        """Quotas are thinned together, rounded by largest remainder."""
        quotas = np.array([t.per_round for t in self.tranches], float)
        whole = apportion(quotas, round(scale * float(quotas.sum()))) if quotas.sum() else quotas.astype(int)
        thinned = tuple(t.model_copy(update={"per_round": int(n)}) for t, n in zip(self.tranches, whole, strict=True))
        return super().at_scale(scale).model_copy(update={"tranches": thinned})

    def quota(self) -> tuple[str, tuple[int, ...]] | None:
        """Vouchers a round by tranche."""
        return ("per_round", tuple(t.per_round for t in self.tranches)) if self.tranches else None

    def tiers(self) -> int:
        """Number of age tranches."""
        return len(self.tranches)

    def columns(self) -> dict[str, Column]:
        """Columns by child: knowing, having won, round of a live voucher; by tranche what rolls over, and `untold`.

        untold : part of those who would not know whom no campaign has told; by child, whom no institution has told
        odds, odds_new : of its applicants in the last round, enrolled and not
        """
        by_centres = {"untold_by_centres": Column("child", "float64", 1.0)} if self.told_by_centres > 0 else {}
        return {
            "aware": Column("child", "bool"),
            "has_won": Column("child", "bool"),
            "issued_in": Column("child", "int16", -1),
            "carried": Column("tranche", "int64"),
            "untold": Column("tranche", "float64", 1.0),
            "odds": Column("tranche", "float64"),
            "odds_new": Column("tranche", "float64"),
            **by_centres,
        }

    def relief(self, offered: Offered, groups: Groups, columns: Columns) -> Relief | None:
        """The face value of a live voucher, where it may be redeemed."""
        del groups, columns
        if not self.tranches:
            return None
        place = offered.that_are(self.redeem_at).astype(float)
        return Relief(rate=np.zeros(1), amount=place, ceiling=np.full(1, np.inf), voucher=True)

    def ages_told_apart(self) -> tuple[int, ...]:
        """Where tranches part, other than by bands."""
        edges = {edge for t in self.tranches for edge in (t.months[0], t.months[1] + 1)}
        return tuple(sorted(edge for edge in edges - {*dates.BAND_FROM_MONTHS} if edge < dates.OLDEST_MONTHS))

    def may_win(self, columns: Columns) -> NDArray[np.bool_]:
        """Those who know of the pool, and may win again or have not yet."""
        aware = columns["aware"]
        return np.asarray(aware if self.repeat else aware & ~columns["has_won"])

    def prospects(self, groups: Groups, columns: Columns) -> Prospects:
        """Face and odds of the tranche of each age, as the last round left the odds.

        An infant too young to enrol is as old as the youngest who may.
        """
        ages = np.maximum(groups.from_months[:, None], np.array(dates.BAND_FROM_MONTHS)[None, :])
        face, odds, odds_new = (np.zeros(ages.shape) for _ in range(3))
        for t, tranche in enumerate(self.tranches):
            of_age = (ages >= tranche.months[0]) & (ages <= tranche.months[1])
            face[of_age] = round(100 * tranche.face_value) / 100
            odds[of_age], odds_new[of_age] = columns["odds"][t], columns["odds_new"][t]
        return Prospects(face, odds, odds_new, np.full(ages.shape, self.hassle), once=not self.repeat)

    def round_days(self) -> list[date]:
        """The day of each round: the start's day of each month to `until`."""
        assert self.start is not None, "the window is filled in before the run"
        assert self.until is not None, "the window is filled in before the run"
        first = dates.month_of(self.start)
        days = (
            dates.date_in(m, min(self.start.day, dates.days_in(m)))
            for m in range(first, dates.month_of(self.until) + 1)
        )
        return [d for d in days if d <= self.until]

    def scheduled(self) -> list[ScheduledEvent]:
        """Rounds, and for each the first days on which vouchers of it are void."""
        days = self.round_days() if self.tranches else []
        rounds = [ScheduledEvent(d, "round", partial(self.draw, n)) for n, d in enumerate(days)]
        ends = [
            ScheduledEvent(day, "expiry", partial(self.expire, n, deciding))
            for n, d in enumerate(days)
            for day, deciding in _void_days(d, self.valid_days, tuple(days[n + 1 :]))
        ]
        return rounds + ends

    def expire(self, number_of_round: int, deciding: tuple[int, ...], desk: Desk, columns: Columns) -> None:
        """Void what families that decide on some days of the month still hold of a round.

        With roll_over it is issued again.
        """
        rows = np.flatnonzero(columns["issued_in"] == number_of_round).astype(np.int32)
        rows = rows[desk.holds(rows)]
        rows = rows[np.isin(desk.decides_on(rows), deciding)]
        ended = desk.expire(rows)
        columns["issued_in"][rows] = -1
        for t, n in enumerate(ended):
            desk.count("vouchers_expired", t, int(n))
            columns["carried"][t] += n if self.roll_over else 0

    def draw(self, number_of_round: int, desk: Desk, columns: Columns) -> None:
        """One round: who is eligible, who knows, who applies, who wins."""
        if self.told_by_centres > 0:
            born = desk.of_age(0, dates.OLDEST_MONTHS)
            columns["untold_by_centres"][born] *= 1 - self.told_by_centres * desk.meets_redeemer()[born]
        for t, tranche in enumerate(self.tranches):
            rows = desk.eligible(tranche.months[0], tranche.months[1], self.valid_days)
            columns["untold"][t] *= 1 - desk.reached()
            aware, asked = self._learn(rows, number_of_round, float(columns["untold"][t]), desk, columns)
            on_offer = tranche.per_round + int(columns["carried"][t])
            applicants = self._applicants(asked, on_offer, number_of_round, tranche, desk)
            winners = self._winners(applicants, on_offer, number_of_round, tranche, desk)
            desk.issue(winners, tranche.face_value, t)
            columns["issued_in"][winners] = number_of_round
            columns["has_won"][winners] = True
            columns["carried"][t] = on_offer - len(winners) if self.roll_over else 0
            columns["odds"][t], columns["odds_new"][t] = self._odds(applicants, winners, on_offer, desk)
            counts = {
                "voucher_eligible": len(rows),
                "voucher_aware": aware,
                "applications": len(applicants),
                "vouchers_offered": tranche.per_round,
                "vouchers_issued": len(winners),
            }
            for metric, n in counts.items():
                desk.count(metric, t, n)
            desk.count_children("applications", applicants)
            desk.count_children("application_fen", applicants, each=round(100 * self.hassle))
            desk.count_children("vouchers_issued", winners)

    def _learn(
        self, rows: NDArray[np.int32], number_of_round: int, untold: float, desk: Desk, columns: Columns
    ) -> tuple[int, NDArray[np.int32]]:
        """Number of `rows` that know of the pool by this round, and those of them that may apply.

        untold : part of those who would not know whom no campaign has told
        """
        unknowing = (1 - self.aware_growth) ** number_of_round * untold
        enrolled, others = (1 - (1 - share) * unknowing for share in (self.aware_enrolled, self.aware_others))
        if self.told_by_centres > 0:
            desk.hear(rows, columns["aware"], enrolled, others, columns["untold_by_centres"])
        barred = np.zeros(0, bool) if self.repeat else columns["has_won"]
        return desk.learn(rows, columns["aware"], enrolled, others, barred)

    @property
    def _parts_odds(self) -> bool:
        """Whether families know odds of their own as new or as enrolled: all new ones come before any enrolled.

        Of a share that is reserved enrolled families of low income may win before others who are new, so that where
        there is one all expect the average.
        """
        return self.allocation == "new_families_first" and self.reserved == 0

    def _odds(
        self, applicants: NDArray[np.int32], winners: NDArray[np.int32], on_offer: int, desk: Desk
    ) -> tuple[float, float]:
        """Odds of a round's applicants, of the enrolled and of the others.

        Where nobody applied, whoever does next will be the only one.
        """

        def of(won: int, applied: int, vouchers: int) -> float:
            return won / applied if applied else float(vouchers > 0)

        if not self._parts_odds:
            both = of(len(winners), len(applicants), on_offer)
            return both, both
        applied, won = (int(np.count_nonzero(desk.enrolled(rows))) for rows in (applicants, winners))
        new = len(winners) - won
        return of(won, applied, on_offer - new), of(new, len(applicants) - applied, on_offer)

    def _applicants(
        self, asked: NDArray[np.int32], on_offer: int, number_of_round: int, tranche: Tranche, desk: Desk
    ) -> NDArray[np.int32]:
        """Families that apply, in row order.

        Where new families come before all others, the new ones face the odds among themselves, whoever else applies:
        `number_of_applicants` with all vouchers holds for them alone. They leave the enrolled what they do not win, so
        that it holds for these alone too, with the vouchers left: at both numbers nobody regrets, nobody is missing,
        and no other two have that. Where the new leave none, no enrolled family applies.
        """
        if not self._parts_odds:
            return self._keenest(asked, on_offer, number_of_round, tranche, desk)
        inside = desk.enrolled(asked)
        new = self._keenest(asked[~inside], on_offer, number_of_round, tranche, desk)
        left = max(on_offer - len(new), 0)
        enrolled = self._keenest(asked[inside], left, number_of_round, tranche, desk)
        return np.sort(np.concatenate([new, enrolled]))

    def _keenest(
        self, asked: NDArray[np.int32], on_offer: int, number_of_round: int, tranche: Tranche, desk: Desk
    ) -> NDArray[np.int32]:
        """Families that apply of some with the same odds, in row order: as many as `number_of_applicants` says.

        Where applying costs nothing and there are vouchers for all who may, all do: such a voucher is a right.

        Gains are worked out only of those whom their bounds leave open. Were every gain at its least, no more would
        apply than do, and at its most no fewer: with F and M applicants, F <= k <= M. So whoever gains more than
        fare(M + 1) >= fare(k + 1) is keener than the first that stays out, and whoever gains no more than
        fare(F) <= fare(k) is less keen than the last that applies. With nobody left open F = k = M. Between fare(k) and
        fare(k + 1) the keener come first, and of equals a lot decides.
        """
        if on_offer == 0:
            return asked[:0]
        if self.hassle == 0 and on_offer >= len(asked):  # a voucher for the asking: nobody weighs whether to ask
            return asked if tranche.face_value > 0 else asked[:0]
        rows, least, most, floor = self._near(asked, on_offer, tranche, desk)
        few, many = 0, len(rows)
        for _ in range(len(rows) + 1):  # each turn works out a gain that was left open, if any is
            few, many = (number_of_applicants(g, on_offer, self.hassle, few, many) for g in (least, most))
            surely, maybe = least > fare(many + 1, on_offer, self.hassle), most > fare(few, on_offer, self.hassle)
            open_ = maybe & ~surely & (least < most)
            if not open_.any():
                break
            # first those that the lowest fare may shut out, for they say most of the number
            doubtful = open_ & (least <= fare(few, on_offer, self.hassle))
            these = np.flatnonzero(doubtful if doubtful.any() else open_)
            least[these], most[these] = desk.gains(rows[these], tranche.face_value, floor, exact=True)
        edge, places = np.flatnonzero(maybe & ~surely), few - int(np.count_nonzero(surely))
        lots = desk.chance(rows[edge], "edge", number_of_round) if places < len(edge) else np.zeros(len(edge))
        surely[edge[_foremost(-least[edge], lots, places)]] = True
        return rows[surely]

    def _near(
        self, asked: NDArray[np.int32], on_offer: int, tranche: Tranche, desk: Desk
    ) -> tuple[NDArray[np.int32], Floats, Floats, float]:
        """Families that may apply, what each gains at least and at most, and what none applies for [yuan].

        The higher the floor, the fewer gains are worked out, so it is guessed: half of the enrolled apply, and for no
        less than half the face value. If more do than the guess needs, it holds; else all is asked again from the sum
        that must be exceeded in any case.
        """
        floor = max(self.hassle, PERCEPTIBLE)
        half = int(np.count_nonzero(desk.enrolled(asked))) // 2
        guess = min(fare(half, on_offer, self.hassle), tranche.face_value / 2)
        for least_gain in dict.fromkeys((max(floor, guess), floor)):
            least, most = desk.gains(asked, tranche.face_value, least_gain, exact=False)
            near = np.flatnonzero(most > least_gain)
            rows, least, most = asked[near], least[near], most[near]
            few = number_of_applicants(least, on_offer, self.hassle, 0, len(rows))
            if fare(few, on_offer, self.hassle) >= least_gain:
                break
        return rows, least, most, least_gain

    def _winners(
        self, applicants: NDArray[np.int32], on_offer: int, number_of_round: int, tranche: Tranche, desk: Desk
    ) -> NDArray[np.int32]:
        """Those of the applicants who win, in row order."""
        if len(applicants) <= on_offer:
            return applicants
        first, lot = self._turns(applicants, number_of_round, tranche, desk)
        won = np.zeros(len(applicants), bool)
        if self.reserved > 0:
            # two draws, each with luck of its own: by one draw a share that the poor would win anyway is no help
            poor = np.flatnonzero(desk.income_per_head(applicants) <= self.reserved_below)
            lots = desk.chance(applicants[poor], "reserved", number_of_round)
            won[poor[_foremost(first[poor], lots, round(self.reserved * on_offer))]] = True
        others = np.flatnonzero(~won)
        won[others[_foremost(first[others], lot[others], on_offer - int(won.sum()))]] = True
        return applicants[won]

    def _turns(
        self, applicants: NDArray[np.int32], number_of_round: int, tranche: Tranche, desk: Desk
    ) -> tuple[Floats, Floats]:
        """In which order the applicants win by `allocation`, the lowest first, and the lots that decide ties."""
        lot = desk.chance(applicants, "lottery", number_of_round)
        first: Floats
        if self.allocation == "first_come":
            # assumption: the keener a family, the sooner it applies: arrival at a rate equal to its gain
            first = -np.log(lot) / desk.gains(applicants, tranche.face_value, 0.0, exact=True)[0]
        elif self.allocation == "lowest_income":
            first = desk.income_per_head(applicants)
        elif self.allocation == "new_families_first":
            first = desk.enrolled(applicants).astype(float)
        else:
            first = np.zeros(len(applicants))
        return first, lot


@cache  # the calendars ask for it again at each of these days
def _void_days(issued: date, valid_days: int, rounds: tuple[date, ...]) -> tuple[tuple[date, tuple[int, ...]], ...]:
    """First days on which vouchers issued on a day are void, each with the decision days of those whose it is.

    A voucher is void on the day after its last: the `valid_days`-th after its issue, or its holder's next bill if that
    is later. One that no bill is left for keeps nobody from the next round: it is void on that round's day, if it is
    earlier.

    rounds : days of the later rounds, ascending
    """
    deciding: dict[date, list[int]] = {}
    for d in range(1, dates.DECISION_DAYS + 1):
        last = max(issued + timedelta(days=valid_days), dates.next_on(issued, d))
        bill = dates.next_on(last + timedelta(days=1), d)  # the first for which it is too late
        last_bill = dates.date_in(dates.month_of(bill) - 1, d)
        useless = next((r for r in rounds if last_bill < r <= last), last + timedelta(days=1))
        deciding.setdefault(useless, []).append(d)
    return tuple((day, tuple(those)) for day, those in sorted(deciding.items()))


def fare(applicants: int, vouchers: int, hassle: float) -> float:
    """Hassle that a voucher costs at the odds among a number of applicants, min(1, vouchers / applicants) [yuan]."""
    return hassle * max(1.0, applicants / vouchers) if vouchers else np.inf


def number_of_applicants(gains: Floats, vouchers: int, hassle: float, lowest: int, highest: int) -> int:
    """Number of families that apply when all expect the odds that come about.

    A family applies if odds · gain > hassle, that is if its gain exceeds fare(k) = hassle / min(1, vouchers / k) among
    k applicants. With the gains in falling order g_1 >= g_2 >= ... the number is

        k = the largest for which g_k > fare(k), that is for which k gains or more exceed fare(k)

    At k nobody regrets, and nobody is missing: each of the k keenest gains more than fare(k), and no further one more
    than fare(k + 1). No other number will do, for g_n falls and fare(n) rises in n. Of n > k applicants the least keen
    gains g_n <= fare(n) at most: it regrets. Of n < k one of the k keenest is missing, who gains g_k > fare(k) >=
    fare(n + 1) at least: it would apply. So the odds solve odds = min(1, vouchers / applicants(odds)) as nearly as
    whole families can (rational expectations; Muth, Econometrica 29, 1961). It follows that

    - all of the first `vouchers` families whose gain exceeds the hassle apply, at odds of 1: no round stays empty
    - k does not rise with the hassle, and does not fall with the vouchers or with any gain
    - more vouchers leave no fare as high as one more applicant would have found it with fewer: if k' <= k applicants,
      k' / vouchers' < (k + 1) / vouchers; if k' > k, fare'(k') < g_k' <= g_(k+1) <= fare(k + 1)

    gains : float64 (n,)  in any order [yuan]
    lowest, highest : between which the number is known to be
    """
    found = bisect_left(
        range(lowest + 1, highest + 1),
        True,
        key=lambda k: bool(np.count_nonzero(gains > fare(k, vouchers, hassle)) < k),
    )
    return lowest + found


def _foremost(first: Floats, lots: Floats, places: int) -> NDArray[np.int64]:
    """Positions of the `places` lowest by `first`, equals by their lots; in no order, which takes longer to find."""
    if places >= len(first):
        return np.arange(len(first))
    if places <= 0:
        return np.zeros(0, np.int64)
    last = np.partition(first, places - 1)[places - 1]
    ahead, level = np.flatnonzero(first < last), np.flatnonzero(first == last)
    left = places - len(ahead)
    return np.append(ahead, level[np.argpartition(lots[level], left - 1)[:left]])
