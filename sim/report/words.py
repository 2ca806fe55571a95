"""Every word the report says: one table of metrics, one of assumptions, one of sentences.

Each entry holds one text per language, so a further language is a further key in each entry and
nothing else; where a language lacks an entry, the English one is used.
"""

from dataclasses import dataclass

DEFAULT = "en"


@dataclass(frozen=True)
class Word:
    """How one thing is called.

    label : for rows and axes
    unit : as written in brackets behind the label; empty for pure counts
    meaning : one line for the reader who asks
    short : for places with no room; the label if empty
    """

    label: str
    unit: str
    meaning: str
    short: str = ""


# how each metric's numbers are written; the keys are those of numerals.FORMS
FORMS: dict[str, str] = {
    "take_up": "take_up",
    "take_up_under_36": "take_up",
    "utilisation": "share",
    "redemption_rate": "share",
    "inframarginal_share": "share",
    "inframarginal_money_share": "share",
    "public_cost": "money",
    "standing_cost": "money",
    "consumer_surplus": "money",
    "institution_profit": "money",
    "mean_fee": "yuan",
    "mean_net_fee": "yuan",
    "cost_per_added_child_month": "yuan",
    "pass_through": "plain",
    "concentration_index": "plain",
    "mvpf": "plain",
}

METRICS: dict[str, dict[str, Word]] = {
    "children": {"en": Word("Children", "", "children under three, mean of month-ends")},
    "enrolled": {"en": Word("Enrolled", "children", "in formal care, mean of month-ends")},
    "enrolled_child_months": {
        "en": Word("Enrolled child-months", "", "bills for one child and one month, summed over the window")
    },
    "take_up": {"en": Word("Take-up", "%", "children enrolled, of any age until kindergarten ÷ children under three")},
    "take_up_under_36": {
        "en": Word("Take-up under 36 months", "%", "children under three enrolled ÷ children under three")
    },
    "places": {"en": Word("Places", "", "places in open offers, mean of month-ends")},
    "institutions": {"en": Word("Institutions", "", "open institutions, mean of month-ends")},
    "utilisation": {"en": Word("Utilisation", "%", "full-time equivalents enrolled ÷ places")},
    "mean_fee": {"en": Word("Posted fee", "yuan a month", "posted full-day fee, weighted by places of open offers")},
    "mean_net_fee": {"en": Word("Net fee", "yuan a month", "what families pay after instruments, weighted by bills")},
    "voucher_eligible": {"en": Word("Eligible", "children × rounds", "children who may apply, counted at each round")},
    "voucher_aware": {"en": Word("Aware", "children × rounds", "eligible children whose family knows of the voucher")},
    "applications": {
        "en": Word("Applied", "children × rounds", "children for whom a voucher was applied for, counted at each round")
    },
    "vouchers_offered": {"en": Word("Vouchers offered", "", "vouchers put up in the rounds")},
    "vouchers_issued": {"en": Word("Won a voucher", "vouchers", "vouchers handed to winners")},
    "vouchers_redeemed": {"en": Word("Redeemed", "vouchers", "vouchers used to pay a bill")},
    "vouchers_redeemed_marginal": {
        "en": Word(
            "Redeemed, and not enrolled otherwise",
            "vouchers",
            "redeemed by children who would not be enrolled that month in the baseline",
            "… and not enrolled otherwise",
        )
    },
    "vouchers_expired": {"en": Word("Vouchers expired", "", "vouchers that ran out unused")},
    "redemption_rate": {"en": Word("Redemption rate", "%", "redeemed ÷ (redeemed + expired)")},
    "public_cost": {"en": Word("Public cost", "million yuan", "claims accrued under the policy's own instruments")},
    "standing_cost": {"en": Word("Standing cost", "million yuan", "claims under the city's standing programmes")},
    "added_child_months": {
        "en": Word(
            "Added child-months",
            "",
            "enrolled child-months above the baseline with the same luck, subsidised or not, "
            "net of children crowded out",
        )
    },
    "cost_per_added_child_month": {
        "en": Word("Cost per added child-month", "yuan", "paired change of all public cost ÷ added child-months")
    },
    "inframarginal_share": {
        "en": Word(
            "Inframarginal share",
            "%",
            "subsidised child-months whose child is enrolled in the baseline that month too ÷ all subsidised",
        )
    },
    "inframarginal_money_share": {
        "en": Word("Inframarginal share of money", "%", "the inframarginal share, weighted by yuan")
    },
    "pass_through": {
        "en": Word(
            "Pass-through",
            "yuan per yuan",
            "rise in posted fees on baseline enrolment per yuan of public cost; below zero when fees fall",
        )
    },
    "waiting": {"en": Word("Waiting", "children", "children on a waiting list, mean of month-ends")},
    "openings": {"en": Word("Classes opened", "classes", "classes opened in the window")},
    "closures": {"en": Word("Classes closed", "classes", "classes given up in the window")},
    "displaced_children": {"en": Word("Displaced children", "", "children who lost a place to a closure")},
    "crowded_out": {"en": Word("Crowded out", "child-months", "enrolled in the baseline but not under the policy")},
    "consumer_surplus": {"en": Word("Families' surplus", "million yuan", "gain to families, money counted as paid")},
    "institution_profit": {"en": Word("Institutions' profit", "million yuan", "receipts less all costs")},
    "concentration_index": {
        "en": Word("Concentration index", "", "of enrolled child-months by income; above zero favours the better off")
    },
    "mvpf": {"en": Word("Value per yuan (MVPF)", "yuan per yuan", "families' surplus ÷ net cost to the public purse")},
}

