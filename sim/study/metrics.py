"""Metrics: what the tables tell, by which groups, and what an interval of each must respect."""

from dataclasses import dataclass, field

from sim.engine.recorder import LIST_TOTALS

TAKE_UP = "take_up_under_36"  # of the headline: children under three on both sides, as the rate is published


@dataclass(frozen=True)
class Metric:
    """A metric as a part, or as one part over another.

    groups : prefixes of the groups by which it is told apart, beside all
    kind : what its interval must respect: "total" is never negative, "rare" a count of few, "signed" may be
        either, "share" lies between 0 and 1, "ratio" may be anything; "chance" is a share of replications, "where"
        a mean that is never negative, "compared" one of either sign; these three over those replications in which
        the bottom, if there is one, is not 0; "value" a ratio that says nothing where its bottom is not above 0
    """

    name: str
    unit: str
    top: str
    bottom: str = ""
    groups: tuple[str, ...] = field(default=())
    monthly: bool = True
    kind: str = "total"


_PEOPLE = ("band=", "quintile=", "birth_order=", "district=")
_OFFERS = ("band=", "kind=", "district=")
_BILLS = ("band=", "kind=", "quintile=", "birth_order=", "district=")
_PAIRED = ("quintile=", "birth_order=", "district=")
_VOUCHERS = ("tranche=",)
_APPLICANTS = (*_PEOPLE, *_VOUCHERS)
_LISTS = ("band=",)
_LOTS = ("lot=",)

