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
    "unspent_budget": "money",
    "ran_dry": "share",
    "run_dry_day": "plain",
    "prepaid_lost": "money",
    "prepaid_refunded": "money",
    "unpaid_wages": "money",
    "consumer_surplus": "money",
    "institution_profit": "money",
    "institution_profit_full": "money",
    "share_losing_cash": "share",
    "share_losing_money": "share",
    "incidence_outlay": "money",
    "incidence_families": "money",
    "incidence_always_takers": "money",
    "incidence_fee_rise": "money",
    "incidence_other_offers": "money",
    "incidence_new_users": "money",
    "incidence_crowded_out": "money",
    "incidence_cash": "money",
    "incidence_lost_fees": "money",
    "incidence_staff": "money",
    "incidence_other_costs": "money",
    "incidence_administration": "money",
    "incidence_profit": "money",
    "mean_fee": "yuan",
    "mean_net_fee": "yuan",
    "cost_per_added_child_month": "yuan",
    "pass_through": "plain",
    "concentration_index": "plain",
    "mean_wait_days": "plain",
    "mean_days_on_list": "plain",
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
    "applications_refused": {
        "en": Word("Turned away", "children × rounds", "applied for a voucher and won none, counted at each round")
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
    "vouchers_live": {"en": Word("Vouchers live", "", "issued vouchers in hand at the end, neither used nor run out")},
    "redemption_rate": {"en": Word("Redemption rate", "%", "redeemed ÷ (redeemed + expired)")},
    "public_cost": {"en": Word("Public cost", "million yuan", "claims accrued under the policy's own instruments")},
    "standing_cost": {"en": Word("Standing cost", "million yuan", "claims under the city's standing programmes")},
    "unspent_budget": {
        "en": Word("Budget left", "million yuan", "of the policy's budgets, unspent at the end of the run")
    },
    "ran_dry": {"en": Word("Budget ran dry", "%", "replications in which a budget of the policy ran dry")},
    "run_dry_day": {
        "en": Word(
            "Budget lasted",
            "days",
            "from the policy's first day to the first on which a budget was spent; "
            "mean over replications in which one was",
        )
    },
    "turned_away": {
        "en": Word(
            "Turned away for want of money",
            "child-months",
            "bills that would have been relieved, had the budget lasted",
        )
    },
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
            "rise in posted fees on baseline enrolment per yuan of public cost; below zero when fees fall. Of a kind "
            "of institution: on its children, per yuan paid for them",
        )
    },
    "subsidised_child_months": {
        "en": Word("Subsidised child-months", "", "child-months with a voucher redeemed or a claim for that child")
    },
    "waiting": {"en": Word("Waiting", "children", "children on a waiting list, mean of month-ends")},
    "on_lists": {
        "en": Word(
            "Entries on lists",
            "",
            "entries on waiting lists, of children enrolled elsewhere too, mean of month-ends; a band's are those "
            "for it, whatever the child's age by now",
        )
    },
    "waiting_joined": {"en": Word("Joined a list", "entries", "entries on waiting lists that began in the window")},
    "waiting_offered": {"en": Word("Offered a place from a list", "entries", "entries that were offered a free place")},
    "waiting_taken": {"en": Word("Took the place offered", "entries", "entries that ended in the place waited for")},
    "waiting_passed": {"en": Word("Passed the place on", "entries", "entries that ended with the offer turned down")},
    "waiting_lapsed": {
        "en": Word("Wanted it no longer", "entries", "entries that ended because another choice had become the best")
    },
    "waiting_aged_out": {
        "en": Word(
            "Outgrew the list", "entries", "entries that ended because the child had grown too old for the class"
        )
    },
    "waiting_dissolved": {"en": Word("List dissolved", "entries", "entries that ended because the institution closed")},
    "waited_0_to_7_days": {"en": Word("Waited up to 7 days", "entries", "of those who took a place from a list")},
    "waited_8_to_30_days": {"en": Word("Waited 8 to 30 days", "entries", "of those who took a place from a list")},
    "waited_31_to_90_days": {"en": Word("Waited 31 to 90 days", "entries", "of those who took a place from a list")},
    "waited_91_to_180_days": {"en": Word("Waited 91 to 180 days", "entries", "of those who took a place from a list")},
    "waited_over_180_days": {"en": Word("Waited over 180 days", "entries", "of those who took a place from a list")},
    "mean_wait_days": {"en": Word("Wait of those who took a place", "days", "mean time on the list until the place")},
    "mean_days_on_list": {
        "en": Word("Time on a list", "days", "mean over all entries that ended in the window, however they ended")
    },
    "openings": {"en": Word("Classes opened", "classes", "classes opened in the window")},
    "closures": {"en": Word("Classes closed", "classes", "classes given up in the window")},
    "institutions_opened": {"en": Word("Institutions opened", "", "institutions that opened in the window")},
    "institutions_closed": {"en": Word("Institutions closed", "", "institutions that closed for good in the window")},
    "displaced_children": {"en": Word("Displaced children", "", "children who lost a place to a closure")},
    "prepaid_lost": {
        "en": Word("Prepaid fees lost", "million yuan", "paid in advance to institutions that closed, and not held")
    },
    "prepaid_refunded": {
        "en": Word("Prepaid fees refunded", "million yuan", "paid in advance, and returned from escrow at a closure")
    },
    "unpaid_wages": {"en": Word("Wages never paid", "million yuan", "owed to staff by institutions that closed")},
    "share_losing_cash": {
        "en": Word("Losing cash", "%", "institutions with a loss in cash over twelve months, mean of month-ends")
    },
    "share_losing_money": {
        "en": Word(
            "Losing money at full cost",
            "%",
            "institutions with a loss over twelve months, the owner's own work and the wear of the fit-out counted as "
            "costs; mean of month-ends",
        )
    },
    "crowded_out": {"en": Word("Crowded out", "child-months", "enrolled in the baseline but not under the policy")},
    "consumer_surplus": {"en": Word("Families' surplus", "million yuan", "gain to families, money counted as paid")},
    "institution_profit": {
        "en": Word(
            "Institutions' profit before owners' support",
            "million yuan",
            "fees and subsidies received, less wages, rent, utilities and food; what owners, parent kindergartens and "
            "public budgets put in is not counted, nor are fit-out and the owner's own work",
        )
    },
    "institution_profit_full": {
        "en": Word(
            "Institutions' profit at full cost",
            "million yuan",
            "the same, less the owner's own work at a head's wage and the wear of the fit-out",
        )
    },
    "incidence_outlay": {
        "en": Word("Public outlay", "million yuan", "what all instruments cost more than in the baseline")
    },
    "incidence_families": {
        "en": Word("Families", "million yuan", "by how much all that families pay, less cash they receive, falls")
    },
    "incidence_always_takers": {
        "en": Word(
            "relief on bills that would be there anyway",
            "million yuan",
            "taken off the bills of child-months billed in the baseline too, at the fees they meet",
        )
    },
    "incidence_fee_rise": {
        "en": Word(
            "fees posted higher, on the same bills",
            "million yuan",
            "rise of the posted fees of the institutions these children attend, as a loss",
        )
    },
    "incidence_other_offers": {
        "en": Word(
            "dearer institutions chosen, on the same bills",
            "million yuan",
            "what these children's posted fees rise by because they attend another institution, as a loss",
        )
    },
    "incidence_new_users": {
        "en": Word("bills of new users", "million yuan", "what new users pay after relief, as a loss")
    },
    "incidence_crowded_out": {
        "en": Word(
            "bills that the crowded-out no longer pay",
            "million yuan",
            "what children billed in the baseline only would have paid",
        )
    },
    "incidence_cash": {
        "en": Word("cash", "million yuan", "cash paid to families whatever they do, above the baseline")
    },
    "incidence_lost_fees": {
        "en": Word("prepaid fees lost to closures", "million yuan", "above the baseline, as a loss")
    },
    "incidence_staff": {"en": Word("Staff", "million yuan", "rise of the wages that staff are paid")},
    "incidence_other_costs": {
        "en": Word("Rent and other costs", "million yuan", "rise of what landlords, suppliers and builders are paid")
    },
    "incidence_administration": {
        "en": Word("Programmes themselves", "million yuan", "rise of what programmes spend themselves")
    },
    "incidence_profit": {
        "en": Word(
            "Institutions' profit",
            "million yuan",
            "rise of profit in cash, with prepaid fees that closing institutions keep and wages they never pay",
        )
    },
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
    "terminal.pass_through": {
        "en": "Of each yuan paid, ended in higher posted fees (below zero: fees fell): {listed}."
    },
    "terminal.prepaid_lost": {"en": "Prepaid fees lost when institutions closed, million yuan: {listed}."},
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
        "nobody knows, in fewer draws, so it need not hold the number above it; the two doubts are never added "
        "up. A dash marks what is undefined, or a ratio whose "
        "denominator cannot be told from zero."
    },
    "page.headline.one": {
        "en": "No intervals are shown: to measure luck takes two replications or more. “Assumptions” gives "
        "the range of the number over what nobody knows. A dash marks what is undefined."
    },
    "page.notes": {"en": "Read this with the table"},
    "page.scaled": {
        "en": "Simulated at {scale} of the city's size: counts and money are those of this sample, not the city's; "
        "intervals are those of a smaller city."
    },
    "page.matched.value": {
        "en": "{policy} has {parameter} = {value}, found so that its total of “{metric}” is that of {to}, "
        "{target}{unit}: it is {residual}{luck} from it. Searched from {low} to {high}, in {runs} runs."
    },
    "page.matched.factor": {
        "en": "{policy} has every {parameter} multiplied by {value}, found so that its total of “{metric}” is that of "
        "{to}, {target}{unit}: it is {residual}{luck} from it. Searched from {low} to {high}, in {runs} runs."
    },
    "page.matched.far": {"en": "No value looked at comes within the {tolerance} of it that were asked for."},
    "figure.scaled": {"en": "City at {scale} of its size: counts and money are the sample's."},
    "page.resting": {
        "en": "Of the {total} numbers put in, {flagged} are assumptions or have no source, {ranged} of them with a "
        "range."
    },
    "page.resting.moved": {"en": "Moved over their ranges here: {moved}. The others stay where they are put."},
    "page.resting.still": {"en": "None is moved over its range in this run."},
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
        "child-months against cost. “Most for its cost” marks the arms that no other arm of this grid beats on "
        "both; values between them, and policies outside the grid, may do better."
    },
    "page.split": {"en": "What each instrument does"},
    "page.split.how": {
        "en": "Each policy's effect divided among its instruments: what each adds to those before it, on the mean over "
        "all orders in which they could be brought in (Shapley value), under the same luck. Below each part its 95 % "
        "interval for luck."
    },
    "page.incidence": {"en": "Where the money went"},
    "page.incidence.how": {
        "en": "Each policy against {baseline}: what the public pays more is, to the last fen, what families pay less, "
        "staff and suppliers are paid more and institutions keep more. A loss stands below zero; the lines under "
        "families add up to theirs, and administration costs nothing in this model. Shown rounded; below each "
        "number is its 95 % interval for luck."
    },
    "page.measures": {"en": "Everything else that was measured"},
    "page.measures.how": {
        "en": "Each cell: the policy's own value with its interval and, after Δ, the paired difference from "
        "{baseline} with its interval. Groups (income, age, district, kind) are in summary.csv; what each word "
        "means stands at the end of this page."
    },
    "page.measures.profit": {
        "en": "Institutions' profit leaves out what owners, parent kindergartens and public budgets put in to keep "
        "them open: its change says what a policy does to them, its level does not say how many lose money."
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
    "column.pass_through": {"en": "Of each yuan, ended in higher posted fees (below zero: fees fell)"},
    "column.measure": {"en": "Measure"},
    "column.instrument": {"en": "Instrument"},
    "column.whole": {"en": "all of them"},
    "column.side": {"en": "Who gains"},
    "column.assumption": {"en": "Assumption"},
    "column.low": {"en": "at its low"},
    "column.central": {"en": "at its centre"},
    "column.high": {"en": "at its high"},
    "column.arm": {"en": "Arm"},
    "column.efficient": {"en": "Most for its cost, within this grid"},
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
    "finding.pass_through": {"en": "Of each yuan {value} ended in higher posted fees ({luck})."},
    "finding.fees_fall": {"en": "For each yuan posted fees fell by {value} ({luck})."},
    "finding.fees_unclear": {
        "en": "Of each yuan {value} ended in higher posted fees, which cannot be told from zero ({luck})."
    },
    "finding.no_effect": {"en": "costs the public nothing and moves no child into care or out of it."},
    "finding.closures": {
        "en": "Closures of {institutions_closed} institutions displace {displaced_children} children; of what their "
        "families had paid in advance {prepaid_lost} million yuan are lost and {prepaid_refunded} million come back; "
        "wages of {unpaid_wages} million stay unpaid."
    },
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
    "run.fees.respond": {"en": "respond to the policies where the city's rules let institutions set them"},
    "run.fees.fixed": {"en": "do not respond in this run, save for cuts that a subsidy demands"},
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
    "figure.frontier.title": {"en": "What each arm of the sweep's grid adds, and what it costs"},
    "figure.frontier.caption": {
        "en": "Each point is one arm; bars are 95 % intervals in both directions. The line joins the arms "
        "that no other arm of this grid beats on both counts, judged by the means: where bars overlap, it may be "
        "luck. Values between the grid's, and policies outside it, may do better."
    },
    "figure.funnel.title": {"en": "From the children who may apply to the vouchers that change something"},
    "figure.funnel.caption": {
        "en": "Children are counted once a round. In brackets the share of the step above. The scale is "
        "logarithmic: equal distances are equal ratios. "
        "Lines through the marks are 95 % intervals over replications, where wide enough to be seen."
    },
    "figure.who_gains.title": {"en": "Who gains: money and added care by family income"},
    "figure.who_gains.caption": {
        "en": "Children's families in fifths by income, poorest to richest. All bars of a column have one "
        "scale; the numbers are written at them. Whiskers are 95 % intervals over replications."
    },
    "figure.incidence.title": {"en": "Where the money went"},
    "figure.incidence.caption": {
        "en": "What each side gains against the baseline; losses stand to the left of zero. Gains less losses are the "
        "public outlay, the mark. Means over replications; the table below has the intervals and the families' parts."
    },
    "figure.market.title": {"en": "Fees and filled places, by policy"},
    "figure.market.caption": {
        "en": "Left the level, right the difference from the baseline under the same luck. Bands are 95 % "
        "intervals over replications."
    },
    "figure.pass_through.title": {"en": "How much of each yuan ends in higher fees"},
    "figure.pass_through.caption": {
        "en": "The rise of posted fees over the baseline's under the same luck, for the children enrolled in the "
        "baseline, per yuan that the policy pays in that month; below zero where fees fall. Above for the kinds of "
        "institution that set fees themselves, per yuan paid for their children; those bound to guided fees count as "
        "unmoved. Months in which a policy pays less than a tenth of its dearest month are left out. Bands are 95 % "
        "intervals over replications."
    },
    "figure.alt": {"en": "{title}. {caption} Policies: {policies}."},
    "axis.take_up": {"en": "Take-up, %"},
    "axis.enrolled_change": {"en": "Children above the baseline"},
    "axis.take_up_change": {"en": "Above the baseline, percentage points"},
    "axis.rule": {"en": "100 children are {points} percentage points of take-up."},
    "axis.cost": {"en": "Cumulative public cost, million yuan"},
    "axis.incidence": {"en": "Gain against the baseline, million yuan"},
    "axis.cost_change": {"en": "Public cost, million yuan"},
    "axis.added": {"en": "Added child-months"},
    "axis.mean_fee": {"en": "Posted fee, yuan a month"},
    "axis.mean_net_fee": {"en": "Net fee, yuan a month"},
    "axis.utilisation": {"en": "Places filled, %"},
    "axis.mean_fee.change": {"en": "Posted fee, yuan a month"},
    "axis.mean_net_fee.change": {"en": "Net fee, yuan a month"},
    "axis.utilisation.change": {"en": "Places filled, percentage points"},
    "axis.pass_through": {"en": "Higher fees, yuan per yuan paid"},
    "axis.pass_through.kind": {"en": "Institutions that set their own fees: {kind}"},
    "axis.pass_through.all": {"en": "All institutions"},
    "axis.fixed": {"en": "{head} (fixed but for demanded cuts)"},
    "axis.level": {"en": "Level"},
    "axis.difference": {"en": "Difference from the baseline"},
    "axis.funnel": {"en": "Children × rounds, and vouchers (logarithmic scale)"},
    "frontier.efficient": {"en": "most for its cost, within this grid"},
    "frontier.other": {"en": "another arm of this grid adds more for less"},
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