ASSUMPTIONS: dict[str, dict[str, Word]] = {
    "awareness": {"en": Word("Awareness", "", "how many families know of the voucher at its launch", "awareness")},
    "hassle": {"en": Word("Hassle", "yuan", "what an application costs a family in trouble", "hassle")},
    "commitment": {
        "en": Word(
            "Commitment",
            "months",
            "over how many months a family spreads a one-off relief when it decides to enter",
            "commitment",
        )
    },
}

MONTHS: dict[str, tuple[str, ...]] = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}

TEXTS: dict[str, dict[str, str]] = {
    # the table at the end of a run
    "column.policy": {"en": "Policy"},
    "terminal.take_up": {"en": "Take-up, and\nits change"},
    "terminal.added": {"en": "Added\nchild-months"},
    "terminal.cost": {"en": "Public cost,\nmillion yuan"},
    "terminal.per_added": {"en": "Yuan per added\nchild-month"},
    "terminal.inframarginal": {"en": "Would have\ncome anyway"},
    "terminal.points": {"en": "{change} points"},
    "terminal.if": {"en": " {assumption}"},
    "terminal.luck": {
        "en": "Second lines: 95 % intervals for luck, over {replications} replications with the same luck "
        "under every policy."
    },
    "terminal.no_luck": {"en": "No intervals: to measure luck takes two replications or more."},
    "terminal.knowledge": {
        "en": "Under each policy: the last two numbers with one assumption at its low | central | high value, "
        "which nobody knows, over fewer draws."
    },
    # the page's frame
    "page.kind": {"en": "Childcare policy comparison"},
    "page.replications": {"en": "{n} replications"},
    "page.replication": {"en": "one replication"},
    "page.replications.some": {"en": "replications"},
    "page.window": {"en": "{first} to {last}"},
    "page.untitled": {"en": "Childcare policies compared"},
    "page.short": {"en": "In short"},
    "page.stand_in": {"en": "In the figures, {number} stands for {policy}."},
    "page.headline": {"en": "The policies side by side"},
    "page.headline.how": {
        "en": "Under each number its 95 % interval for luck: every policy has the same {replications}, "
        "so differences are measured child by child. “Assumptions” gives the range of the number over what "
        "nobody knows; the two doubts are never added up. A dash marks what is undefined, or a ratio whose "
        "denominator cannot be told from zero."
    },
    "page.headline.one": {
        "en": "No intervals are shown: to measure luck takes two replications or more. “Assumptions” gives "
        "the range of the number over what nobody knows. A dash marks what is undefined."
    },
    "page.notes": {"en": "Read this with the table"},
    "page.scaled": {"en": "Simulated at {scale} of the city's size: counts and money are those of the sample."},
    "page.figures": {"en": "Figures"},
    "page.knowledge": {"en": "How the answer moves with what nobody knows"},
    "page.knowledge.how": {
        "en": "No source pins these assumptions. Each line sets one of them to the low and to the high end "
        "of its range and leaves the others at their centre. These are settings, not intervals, and need not "
        "be in order of size."
    },
    "page.sweep": {"en": "The sweep, arm by arm"},
    "page.sweep.how": {
        "en": "Every arm is {policy} with the values shown; the numbers behind the figure of added "
        "child-months against cost. “Most for its cost” marks the arms that no other arm beats on both."
    },
    "page.measures": {"en": "Everything else that was measured"},
    "page.measures.how": {
        "en": "Each cell: the policy's own value with its interval and, after Δ, the paired difference from "
        "{baseline} with its interval. Groups (income, age, district, kind) are in summary.csv."
    },
    "page.evidence": {"en": "What the numbers rest on"},
    "page.evidence.how": {"en": "{flagged} of {total} values are assumptions or have no source; they are marked."},
    "page.evidence.flag": {"en": "assumption"},
    "page.evidence.unsourced": {"en": "no source given"},
    "page.run": {"en": "How it was run"},
    "page.run.again": {"en": "To repeat it:"},
    "page.words": {"en": "What the words mean"},
    "page.assumptions": {"en": "assumptions:"},
    "page.baseline": {"en": "baseline"},
    # column heads
    "column.take_up": {"en": "Take-up"},
    "column.change": {"en": "Change of take-up, percentage points"},
    "column.added": {"en": "Added child-months"},
    "column.cost": {"en": "Public cost, million yuan"},
    "column.per_added": {"en": "Cost per added child-month, yuan"},
    "column.inframarginal": {"en": "Would have come anyway (inframarginal share)"},
    "column.measure": {"en": "Measure"},
    "column.assumption": {"en": "Assumption"},
    "column.low": {"en": "at its low"},
    "column.central": {"en": "at its centre"},
    "column.high": {"en": "at its high"},
    "column.arm": {"en": "Arm"},
    "column.efficient": {"en": "Most for its cost"},
    "column.yes": {"en": "yes"},
    "column.parameter": {"en": "Parameter"},
    "column.value": {"en": "Value"},
    "column.range": {"en": "Range"},
    "column.source": {"en": "Source"},
    # one finding per policy, in sentences
    "finding.added": {"en": "adds {added} child-months of care ({luck}) for {cost} million yuan."},
    "finding.lost": {"en": "takes away {added} child-months of care ({luck}) and costs {cost} million yuan."},
    "finding.unclear": {
        "en": "costs {cost} million yuan; its effect on enrolment cannot be told from zero ({added} "
        "child-months, {luck})."
    },
    "finding.per_added": {"en": "Each added child-month costs {value} yuan ({doubts})."},
    "finding.inframarginal": {"en": "{value} of the subsidised child-months would have happened anyway ({doubts})."},
    "finding.luck": {"en": "95 % interval for luck {spread}"},
    "finding.no_luck": {"en": "no interval: luck was not measured"},
    "finding.knowledge": {"en": "{spread} over the assumptions"},
    "finding.no_knowledge": {"en": "assumptions not varied in this run"},
    # how it was run
    "run.city": {"en": "City"},
    "run.window": {"en": "Counted window"},
    "run.replications": {"en": "Replications"},
    "run.seed": {"en": "Seed"},
    "run.scale": {"en": "Scale"},
    "run.fees": {"en": "Posted fees"},
    "run.fees.respond": {"en": "respond to the policies"},
    "run.fees.fixed": {"en": "do not respond in this run"},
    "run.wall": {"en": "Wall time"},
    "run.seconds": {"en": "{seconds} s"},
    "run.family_months": {"en": "Family-months simulated"},
    "run.speed": {"en": "{count}, {rate} a second"},
    "run.versions": {"en": "Versions"},
    # figures: title, what it shows, and the words on the axes
    "figure.take_up.title": {"en": "Children in formal care, and how many more than in the baseline"},
    "figure.take_up.caption": {
        "en": "Above: children enrolled, of any age until kindergarten, ÷ children under three, at each "
        "month's end. Below: the difference from "
        "the baseline under the same luck; policies too close to be told apart above are told apart there. "
        "Bands are 95 % intervals over replications."
    },
    "figure.public_cost.title": {"en": "What the policies have cost so far, month by month"},
    "figure.public_cost.caption": {
        "en": "Claims accrued since the start of the counted window, cumulated. Bands are 95 % intervals "
        "over replications."
    },
    "figure.frontier.title": {"en": "What each arm of the sweep adds, and what it costs"},
    "figure.frontier.caption": {
        "en": "Each point is one arm; bars are 95 % intervals in both directions. The line joins the arms "
        "that no other arm beats on both counts, judged by the means: where bars overlap, it may be luck."
    },
    "figure.funnel.title": {"en": "From the children who may apply to the vouchers that change something"},
    "figure.funnel.caption": {
        "en": "Children are counted once a round. In brackets the share of the step above. The scale is "
        "logarithmic: equal distances are equal ratios. "
        "Lines through the marks are 95 % intervals over replications, where wide enough to be seen."
    },
    "figure.who_gains.title": {"en": "Who gains: money and added care by family income"},
    "figure.who_gains.caption": {
        "en": "Children's families in fifths by income, poorest to richest. Each policy is drawn to a scale "
        "of its own; the numbers are written at the bars. Whiskers are 95 % intervals over replications."
    },
    "figure.market.title": {"en": "Fees and filled places, by policy"},
    "figure.market.caption": {
        "en": "Left the level, right the difference from the baseline under the same luck. Bands are 95 % "
        "intervals over replications."
    },
    "figure.alt": {"en": "{title}. {caption} Policies: {policies}."},
    "axis.take_up": {"en": "Take-up, %"},
    "axis.enrolled_change": {"en": "Children above the baseline"},
    "axis.take_up_change": {"en": "Above the baseline, percentage points"},
    "axis.rule": {"en": "100 children are {points} percentage points of take-up."},
    "axis.cost": {"en": "Cumulative public cost, million yuan"},
    "axis.cost_change": {"en": "Public cost, million yuan"},
    "axis.added": {"en": "Added child-months"},
    "axis.mean_fee": {"en": "Posted fee, yuan a month"},
    "axis.mean_net_fee": {"en": "Net fee, yuan a month"},
    "axis.utilisation": {"en": "Places filled, %"},
    "axis.mean_fee.change": {"en": "Posted fee, yuan a month"},
    "axis.mean_net_fee.change": {"en": "Net fee, yuan a month"},
    "axis.utilisation.change": {"en": "Places filled, percentage points"},
    "axis.level": {"en": "Level"},
    "axis.difference": {"en": "Difference from the baseline"},
    "axis.funnel": {"en": "Children × rounds, and vouchers (logarithmic scale)"},
    "frontier.efficient": {"en": "no arm adds more for less"},
    "frontier.other": {"en": "another arm does better"},
    "frontier.key": {"en": "Labels: {axes}"},
    "frontier.factor": {"en": "{label} (× its own)"},
    "quintile.1": {"en": "poorest"},
    "quintile.2": {"en": "2nd"},
    "quintile.3": {"en": "3rd"},
    "quintile.4": {"en": "4th"},
    "quintile.5": {"en": "richest"},
    "figure.unnamed": {"en": "policy {number}"},
}


def metric(key: str, language: str = DEFAULT) -> Word:
    """Look up a metric; one that the table lacks is called by its own name."""
    return _choose(METRICS.get(key, {}), language) or Word(key, "", "")


def assumption(key: str, language: str = DEFAULT) -> Word:
    """Look up an assumption; one that the table lacks is called by its own name."""
    return _choose(ASSUMPTIONS.get(key, {}), language) or Word(key, "", "", key)


def form(key: str) -> str:
    """Say how a metric's numbers are written; counts, if nothing else is said."""
    return FORMS.get(key, "count" if key in METRICS else "plain")


def month(number: int, language: str = DEFAULT) -> str:
    """Return the short name of a month, 1 to 12."""
    return MONTHS.get(language, MONTHS[DEFAULT])[number - 1]


def text(key: str, language: str = DEFAULT, **values: object) -> str:
    """Return a sentence with its gaps filled; an unknown key is an error in the program."""
    entry = TEXTS[key]
    return entry.get(language, entry[DEFAULT]).format(**values)


def _choose(entry: dict[str, Word], language: str) -> Word | None:
    return entry.get(language, entry.get(DEFAULT))
