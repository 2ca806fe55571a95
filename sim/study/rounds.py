"""Searches side by side: what several ask for at the same time is one plan, so that a city is drawn once for all."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from sim.study.compare import Key, Outcome
from sim.study.plan import Arm, Plan

Found = TypeVar("Found")
Outcomes = Mapping[Key, Sequence[Outcome]]
CarryOut = Callable[[Plan], Outcomes]


def side_by_side(searches: Sequence[Callable[[CarryOut], Found]], carry_out: CarryOut) -> list[Found]:
    """What each search finds, in their order; each is handed a function that runs its plans.

    Whenever all searches that go on are waiting for a plan, the plans of one number of replications are run as one. So
    what is run does not depend on how threads happen to be scheduled. A search that fails ends all, with its error.
    """
    counter = _Counter(len(searches))
    with ThreadPoolExecutor(max(len(searches), 1)) as threads:
        running = [threads.submit(counter.attend, search) for search in searches]
        try:
            while asked := counter.all_asked():
                _answer(asked, carry_out)
        except BaseException as error:
            counter.give_up(error)
            raise
        return [future.result() for future in running]


class _Counter:
    """Where searches hand in plans."""

    def __init__(self, searches: int) -> None:
        self._open, self._asked = searches, list[tuple[Plan, Future[Outcomes]]]()
        self._changed, self._error = threading.Condition(), None

    _error: BaseException | None

    def attend(self, search: Callable[[CarryOut], Found]) -> Found:
        """Go through a search, in a thread of its own."""
        try:
            return search(self._ask)
        finally:
            with self._changed:
                self._open -= 1
                self._changed.notify_all()

    def _ask(self, plan: Plan) -> Outcomes:
        answer = Future[Outcomes]()
        with self._changed:
            if self._error is not None:
                raise self._error
            self._asked.append((plan, answer))
            self._changed.notify_all()
        return answer.result()

    def all_asked(self) -> list[tuple[Plan, Future[Outcomes]]]:
        """The plans of all searches that go on, once each has one; none when all have ended."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._asked) == self._open)
            asked, self._asked = self._asked, []
            return asked

    def give_up(self, error: BaseException) -> None:
        """End every search that waits, or asks again, with an error."""
        with self._changed:
            self._error = error
            for _, answer in self._asked:
                answer.set_exception(error)


def _answer(asked: Sequence[tuple[Plan, "Future[Outcomes]"]], carry_out: CarryOut) -> None:
    """Run the plans asked for, arms in the order of their names whoever came first, and hand each its outcomes."""
    for replications in sorted({plan.scenario.run.replications for plan, _ in asked}):
        group = [(plan, answer) for plan, answer in asked if plan.scenario.run.replications == replications]
        arms: dict[Key, Arm] = {arm.key: arm for plan, _ in group for arm in plan.arms}
        try:
            outcomes = carry_out(replace(group[0][0], arms=tuple(arms[key] for key in sorted(arms))))
        except BaseException as error:
            for _, answer in asked:
                if not answer.done():
                    answer.set_exception(error)
            raise
        for _, answer in group:
            answer.set_result(outcomes)