_EACH = "child-months per child"
INCIDENCE = (  # of `incidence.Incidence.named`
    "outlay", "families", "always_takers", "fee_rise", "other_offers", "new_users", "crowded_out", "cash",
    "lost_fees", "staff", "other_costs", "administration", "profit",
)  # fmt: skip
METRICS = (
    Metric("children", "children", "children", groups=_PEOPLE),
    Metric("enrolled", "children", "enrolled", groups=_BILLS),
    Metric("enrolled_child_months", "child-months", "enrolled_child_months", groups=_BILLS),
    Metric("take_up", "share", "enrolled", "children", _PEOPLE, kind="share"),
    Metric("take_up_under_36", "share", "enrolled_under_36", "children", _PAIRED, kind="share"),
    Metric("places", "places", "places", groups=_OFFERS),
    Metric("institutions", "institutions", "institutions", groups=("kind=", "district=")),
    Metric("inclusive_share", "share", "inclusive_places", "places", _OFFERS, kind="share"),
    Metric("utilisation", "share", "full_time", "places", _OFFERS, kind="share"),
    Metric("mean_fee", "yuan a month", "fee_places", "full_day_places", _OFFERS, kind="ratio"),
    Metric("mean_net_fee", "yuan a month", "net", "enrolled_child_months", _BILLS, kind="ratio"),
    Metric("waiting", "children", "waiting", groups=_PEOPLE),
    Metric("on_lists", "entries", "on_lists", groups=_LISTS),
    *(Metric(name, "entries", name, groups=_LISTS) for name in LIST_TOTALS if not name.startswith("days_to_")),
    Metric("mean_wait_days", "days", "days_to_taken", "waiting_taken", _LISTS, kind="ratio"),
    Metric("mean_days_on_list", "days", "days_on_list", "waiting_ended", _LISTS, kind="ratio"),
    Metric("openings", "classes", "openings", kind="rare"),
    Metric("closures", "classes", "closures", kind="rare"),
    Metric("institutions_opened", "institutions", "institutions_opened", kind="rare"),
    Metric("institutions_closed", "institutions", "institutions_closed", kind="rare"),
    Metric("displaced_children", "children", "displaced_children", kind="rare"),
    Metric("prepaid_lost", "yuan", "prepaid_lost"),
    Metric("prepaid_refunded", "yuan", "prepaid_refunded"),
    Metric("prepaid_forfeited", "yuan", "prepaid_forfeited"),
    Metric("unpaid_wages", "yuan", "unpaid_wages"),
    Metric("share_losing_cash", "share", "losing_cash", "institutions", kind="share"),
    Metric("share_losing_money", "share", "losing_in_full", "institutions", kind="share"),
    Metric("institution_profit", "yuan", "profit", kind="signed"),
    Metric("institution_profit_full", "yuan", "profit_full", kind="signed"),
    *(Metric(name, "children", name, groups=_VOUCHERS) for name in ("voucher_eligible", "voucher_aware")),
    *(Metric(name, "children", name, groups=_APPLICANTS) for name in ("applications", "applications_refused")),
    Metric("vouchers_issued", "vouchers", "vouchers_issued", groups=_APPLICANTS),
    *(
        Metric(name, "vouchers", name, groups=_VOUCHERS)
        for name in (
            "vouchers_offered",
            "vouchers_redeemed",
            "vouchers_expired",
            "vouchers_live",
            "vouchers_redeemed_marginal",
        )
    ),
    Metric("redemption_rate", "share", "vouchers_redeemed", "vouchers_ended", _VOUCHERS, monthly=False, kind="share"),
    Metric("public_cost", "yuan", "public_cost", groups=(*_BILLS, *_VOUCHERS)),
    Metric("standing_cost", "yuan", "standing_cost"),
    Metric("unspent_budget", "yuan", "unspent_budget", monthly=False),
    Metric("ran_dry", "share", "ran_dry", monthly=False, kind="chance"),
    Metric("run_dry_day", "days", "run_dry_day", "ran_dry", monthly=False, kind="where"),
    Metric("turned_away", "child-months", "turned_away"),
    Metric("subsidised_child_months", "child-months", "subsidised", groups=_BILLS),
    Metric("added_child_months", "child-months", "added", groups=_PAIRED, kind="signed"),
    Metric("added_by_new_children", "child-months", "added_by_new_children", groups=_PAIRED, kind="signed"),
    Metric("added_brought_forward", "child-months", "added_brought_forward", groups=_PAIRED),
    Metric("added_lengthened", "child-months", "added_lengthened", groups=_PAIRED, kind="signed"),
    Metric("new_children", "children", "new_children", groups=_PAIRED),
    Metric("lost_children", "children", "lost_children", groups=_PAIRED),
    Metric("crowded_out", "child-months", "crowded_out", groups=_PAIRED),
    Metric("cost_per_added_child_month", "yuan per child-month", "extra_cost", "added", monthly=False, kind="ratio"),
    Metric(
        "inframarginal_share", "share", "inframarginal", "subsidised_paired", (*_PAIRED, *_VOUCHERS), False, "share"
    ),
    Metric(
        "inframarginal_money_share",
        "share",
        "inframarginal_yuan",
        "subsidised_yuan",
        (*_PAIRED, *_VOUCHERS),
        False,
        "share",
    ),
    Metric("pass_through", "share", "fee_rise_yuan", "extra_cost", ("kind=",), kind="ratio"),
    Metric("concentration_index", "1", "concentration_top", "concentration_bottom", monthly=False, kind="ratio"),
    Metric("consumer_surplus", "yuan", "surplus", groups=_PAIRED, kind="signed"),
    Metric("application_cost", "yuan", "application_cost", groups=_PAIRED, kind="signed"),
    Metric("mothers_work_months", "months", "work", kind="signed"),
    Metric("extra_tax", "yuan", "extra_tax", kind="signed"),
    Metric("mvpf", "yuan per yuan", "surplus", "net_cost", monthly=False, kind="value"),
    *(Metric(f"incidence_{part}", "yuan", f"incidence_{part}", kind="signed") for part in INCIDENCE),
    *(Metric(name, "children", name, "", _LOTS, False) for name in ("lot_children", "lot_winners", "lot_losers")),
    Metric("lot_winner_months", _EACH, "lot_winner_months", "lot_winners", _LOTS, False, "ratio"),
    Metric("lot_loser_months", _EACH, "lot_loser_months", "lot_losers", _LOTS, False, "ratio"),
    Metric("lot_difference", _EACH, "lot_difference", "lot_compares", _LOTS, False, "compared"),
    Metric("lot_standard_error", _EACH, "lot_standard_error", "lot_compares", _LOTS, False, "where"),
    Metric("lot_estimate", "child-months", "lot_estimate", "lot_compares", _LOTS, False, "compared"),
    Metric("lot_margin", "child-months", "lot_margin", "lot_compares", _LOTS, False, "where"),
    Metric("lot_covers", "share", "lot_covers", "lot_compares", _LOTS, False, "chance"),
    *(
        Metric(f"lot_added_{who}", "child-months", f"lot_added_{who}", "", _LOTS, False, "signed")
        for who in ("winners", "losers", "others")
    ),
    Metric("lot_luck", "child-months", "lot_luck", "lot_compares", _LOTS, False, "compared"),
    Metric("lot_cost_per_month", "yuan per child-month", "lot_cost", "lot_estimate", _LOTS, False, "ratio"),
)
LOTS = tuple(metric.name for metric in METRICS if metric.groups == _LOTS)
KNOWLEDGE = ("cost_per_added_child_month", "inframarginal_share", "mvpf")  # told at the ends of each assumption
WELFARE = {"mothers_work_months", "extra_tax"}  # where the scenario says how much of it there is
BUDGETS = {"unspent_budget", "ran_dry", "run_dry_day", "turned_away"}
