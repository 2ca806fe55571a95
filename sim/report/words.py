"""Every word the report says: one table of metrics, one of assumptions, one of sentences.

Each entry holds one text per language, so a further language is a further key in each entry and
nothing else; where a language lacks an entry, the English one is used.
"""

from dataclasses import dataclass
from typing import Literal, get_args

Language = Literal["en", "zh"]  # English, Simplified Chinese
LANGUAGES: tuple[str, ...] = get_args(Language)
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
    "inclusive_share": "share",
    "utilisation": "share",
    "redemption_rate": "share",
    "inframarginal_share": "share",
    "inframarginal_money_share": "share",
    "unspent_budget": "money",
    "ran_dry": "share",
    "run_dry_day": "plain",
    "public_cost": "money",
    "standing_cost": "money",
    "prepaid_lost": "money",
    "prepaid_refunded": "money",
    "prepaid_forfeited": "money",
    "unpaid_wages": "money",
    "consumer_surplus": "money",
    "application_cost": "money",
    "extra_tax": "money",
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
    "lot_winner_months": "plain",
    "lot_loser_months": "plain",
    "lot_difference": "plain",
    "lot_standard_error": "plain",
    "lot_covers": "share",
    "lot_cost_per_month": "yuan",
}

METRICS: dict[str, dict[str, Word]] = {
    "children": {
        "en": Word("Children", "", "children under three, mean of month-ends"),
        "zh": Word("三岁以下儿童", "", "三岁以下儿童数，各月末平均"),
    },
    "enrolled": {
        "en": Word("Enrolled", "children", "in formal care, mean of month-ends"),
        "zh": Word("在托儿童", "人", "在托育机构的儿童数，各月末平均"),
    },
    "enrolled_child_months": {
        "en": Word("Enrolled child-months", "", "bills for one child and one month, summed over the window"),
        "zh": Word("在托儿童月数", "", "一名儿童一个月的账单计为一，统计期内合计"),
    },
    "take_up": {
        "en": Word("Enrolled per child under three", "%", "children enrolled, of any age ÷ children under three"),
        "zh": Word("在托儿童与三岁以下儿童之比", "%", "在托儿童（入园前不限年龄）÷ 三岁以下儿童"),
    },
    "take_up_under_36": {
        "en": Word("Take-up", "%", "children under three enrolled ÷ children under three, as it is published"),
        "zh": Word("入托率", "%", "三岁以下在托儿童 ÷ 三岁以下儿童，即公布口径"),
    },
    "places": {
        "en": Word("Places", "", "places in open offers, mean of month-ends"),
        "zh": Word("托位", "个", "已开放班级的托位数，各月末平均"),
    },
    "institutions": {
        "en": Word("Institutions", "", "open institutions, mean of month-ends"),
        "zh": Word("托育机构", "家", "营业中的机构数，各月末平均"),
    },
    "inclusive_share": {
        "en": Word("Inclusive places", "%", "places of inclusive institutions ÷ places"),
        "zh": Word("普惠托位占比", "%", "普惠机构的托位 ÷ 托位数"),
    },
    "utilisation": {
        "en": Word("Utilisation", "%", "full-time equivalents enrolled ÷ places"),
        "zh": Word("托位使用率", "%", "折合全日的在托人数 ÷ 托位数"),
    },
    "mean_fee": {
        "en": Word("Posted fee", "yuan a month", "posted full-day fee, weighted by places of open offers"),
        "zh": Word("公示收费", "元/月", "全日托公示收费，按已开放班级的托位加权"),
    },
    "mean_net_fee": {
        "en": Word("Net fee", "yuan a month", "what families pay after instruments, weighted by bills"),
        "zh": Word("家庭净付费", "元/月", "扣除各项政策工具后家庭实付，按账单加权"),
    },
    "voucher_eligible": {
        "en": Word("Eligible", "children × rounds", "children who may apply, counted at each round"),
        "zh": Word("符合条件", "人次", "可申领的儿童，每轮各计一次"),
    },
    "voucher_aware": {
        "en": Word("Aware", "children × rounds", "eligible children whose family knows of the voucher"),
        "zh": Word("知晓政策", "人次", "符合条件且家庭知道托育券的儿童，每轮各计一次"),
    },
    "applications": {
        "en": Word(
            "Applied", "children × rounds", "children for whom a voucher was applied for, counted at each round"
        ),
        "zh": Word("提出申领", "人次", "已为其申领托育券的儿童，每轮各计一次"),
    },
    "applications_refused": {
        "en": Word("Turned away", "children × rounds", "applied for a voucher and won none, counted at each round"),
        "zh": Word("申领未获", "人次", "提出申领而未领到托育券的儿童，每轮各计一次"),
    },
    "vouchers_offered": {
        "en": Word("Vouchers offered", "", "vouchers put up in the rounds"),
        "zh": Word("投放托育券", "张", "各轮投放的托育券"),
    },
    "vouchers_issued": {
        "en": Word("Won a voucher", "vouchers", "vouchers handed to winners"),
        "zh": Word("领到托育券", "张", "发放到家庭手中的托育券"),
    },
    "vouchers_redeemed": {
        "en": Word("Redeemed", "vouchers", "vouchers used to pay a bill"),
        "zh": Word("已核销", "张", "已用于支付账单的托育券"),
    },
    "vouchers_redeemed_marginal": {
        "en": Word(
            "Redeemed, and not enrolled otherwise",
            "vouchers",
            "redeemed by children who would not be enrolled that month in the baseline",
            "… and not enrolled otherwise",
        ),
        "zh": Word("已核销且原本不会入托", "张", "核销者在基准情景下当月不会入托", "……且原本不会入托"),
    },
    "vouchers_expired": {
        "en": Word("Vouchers expired", "", "vouchers that ran out unused"),
        "zh": Word("过期托育券", "张", "未使用而过期的托育券"),
    },
    "vouchers_live": {
        "en": Word("Vouchers live", "", "issued vouchers in hand at the end, neither used nor run out"),
        "zh": Word("未用托育券", "张", "期末仍在家庭手中、既未使用也未过期的托育券"),
    },
    "redemption_rate": {
        "en": Word("Redemption rate", "%", "redeemed ÷ (redeemed + expired)"),
        "zh": Word("核销率", "%", "已核销 ÷（已核销 + 已过期）"),
    },
    "public_cost": {
        "en": Word("Public cost", "million yuan", "claims accrued under the policy's own instruments"),
        "zh": Word("公共支出", "万元", "本政策自身各项工具应付的金额"),
    },
    "standing_cost": {
        "en": Word("Standing cost", "million yuan", "claims under the city's standing programmes"),
        "zh": Word("常设项目支出", "万元", "本市常设项目应付的金额"),
    },
    "unspent_budget": {
        "en": Word("Budget left", "million yuan", "of the policy's budgets, unspent at the end of the run"),
        "zh": Word("预算结余", "万元", "运行结束时本政策各项预算中未用的部分"),
    },
    "ran_dry": {
        "en": Word("Budget ran dry", "%", "replications in which a budget of the policy ran dry"),
        "zh": Word("预算用尽", "%", "本政策某项预算用尽的重复次数所占比例"),
    },
    "run_dry_day": {
        "en": Word(
            "Budget lasted",
            "days",
            "from the policy's first day to the first on which a budget was spent; "
            "mean over replications in which one was",
        ),
        "zh": Word("预算维持", "天", "从政策首日到第一项预算用尽之日，取预算用尽的各次重复的平均"),
    },
    "turned_away": {
        "en": Word(
            "Turned away for want of money",
            "child-months",
            "bills that would have been relieved, had the budget lasted",
        ),
        "zh": Word("因预算用尽未获补助", "人月", "若预算未用尽本可获得补助的账单"),
    },
    "added_child_months": {
        "en": Word(
            "Added child-months",
            "",
            "enrolled child-months above the baseline with the same luck, subsidised or not, "
            "net of children crowded out",
        ),
        "zh": Word(
            "净增入托儿童月数",
            "",
            "随机条件相同时，在托儿童月数比基准情景多出的部分，无论是否受补贴，已扣除被挤出的儿童",
        ),
    },
    "added_by_new_children": {
        "en": Word(
            "Added by new children",
            "child-months",
            "of the added child-months, those of new children less what lost children would have had",
        ),
        "zh": Word("新入托儿童带来的", "儿童月", "净增儿童月中属于新入托儿童的部分，减去不再入托的儿童本应有的儿童月"),
    },
    "added_brought_forward": {
        "en": Word(
            "Added by coming earlier",
            "child-months",
            "of the added child-months, those of children who come anyway, before their first month of the window in "
            "the baseline",
        ),
        "zh": Word(
            "提前入托带来的",
            "儿童月",
            "净增儿童月中，属于原本也会入托的儿童、且早于其在基准情景统计期内首个在托月的部分",
        ),
    },
    "added_lengthened": {
        "en": Word(
            "Added by staying longer",
            "child-months",
            "the rest of the added child-months: of children who come anyway, longer stays and filled gaps less "
            "shorter stays and later starts",
        ),
        "zh": Word(
            "在托更久带来的",
            "儿童月",
            "净增儿童月的其余部分：原本也会入托的儿童，在托更久、填补间断的儿童月，减去缩短和推迟的儿童月",
        ),
    },
    "new_children": {
        "en": Word(
            "New children",
            "",
            "children in care at some time in the window who in the baseline would not come within it, nor had come "
            "before; who would come only after it counts as new",
        ),
        "zh": Word(
            "新入托儿童",
            "人",
            "统计期内曾在托、而在基准情景下统计期内不会入托且此前也未入托的儿童；统计期之后才会入托的也算在内",
        ),
    },
    "lost_children": {
        "en": Word(
            "Lost children",
            "",
            "the other way round: in care at some time in the window in the baseline, and under the policy neither "
            "within it nor before",
        ),
        "zh": Word(
            "不再入托的儿童", "人", "与上相反：基准情景下统计期内曾在托，实施政策后统计期内不入托且此前也未入托的儿童"
        ),
    },
    "cost_per_added_child_month": {
        "en": Word("Cost per added child-month", "yuan", "paired change of all public cost ÷ added child-months"),
        "zh": Word("每净增一个儿童月的支出", "元", "全部公共支出的配对差额 ÷ 净增入托儿童月数"),
    },
    "inframarginal_share": {
        "en": Word(
            "Inframarginal share",
            "%",
            "subsidised child-months whose child is enrolled in the baseline that month too ÷ all subsidised; added "
            "child-months are the others and unsubsidised ones of newly enrolled children, less those crowded out",
        ),
        "zh": Word(
            "原本即会入托占比",
            "%",
            "受补贴儿童月中，该儿童当月在基准情景下也在托的部分 ÷ 全部受补贴儿童月；"
            "净增儿童月为其余部分，加上新入托儿童未受补贴的月份，减去被挤出的儿童月",
        ),
    },
    "inframarginal_money_share": {
        "en": Word("Inframarginal share of money", "%", "the inframarginal share, weighted by yuan"),
        "zh": Word("原本即会入托的资金占比", "%", "原本即会入托占比，按金额加权"),
    },
    "pass_through": {
        "en": Word(
            "Pass-through",
            "yuan per yuan",
            "rise in posted fees on baseline enrolment per yuan of public cost; below zero when fees fall. Of a kind "
            "of institution: on its children, per yuan paid for them",
        ),
        "zh": Word(
            "收费转嫁率",
            "元/元",
            "每一元公共支出使基准在托儿童面对的公示收费上涨多少；收费下降时为负。分机构类型时，"
            "只计该类机构的儿童和为其支出的金额",
        ),
    },
    "subsidised_child_months": {
        "en": Word("Subsidised child-months", "", "child-months with a voucher redeemed or a claim for that child"),
        "zh": Word("受补贴儿童月数", "", "当月核销过托育券或有补贴申报的儿童月"),
    },
    "waiting": {
        "en": Word("Waiting", "children", "children on a waiting list, mean of month-ends"),
        "zh": Word("候补儿童", "人", "在候补名单上的儿童数，各月末平均"),
    },
    "on_lists": {
        "en": Word(
            "Entries on lists",
            "",
            "entries on waiting lists, of children enrolled elsewhere too, mean of month-ends; a band's are those "
            "for it, whatever the child's age by now",
        ),
        "zh": Word(
            "候补登记",
            "条",
            "候补名单上的登记数，含已在别处入托的儿童，各月末平均；分年龄段时按所登记的年龄段计，不论儿童现在多大",
        ),
    },
    "waiting_joined": {
        "en": Word("Joined a list", "entries", "entries on waiting lists that began in the window"),
        "zh": Word("新登记候补", "条", "统计期内新开始的候补登记"),
    },
    "waiting_offered": {
        "en": Word("Offered a place from a list", "entries", "entries that were offered a free place"),
        "zh": Word("候补获得托位通知", "条", "获得空余托位通知的登记"),
    },
    "waiting_taken": {
        "en": Word("Took the place offered", "entries", "entries that ended in the place waited for"),
        "zh": Word("接受托位", "条", "最终入读所候补托位的登记"),
    },
    "waiting_passed": {
        "en": Word("Passed the place on", "entries", "entries that ended with the offer turned down"),
        "zh": Word("放弃托位", "条", "收到通知后放弃的登记"),
    },
    "waiting_lapsed": {
        "en": Word("Wanted it no longer", "entries", "entries that ended because another choice had become the best"),
        "zh": Word("不再需要", "条", "因其他选择更好而结束的登记"),
    },
    "waiting_aged_out": {
        "en": Word(
            "Outgrew the list", "entries", "entries that ended because the child had grown too old for the class"
        ),
        "zh": Word("超龄退出", "条", "因儿童超过班级年龄而结束的登记"),
    },
    "waiting_dissolved": {
        "en": Word("List dissolved", "entries", "entries that ended because the institution closed"),
        "zh": Word("名单撤销", "条", "因机构停办而结束的登记"),
    },
    "waited_0_to_7_days": {
        "en": Word("Waited up to 7 days", "entries", "of those who took a place from a list"),
        "zh": Word("等候不超过7天", "条", "经候补入托者"),
    },
    "waited_8_to_30_days": {
        "en": Word("Waited 8 to 30 days", "entries", "of those who took a place from a list"),
        "zh": Word("等候8至30天", "条", "经候补入托者"),
    },
    "waited_31_to_90_days": {
        "en": Word("Waited 31 to 90 days", "entries", "of those who took a place from a list"),
        "zh": Word("等候31至90天", "条", "经候补入托者"),
    },
    "waited_91_to_180_days": {
        "en": Word("Waited 91 to 180 days", "entries", "of those who took a place from a list"),
        "zh": Word("等候91至180天", "条", "经候补入托者"),
    },
    "waited_over_180_days": {
        "en": Word("Waited over 180 days", "entries", "of those who took a place from a list"),
        "zh": Word("等候超过180天", "条", "经候补入托者"),
    },
    "mean_wait_days": {
        "en": Word("Wait of those who took a place", "days", "mean time on the list until the place"),
        "zh": Word("候补入托者的等候时间", "天", "从登记到入托的平均天数"),
    },
    "mean_days_on_list": {
        "en": Word("Time on a list", "days", "mean over all entries that ended in the window, however they ended"),
        "zh": Word("在候补名单上的时间", "天", "统计期内结束的全部登记的平均天数，不论如何结束"),
    },
    "openings": {
        "en": Word("Classes opened", "classes", "classes opened in the window"),
        "zh": Word("新开班级", "个", "统计期内新开的班级"),
    },
    "closures": {
        "en": Word("Classes closed", "classes", "classes given up in the window"),
        "zh": Word("停开班级", "个", "统计期内停开的班级"),
    },
    "institutions_opened": {
        "en": Word("Institutions opened", "", "institutions that opened in the window"),
        "zh": Word("新开机构", "家", "统计期内开业的机构"),
    },
    "institutions_closed": {
        "en": Word("Institutions closed", "", "institutions that closed for good in the window"),
        "zh": Word("停办机构", "家", "统计期内永久停办的机构"),
    },
    "displaced_children": {
        "en": Word("Displaced children", "", "children who lost a place to a closure"),
        "zh": Word("因停办失去托位的儿童", "人", "因机构停办或停班而失去托位的儿童"),
    },
    "prepaid_lost": {
        "en": Word("Prepaid fees lost", "million yuan", "paid in advance to institutions that closed, and not held"),
        "zh": Word("损失的预付费", "万元", "预付给已停办机构且未受监管的费用"),
    },
    "prepaid_refunded": {
        "en": Word("Prepaid fees refunded", "million yuan", "paid in advance, and returned from escrow at a closure"),
        "zh": Word("退还的预付费", "万元", "预付后在机构停办时由监管账户退还的费用"),
    },
    "prepaid_forfeited": {
        "en": Word(
            "Prepaid fees forfeited", "million yuan", "paid in advance, and left behind by children who left early"
        ),
        "zh": Word("中途退托放弃的预付费", "万元", "已预付、因儿童中途退托而未退还的费用"),
    },
    "unpaid_wages": {
        "en": Word("Wages never paid", "million yuan", "owed to staff by institutions that closed"),
        "zh": Word("未付工资", "万元", "停办机构拖欠员工的工资"),
    },
    "share_losing_cash": {
        "en": Word("Losing cash", "%", "institutions with a loss in cash over twelve months, mean of month-ends"),
        "zh": Word("现金亏损占比", "%", "连续十二个月现金收支为负的机构占比，各月末平均"),
    },
    "share_losing_money": {
        "en": Word(
            "Losing money at full cost",
            "%",
            "institutions with a loss over twelve months, the owner's own work and the wear of the fit-out counted as "
            "costs; mean of month-ends",
        ),
        "zh": Word("全成本亏损占比", "%", "计入举办者自身劳动和装修折旧后，十二个月合计亏损的机构占比，各月末平均"),
    },
    "crowded_out": {
        "en": Word("Crowded out", "child-months", "enrolled in the baseline but not under the policy"),
        "zh": Word("被挤出", "儿童月", "基准情景下在托、实施政策后反而不在托的儿童月"),
    },
    "consumer_surplus": {
        "en": Word(
            "Families' surplus",
            "million yuan",
            "what families gain on the baseline, in money: who would have come anyway, the fall of the bill; whom the "
            "policy brought, the relief less the least that would have brought it; with cash, less prepaid fees lost "
            "and what applying for vouchers costs",
        ),
        "zh": Word(
            "家庭福利增量",
            "万元",
            "与基准相比家庭所得的好处，折合成钱：原本即会入托的，计账单下降额；因政策才入托的，计减免额减去足以使其入托的"
            "最低金额；另加现金发放，减去损失的预付费和申领托育券的成本",
        ),
    },
    "application_cost": {
        "en": Word(
            "Cost of applying to families",
            "million yuan",
            "applications for vouchers × what each costs a family in time and nerve, above the baseline's; no money "
            "changes hands, so it is in families' surplus and in no public cost",
        ),
        "zh": Word(
            "家庭申领成本",
            "万元",
            "申领托育券的次数 × 每次申领耗费家庭的时间和精力（折合成钱），与基准相比的增加额；并无资金收付，"
            "只从家庭福利增量中扣除，不计入公共支出",
        ),
    },
    "institution_profit": {
        "en": Word(
            "Institutions' profit before owners' support",
            "million yuan",
            "fees and subsidies received, less wages, rent, utilities and food; what owners, parent kindergartens and "
            "public budgets put in is not counted, nor are fit-out and the owner's own work",
        ),
        "zh": Word(
            "机构利润（未计举办者投入）",
            "万元",
            "所收费用和补贴，减去工资、房租、水电和伙食；举办者、所属幼儿园和公共预算的投入不计，"
            "装修和举办者自身劳动也不计",
        ),
    },
    "institution_profit_full": {
        "en": Word(
            "Institutions' profit at full cost",
            "million yuan",
            "the same, less the owner's own work at a head's wage and the wear of the fit-out",
        ),
        "zh": Word("机构全成本利润", "万元", "同上，再减去按园长工资计的举办者自身劳动和装修折旧"),
    },
    "incidence_outlay": {
        "en": Word("Public outlay", "million yuan", "what all instruments cost more than in the baseline"),
        "zh": Word("公共支出增量", "万元", "全部政策工具比基准情景多支出的金额"),
    },
    "incidence_families": {
        "en": Word("Families", "million yuan", "by how much all that families pay, less cash they receive, falls"),
        "zh": Word("家庭", "万元", "家庭全部付费减去所得现金后，比基准情景减少的金额"),
    },
    "incidence_always_takers": {
        "en": Word(
            "relief on bills that would be there anyway",
            "million yuan",
            "taken off the bills of child-months billed in the baseline too, at the fees they meet",
        ),
        "zh": Word("原本就有的账单所获减免", "万元", "基准情景下也有账单的儿童月，按其所遇收费计算的减免额"),
    },
    "incidence_fee_rise": {
        "en": Word(
            "posted fees, on the same bills (a rise is a loss)",
            "million yuan",
            "rise of the posted fees of the institutions these children attend, as a loss",
        ),
        "zh": Word("同一批账单的公示收费（上涨为损失）", "万元", "这些儿童所在机构公示收费的上涨，计为损失"),
    },
    "incidence_other_offers": {
        "en": Word(
            "other institutions chosen, on the same bills (dearer is a loss)",
            "million yuan",
            "what these children's posted fees rise by because they attend another institution, as a loss",
        ),
        "zh": Word("同一批账单改选其他机构（更贵为损失）", "万元", "这些儿童因改入其他机构而多付的公示收费，计为损失"),
    },
    "incidence_new_users": {
        "en": Word("bills of new users", "million yuan", "what new users pay after relief, as a loss"),
        "zh": Word("新入托家庭的账单", "万元", "新入托家庭减免后的实付，计为损失"),
    },
    "incidence_crowded_out": {
        "en": Word(
            "bills that the crowded-out no longer pay",
            "million yuan",
            "what children billed in the baseline only would have paid",
        ),
        "zh": Word("被挤出家庭不再支付的账单", "万元", "仅在基准情景下有账单的儿童本应支付的金额"),
    },
    "incidence_cash": {
        "en": Word("cash", "million yuan", "cash paid to families, above the baseline"),
        "zh": Word("现金", "万元", "发给家庭的现金，超出基准情景的部分"),
    },
    "incidence_lost_fees": {
        "en": Word("prepaid fees lost to closures", "million yuan", "above the baseline, as a loss"),
        "zh": Word("因停办损失的预付费", "万元", "超出基准情景的部分，计为损失"),
    },
    "incidence_staff": {
        "en": Word("Staff", "million yuan", "rise of the wages that staff are paid"),
        "zh": Word("员工", "万元", "员工所得工资的增量"),
    },
    "incidence_other_costs": {
        "en": Word("Rent and other costs", "million yuan", "rise of what landlords, suppliers and builders are paid"),
        "zh": Word("房租及其他成本", "万元", "房东、供应商和建筑方所得的增量"),
    },
    "incidence_administration": {
        "en": Word("Programmes themselves", "million yuan", "rise of what programmes spend themselves"),
        "zh": Word("项目自身开支", "万元", "各项目自身开支的增量"),
    },
    "incidence_profit": {
        "en": Word(
            "Institutions' profit",
            "million yuan",
            "rise of profit in cash, with prepaid fees that closing institutions keep and wages they never pay",
        ),
        "zh": Word("机构利润", "万元", "现金利润的增量，含停办机构留下的预付费和从未支付的工资"),
    },
    "concentration_index": {
        "en": Word("Concentration index", "", "of enrolled child-months by income; above zero favours the better off"),
        "zh": Word("集中指数", "", "在托儿童月按家庭收入排序的集中指数；大于零表示偏向较富裕家庭"),
    },
    "mvpf": {
        "en": Word(
            "Value per yuan (MVPF)",
            "yuan per yuan",
            "families' surplus ÷ what the policy costs the public purse more than the baseline, less extra tax; what "
            "institutions gain is not in it",
        ),
        "zh": Word(
            "每元公共资金的价值（MVPF）",
            "元/元",
            "家庭福利增量 ÷ 公共财政比基准多支出的净额（扣除增加的税收）；机构所得不计在内",
        ),
    },
    "mothers_work_months": {
        "en": Word(
            "Mothers' work",
            "months",
            "added full-day child-months of families without a grandparent × months of work assumed for each: a "
            "first-order add-on, nobody in the model chooses to work",
        ),
        "zh": Word(
            "母亲就业增量",
            "人月",
            "无祖辈照护家庭净增的全日托儿童月数 × 每个儿童月假设带来的就业月数：一阶估算，模型中无人选择就业",
        ),
    },
    "extra_tax": {
        "en": Word(
            "Extra tax", "million yuan", "mothers' added work × taxes and contributions assumed for a month of it"
        ),
        "zh": Word("增加的税收", "万元", "母亲就业增量 × 每月就业假设带来的税费"),
    },
    "lot_children": {
        "en": Word("In the lot", "children", "children whose families signed up for the lot"),
        "zh": Word("参加摇号", "人", "报名参加摇号的儿童"),
    },
    "lot_winners": {
        "en": Word("Winners of the lot", "children", "children in the lot who won"),
        "zh": Word("中签儿童", "人", "参加摇号并中签的儿童"),
    },
    "lot_losers": {
        "en": Word("Losers of the lot", "children", "children in the lot who did not win"),
        "zh": Word("未中签儿童", "人", "参加摇号而未中签的儿童"),
    },
    "lot_winner_months": {
        "en": Word("In care per winner", "child-months per child", "bills of winners from the draw on ÷ winners"),
        "zh": Word("中签儿童人均在托", "儿童月/人", "摇号之日起中签儿童的账单数 ÷ 中签儿童"),
    },
    "lot_loser_months": {
        "en": Word("In care per loser", "child-months per child", "bills of losers from the draw on ÷ losers"),
        "zh": Word("未中签儿童人均在托", "儿童月/人", "摇号之日起未中签儿童的账单数 ÷ 未中签儿童"),
    },
    "lot_difference": {
        "en": Word(
            "Difference that the experiment shows",
            "child-months per child",
            "in care per winner − per loser, in one draw of the lot; mean over replications",
        ),
        "zh": Word("实验显示的差异", "儿童月/人", "一次摇号中，中签与未中签儿童人均在托之差；各次重复的平均"),
    },
    "lot_standard_error": {
        "en": Word(
            "Standard error of the difference",
            "child-months per child",
            "of one draw of the lot, by its design (two samples, Neyman); mean over replications",
        ),
        "zh": Word("差异的标准误", "儿童月/人", "一次摇号的标准误，按两样本实验的设计计算；各次重复的平均"),
    },
    "lot_estimate": {
        "en": Word(
            "Added child-months, by the experiment",
            "",
            "difference between winners and losers × winners; mean over replications",
        ),
        "zh": Word("净增儿童月：实验估计", "", "中签与未中签儿童之差 × 中签人数；各次重复的平均"),
    },
    "lot_margin": {
        "en": Word(
            "Either side of one experiment's estimate",
            "child-months",
            "half of the 95 % interval that a city would see in its one draw; mean over replications",
        ),
        "zh": Word("单次实验估计的误差范围", "儿童月", "一座城市摇号一次所见 95% 区间的一半；各次重复的平均"),
    },
    "lot_covers": {
        "en": Word(
            "Experiments whose interval holds the truth",
            "%",
            "replications in which the added child-months lie within the experiment's 95 % interval",
        ),
        "zh": Word("区间包含真值的实验", "%", "净增儿童月落在实验 95% 区间内的重复次数所占比例"),
    },
    "lot_added_winners": {
        "en": Word(
            "Added child-months of winners",
            "",
            "child-months of the lot's winners above the baseline's, child by child",
        ),
        "zh": Word("中签儿童的净增儿童月", "", "中签儿童逐人与基准情景相比多出的儿童月"),
    },
    "lot_added_losers": {
        "en": Word(
            "Added child-months of losers",
            "",
            "the same of its losers: below 0 where winners take places that they would have had",
        ),
        "zh": Word("未中签儿童的净增儿童月", "", "未中签儿童的同一数字：中签者占去其托位时为负"),
    },
    "lot_added_others": {
        "en": Word("Added child-months of all others", "", "the same of the children who were not in the lot"),
        "zh": Word("其他儿童的净增儿童月", "", "未参加摇号儿童的同一数字"),
    },
    "lot_luck": {
        "en": Word(
            "Luck of the draw in the estimate",
            "child-months",
            "by how much winners would have been in care more than losers anyway, × winners; mean over replications",
        ),
        "zh": Word(
            "估计中的摇号运气", "儿童月", "即使没有政策，中签者也会比未中签者多在托的部分 × 中签人数；各次重复的平均"
        ),
    },
    "lot_cost_per_month": {
        "en": Word(
            "Cost of an added child-month, by the experiment",
            "yuan",
            "cost of the lot's subsidy ÷ added child-months by the experiment",
        ),
        "zh": Word("每净增一个儿童月的支出：实验估计", "元", "摇号补贴的支出 ÷ 实验估计的净增儿童月"),
    },
}

ASSUMPTIONS: dict[str, dict[str, Word]] = {
    "awareness": {
        "en": Word("Awareness", "", "how many families know of the voucher", "awareness"),
        "zh": Word("知晓度", "", "有多少家庭知道托育券", "知晓度"),
    },
    "signing_up": {
        "en": Word("Signing up", "", "how many families sign up for the lot", "signing up"),
        "zh": Word("报名", "", "有多少家庭报名参加摇号", "报名"),
    },
    "hassle": {
        "en": Word("Hassle", "yuan", "what an application costs a family in trouble", "hassle"),
        "zh": Word("申领成本", "元", "申领一次的麻烦折合成的金额", "申领成本"),
    },
    "commitment": {
        "en": Word(
            "Commitment",
            "months",
            "over how many months a family weighs what it pays when it decides to enter, on the mean",
            "commitment",
        ),
        "zh": Word("决策期限", "月", "家庭决定入托时平均考虑多少个月的花费", "决策期限"),
    },
    "foresight": {
        "en": Word(
            "Foresight",
            "",
            "how far families count on what a policy has announced, and on its being prolonged",
            "foresight",
        ),
        "zh": Word("政策预期", "", "家庭在多大程度上把已公布的后续补贴计算在内，并预计政策会延续", "政策预期"),
    },
    "habit": {
        "en": Word(
            "Habit",
            "yuan",
            "by how much a family that has been billed once values care more from then on",
            "habit of care",
        ),
        "zh": Word("入托习惯", "元", "有过一次账单的家庭此后每月对托育多看重的金额", "入托习惯"),
    },
    "passing_on": {
        "en": Word("Passing on", "yuan", "by how much institutions lower their fees for a subsidy", "passing on"),
        "zh": Word("让利幅度", "元", "机构因补贴而降低收费的幅度", "让利幅度"),
    },
}

MONTHS: dict[str, tuple[str, ...]] = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "zh": ("1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月"),
}

# what a heading's lines keep whole: Chinese has no spaces that say where its words end
PHRASES = (
    "净增入托",
    "儿童月数",
    "公共支出",
    "入托率",
    "每净增一个",
    "儿童月的",
    "原本即会",
    "入托占比",
    "归收入最低",
    "五分之一",
    "家庭的",
    "资金占比",
    "每支出一元",
    "转为公示",
    "收费上涨",
    "（负数表示",
    "收费下降）",
    "同等支出下",
)

TEXTS: dict[str, dict[str, str]] = {
    # how numbers and lists are written
    "number.percent": {"en": "{number} %", "zh": "{number}%"},
    "number.interval": {"en": "{low} to {high}", "zh": "{low} 至 {high}"},
    "number.percent.interval": {"en": "{low} to {high} %", "zh": "{low}% 至 {high}%"},
    "number.in_unit": {"en": "{number} {unit}", "zh": "{number} {unit}"},
    "unit.money": {"en": "million yuan", "zh": "百万元"},
    "unit.wan": {"en": "ten thousand yuan", "zh": "万元"},
    "unit.yi": {"en": "hundred million yuan", "zh": "亿元"},
    "number.bracketed": {"en": "({words})", "zh": "（{words}）"},
    "number.in_brackets": {"en": " ({words})", "zh": "（{words}）"},
    "list.comma": {"en": ", ", "zh": "、"},
    "list.semicolon": {"en": "; ", "zh": "；"},
    "list.and": {"en": " and ", "zh": "、"},
    "list.sentence": {"en": " ", "zh": ""},
    # the menu of instruments
    "menu.kind": {"en": "{kind}: {title}", "zh": "{kind}：{title}"},
    "menu.limits": {"en": "{limits}; default: {default}", "zh": "{limits}；默认值：{default}"},
    "menu.comma": {"en": ", ", "zh": "，"},
    "menu.list": {"en": "list of {kept}", "zh": "列表：{kept}"},
    "menu.table": {"en": "table of {kept}", "zh": "表：{kept}"},
    "menu.many": {"en": "{count} of them", "zh": "共 {count} 项"},
    "menu.between": {"en": "{low} to {high}", "zh": "{low} 至 {high}"},
    "menu.least": {"en": "{low} or more", "zh": "不小于 {low}"},
    "menu.above": {"en": "above {low}", "zh": "大于 {low}"},
    "menu.above_to": {"en": "above {low}, to {high}", "zh": "大于 {low}，不超过 {high}"},
    "menu.required": {"en": "required", "zh": "必填"},
    "menu.none": {"en": "none", "zh": "无"},
    "menu.empty": {"en": "empty", "zh": "空"},
    "menu.no_limit": {"en": "no limit", "zh": "不限"},
    "menu.assumed": {"en": " (assumed; {low} to {high})", "zh": "（假设；{low} 至 {high}）"},
    # what a run does, as it goes
    "progress.compiling": {"en": "compiling, once for this version of the program", "zh": "正在编译，本版本只需一次"},
    "progress.drawing": {"en": "drawing the city", "zh": "正在生成城市"},
    "progress.jobs": {"en": "jobs", "zh": "任务"},
    "progress.done": {"en": "{done} of {total} jobs", "zh": "已完成 {done}/{total} 项任务"},
    "progress.all_done": {
        "en": "{done} of {total} jobs; comparing the policies",
        "zh": "已完成 {done}/{total} 项任务；正在比较各政策",
    },
    "progress.comparing": {"en": "comparing the policies", "zh": "正在比较各政策"},
    "progress.publishing": {"en": "drawing the figures, writing the page", "zh": "正在绘图并编写报告页"},
    "progress.files": {"en": "{folder}: {files}", "zh": "{folder}：{files}"},
    "progress.language": {
        "en": "Page, figures and workbook are in English; the same command with {flag} writes them in Chinese in their "
        "place and simulates nothing.",
        "zh": "报告页、图和工作簿为中文；同一命令改用 {flag} 即以英文重写，不再模拟。",
    },
    # what is wrong with a scenario file, and that nothing is
    "fault.line": {
        "en": "{file}: {at}: found {found}, expected {expected}",
        "zh": "{file}：{at}：发现 {found}，应为：{expected}",
    },
    "check.good": {
        "en": "{file}: good; {arms} arms, {jobs}{searches}. {footing}",
        "zh": "{file}：无误；{arms} 个方案，{jobs}{searches}。{footing}",
    },
    "check.jobs": {"en": "{count} jobs", "zh": "{count} 项任务"},
    "check.jobs_at_most": {"en": "at most {count} jobs", "zh": "至多 {count} 项任务"},
    "check.search": {"en": " and those of 1 search", "zh": "，另有 1 次求值搜索的任务"},
    "check.searches": {"en": " and those of {count} searches", "zh": "，另有 {count} 次求值搜索的任务"},
    "check.no_file": {
        "en": "check: found no file, expected at least one scenario file",
        "zh": "没有给出文件，应至少有一个情景文件",
    },
    # what a verification has found
    "verify.again": {
        "en": "{folder}: {again} of {jobs} jobs run again: {listed}",
        "zh": "{folder}：{jobs} 项任务中重新运行了 {again} 项：{listed}",
    },
    "verify.none_again": {
        "en": "{folder}: 0 of {jobs} jobs run again",
        "zh": "{folder}：{jobs} 项任务中没有重新运行任何一项",
    },
    "verify.differs": {"en": "{folder}: something differs", "zh": "{folder}：有不一致之处"},
    "verify.records": {
        "en": "the records of these {again} are equal to the bit",
        "zh": "这 {again} 项的记录逐位相同",
    },
    "verify.no_records": {"en": "no job was run again", "zh": "没有重新运行任务"},
    "verify.nothing_differs": {
        "en": "{folder}: nothing differs: {records}; tables equal what the stored jobs give; "
        "manifest and program agree",
        "zh": "{folder}：未发现不一致：{records}；各表与所存任务得出的结果相同；清单与程序相符",
    },
    "verify.not_looked_at": {
        "en": "{folder}: not looked at: workbook, figures and page",
        "zh": "{folder}：未核对：工作簿、图和报告页",
    },
    # what a reader must know, by the keys that the study notes down
    "note.fees_respond": {
        "en": "Institutions that are not bound to guided fees, of these kinds, set theirs in answer to the policies: "
        "{kinds}. Pass-through says how much of a yuan ends there.",
        "zh": "以下类型中不执行政府指导价的机构会随政策自行定价：{kinds}。收费转嫁率说明每一元有多少归于涨价。",
    },
    "note.fees_fixed": {
        "en": "Institutions do not change their fees in answer to the policies in this run, beyond cuts that a subsidy "
        "demands: no part of any subsidy can end in higher fees here.",
        "zh": "本次运行中，机构不随政策改变收费，补贴所要求的降价除外：任何补贴都不会转为涨价。",
    },
    "note.one_replication": {
        "en": "One replication: there are no intervals for luck.",
        "zh": "只有一次模拟：没有随机波动的区间。",
    },
    "note.asked.sweep": {
        "en": "Points of the grid were run until their intervals were narrow enough (precision): in {some} of the "
        "{run} replications that the policies have. The intervals allow for having been looked at more than once.",
        "zh": "网格各点只运行到区间足够窄为止：各政策共 {run} 次重复模拟，网格各点为其中 {some} 次。"
        "区间已计入多次查看的影响。",
    },
    "note.asked.split": {
        "en": "What each instrument of a policy does was run until its intervals were narrow enough (precision): in "
        "{some} of the {run} replications that the policies have. The intervals allow for having been looked at more "
        "than once.",
        "zh": "各项工具的作用只运行到区间足够窄为止：各政策共 {run} 次重复模拟，这一部分为其中 {some} 次。"
        "区间已计入多次查看的影响。",
    },
    "note.asked.knowledge": {
        "en": "Ends of assumptions were run until they were known well enough (precision): in {some} of the {run} "
        "replications that the policies have.",
        "zh": "各假设的两端只运行到结果足够确定为止：各政策共 {run} 次重复模拟，假设两端为其中 {some} 次。",
    },
    "note.some": {"en": "{fewest} to {most}", "zh": "{fewest} 至 {most}"},
    "note.thinned": {
        "en": "{policy}: {parameter} is {written} in the file, which this scale makes {thinned}, and is run as {left}: "
        "in whole numbers it weighs otherwise than in the whole city, and what is none does nothing.",
        "zh": "{policy}：{parameter} 在文件中为 {written}，按本次规模应为 {thinned}，取整后按 {left} 运行："
        "其分量与在全市时不同，为零的部分不起作用。",
    },
    "note.thinned_away": {
        "en": "{policy}: {parameter} is {written} in the file, which this scale makes {thinned}, and is run as {left}: "
        "nothing is left of it, and it does nothing in this run. A larger scale keeps it.",
        "zh": "{policy}：{parameter} 在文件中为 {written}，按本次规模应为 {thinned}，取整后按 {left} 运行：已缩减为零，"
        "在本次运行中不起作用。请选用更大的规模。",
    },
    "note.standing": {"en": "Standing programmes of the city", "zh": "本市现行项目"},
    # the table at the end of a run
    "column.policy": {"en": "Policy", "zh": "政策"},
    "terminal.take_up": {"en": "Take-up, and\nits change", "zh": "入托率\n及其变化"},
    "terminal.added": {"en": "Added\nchild-months", "zh": "净增入托\n儿童月"},
    "terminal.cost": {"en": "Public cost,\n{unit}", "zh": "公共支出\n（{unit}）"},
    "terminal.per_added": {"en": "Yuan per added\nchild-month", "zh": "每净增一个\n儿童月（元）"},
    "terminal.inframarginal": {"en": "Would have\ncome anyway", "zh": "原本即会\n入托占比"},
    "terminal.points": {"en": "{change} points", "zh": "{change} 个百分点"},
    "terminal.if": {"en": " {assumption}", "zh": " {assumption}"},
    "terminal.note": {"en": "! {note}", "zh": "！{note}"},
    "terminal.luck": {
        "en": "Second lines: 95 % intervals for luck, over {replications} replications with the same luck "
        "under every policy.",
        "zh": "第二行：随机波动的95%区间，共 {replications} 次重复模拟，各政策使用相同的随机条件。",
    },
    "terminal.no_luck": {
        "en": "No intervals: to measure luck takes two replications or more.",
        "zh": "没有区间：至少两次重复模拟才能衡量随机波动。",
    },
    "terminal.knowledge": {
        "en": "Under each policy: the last two numbers with one assumption at its low | high value, the centre between "
        "them where it differs from the number above; nobody knows it. Over as many draws or fewer.",
        "zh": "各政策下方：最后两个数在某一假设取低值|高值时的结果，中值与上方数字不同时列在两者之间；"
        "这些假设没有资料可以确定，所用抽样次数相同或较少。",
    },
    "terminal.anyway": {
        "en": "Would have come anyway: of the child-months that were subsidised. Added child-months are the others, "
        "with months that newly enrolled children stay without a subsidy, less those crowded out.",
        "zh": "“原本即会入托占比”是受补贴儿童月中没有政策也会入托的比例。净增儿童月为其余部分，"
        "加上新入托儿童未受补贴的月份，减去被挤出的儿童月。",
    },
    "terminal.pass_through": {
        "en": "Of each yuan paid, ended in higher posted fees (below zero: fees fell): {listed}.",
        "zh": "每支出一元，转为公示收费上涨的部分（负数表示收费下降）：{listed}。",
    },
    "terminal.mvpf": {
        "en": "Families' gain per yuan of net public cost (MVPF): {listed}.",
        "zh": "公共财政每净支出一元，家庭得到的好处（MVPF）：{listed}。",
    },
    "terminal.settings": {"en": "over the assumptions {spread}", "zh": "随假设变动 {spread}"},
    "terminal.prepaid_lost": {
        "en": "Prepaid fees lost when institutions closed, million yuan: {listed}.",
        "zh": "机构停办时损失的预付费：{listed}。",
    },
    # finished runs side by side
    "comparison.title": {"en": "Runs side by side", "zh": "各次运行对照"},
    "comparison.run": {"en": "Run", "zh": "运行"},
    "comparison.pass_through": {"en": "Ended in\nhigher fees", "zh": "转为\n收费上涨"},
    "comparison.luck": {
        "en": "Below values their 95 % intervals for luck, each within its own run; money in yuan of each run. "
        "Ended in higher fees: of each yuan paid; below zero fees fell.",
        "zh": "数值下方为各自运行内随机波动的95%区间；金额为各次运行中的元。"
        "转为收费上涨：每支出一元中的部分，负数表示收费下降。",
    },
    "comparison.of_run": {"en": "{run}: {said}", "zh": "{run}：{said}"},
    "comparison.city": {
        "en": "Different cities, so levels cannot be compared: {listed}",
        "zh": "城市不同，水平值不可比：{listed}",
    },
    "comparison.city.inside": {
        "en": "The city has one name and different figures in these runs, so levels cannot be compared.",
        "zh": "城市同名，但各次运行所用的城市数据不同，水平值不可比。",
    },
    "comparison.scale": {
        "en": "Different scale, so counts and money cannot be compared: {listed}",
        "zh": "模拟规模不同，人数和金额不可比：{listed}",
    },
    "comparison.window": {
        "en": "Different counted window, so totals cannot be compared: {listed}",
        "zh": "统计期不同，总量不可比：{listed}",
    },
    "comparison.start": {
        "en": "Different first days, so the city has gone its way for longer or shorter when counting begins: {listed}",
        "zh": "模拟起始日不同，统计开始前的运行时间不同：{listed}",
    },
    "comparison.burn_in_months": {
        "en": "Different burn-in in months, so the city is not equally settled when the runs start: {listed}",
        "zh": "预热期月数不同，模拟开始时城市的稳定程度不同：{listed}",
    },
    "comparison.seed": {
        "en": "Different seeds, so luck is not shared between runs: {listed}",
        "zh": "随机种子不同，各次运行的随机条件不同：{listed}",
    },
    "comparison.replications": {
        "en": "Different numbers of replications, so intervals are not equally sure: {listed}",
        "zh": "重复模拟次数不同，区间的把握程度不同：{listed}",
    },
    "comparison.baseline": {
        "en": "Different baselines, so changes cannot be compared: {listed}",
        "zh": "基准情景不同，变化量不可比：{listed}",
    },
    "comparison.baseline.inside": {
        "en": "The baselines have one name and other numbers in their instruments, so changes cannot be compared.",
        "zh": "基准情景同名，但所含工具的参数不同，变化量不可比。",
    },
    "comparison.program": {
        "en": "Different versions of the program, so numbers may differ for that alone: {listed}",
        "zh": "程序版本不同，仅此一点就可能使数值不同：{listed}",
    },
    "comparison.figure": {
        "en": "Cost of each added child-month, with 95 % intervals for luck",
        "zh": "每净增一个儿童月的支出及随机波动的95%区间",
    },
    "comparison.dash": {
        "en": "A dash: undefined, or a ratio whose denominator cannot be told from zero.",
        "zh": "横线：没有定义，或分母与零无法区分的比率。",
    },
    "comparison.axis": {"en": "{label}, {unit}", "zh": "{label}（{unit}）"},
    "comparison.axis.log": {"en": "{label}, {unit} (logarithmic scale)", "zh": "{label}（{unit}，对数刻度）"},
    # the page's frame
    "page.language": {"en": "en", "zh": "zh-Hans"},
    "page.day": {"en": "{day} {month} {year}", "zh": "{year}年{month}{day}日"},
    "page.kind": {"en": "Childcare policy comparison", "zh": "托育政策比较"},
    "page.replications": {"en": "{n} replications", "zh": "{n} 次重复模拟"},
    "page.replication": {"en": "one replication", "zh": "一次模拟"},
    "page.replications.some": {"en": "replications", "zh": "重复模拟"},
    "page.sample": {
        "en": "at {scale} of the city's size: counts and money are the sample's",
        "zh": "按全市规模的 {scale} 模拟：人数和金额是样本的",
    },
    "page.window": {"en": "{first} to {last}", "zh": "{first}至{last}"},
    "page.untitled": {"en": "Childcare policies compared", "zh": "托育政策比较"},
    "page.short": {"en": "In short", "zh": "要点"},
    "page.stand_in": {"en": "In the figures, {number} stands for {policy}.", "zh": "图中的“{number}”代表 {policy}。"},
    "page.headline": {"en": "The policies side by side", "zh": "各政策对照"},
    "page.headline.how": {
        "en": "Under each number its 95 % interval for luck: every policy has the same {replications}, "
        "so differences are measured child by child. “Assumptions” gives the range of the number over what "
        "nobody knows, in as many draws or fewer, so it need not hold the number above it; the two doubts are never "
        "added up. A dash marks what is undefined, or a ratio whose "
        "denominator cannot be told from zero. Added child-months are the subsidised ones that would not have happened "
        "anyway, with those that newly enrolled children stay without a subsidy, less those crowded out.",
        "zh": "每个数字下方是随机波动的95%区间：各政策都采用相同的 {replications}，因此差异是逐个儿童比较得出"
        "的。“假设”一行是该数字在没有资料可以确定的假设之下的取值范围，抽样次数相同或较少，"
        "因此不一定包含上方的数字；两种不确定性从不相加。横线表示没有定义，或分母与零无法区分的比率。"
        "净增的儿童月，是受补贴而原本不会入托的，加上新入托儿童未受补贴的月份，减去被挤出的。",
    },
    "page.headline.one": {
        "en": "No intervals are shown: to measure luck takes two replications or more. “Assumptions” gives "
        "the range of the number over what nobody knows. A dash marks what is undefined.",
        "zh": "没有显示区间：至少两次重复模拟才能衡量随机波动。“假设”一行是该数字在没有资料可以确定的假设"
        "之下的取值范围。横线表示没有定义。",
    },
    "page.matched.value": {
        "en": "{policy} has {parameter} = {value}, found so that its total of “{metric}” is that of {to}, "
        "{target}{unit}: it is {residual}{luck} from it. Searched from {low} to {high}, in {runs} runs.",
        "zh": "{policy} 的 {parameter} = {value}，由程序求得，使其“{metric}”合计与 {to} 相同，即 {target}{unit}："
        "相差 {residual}{luck}。在 {low} 至 {high} 之间搜索，共运行 {runs} 次。",
    },
    "page.matched.factor": {
        "en": "{policy} has every {parameter} multiplied by {value}, found so that its total of “{metric}” is that of "
        "{to}, {target}{unit}: it is {residual}{luck} from it. Searched from {low} to {high}, in {runs} runs.",
        "zh": "{policy} 的各个 {parameter} 均乘以 {value}，由程序求得，使其“{metric}”合计与 {to} 相同，即 {target}"
        "{unit}：相差 {residual}{luck}。在 {low} 至 {high} 之间搜索，共运行 {runs} 次。",
    },
    "page.matched.far": {
        "en": "No value looked at comes within the {tolerance} of it that were asked for.",
        "zh": "所试数值均未达到要求的 {tolerance} 以内。",
    },
    "page.split": {"en": "What each instrument does", "zh": "各项工具的作用"},
    "page.split.how": {
        "en": "Each policy's effect divided among its instruments: what each adds to those before it, on the mean over "
        "all orders in which they could be brought in (Shapley value), under the same luck. Below each part its 95 % "
        "interval for luck.",
        "zh": "把每项政策的效果分摊到各项工具：各工具在其之前的工具之上所增加的效果，对所有可能的引入次序取平均"
        "（沙普利值），随机因素相同。每个数字下方是随机波动的 95% 区间。",
    },
    "page.lots": {"en": "Winners and losers of a lot", "zh": "摇号：中签与未中签"},
    "page.lots.how": {
        "en": "What a city could learn from its lot, winners against losers, and the truth beside it: every child "
        "against itself without the policy, which no city sees. Where places are few, winners take some that losers "
        "or others would have had. The experiment counts what losers lose as the winners' gain, as if they were as "
        "many as the winners, and does not see what others lose. With one lot and no other instrument the rest of the "
        "gap is the luck of the draw. A child in two lots counts in each. Below each number is its 95 % interval over "
        "replications.",
        "zh": "一座城市从摇号中能够得知什么（中签者与未中签者相比），以及旁边的真值：每名儿童与没有政策时的自己相比，"
        "这是任何城市都看不到的。托位紧张时，中签者会占去未中签者或其他儿童本可得到的托位：实验把未中签者的损失算作中签者的"
        "收益（按与中签者相同的人数折算），也看不到其他儿童的损失。只有一次摇号、且没有其他工具时，其余差距是摇号的运气。参加两次摇号的儿童"
        "在每次中各计一次。每个数字下方是各次重复的 95% 区间。",
    },
    "lots.in_truth": {"en": "{measure}, in truth", "zh": "{measure}（真值）"},
    "column.instrument": {"en": "Instrument", "zh": "工具"},
    "column.whole": {"en": "all of them", "zh": "全部"},
    # the answer, in three sentences; what it claims first, then its doubts
    "page.answer": {"en": "The answer in short", "zh": "结论"},
    "answer.added": {
        "en": "“{policy}” adds {added} child-months of care for {cost} million yuan of public money",
        "zh": "“{policy}”净增入托 {added} 个儿童月，公共支出 {cost}",
    },
    "answer.lost": {
        "en": "“{policy}” takes away {added} child-months of care and costs the public {cost} million yuan",
        "zh": "“{policy}”使入托减少 {added} 个儿童月，公共支出 {cost}",
    },
    "answer.unclear": {
        "en": "“{policy}” costs the public {cost} million yuan; whether the {added} child-months it adds "
        "are more than luck cannot be told",
        "zh": "“{policy}”公共支出 {cost}；净增入托 {added} 个儿童月，但与零无法区分",
    },
    "answer.unclear_fall": {
        "en": "“{policy}” costs the public {cost} million yuan; whether the {added} child-months it takes away "
        "are more than luck cannot be told",
        "zh": "“{policy}”公共支出 {cost}；入托减少 {added} 个儿童月，但与零无法区分",
    },
    "answer.no_effect": {
        "en": "“{policy}” costs the public nothing and moves no child into care or out of it",
        "zh": "“{policy}”不花公共资金，也没有改变任何儿童的入托情况",
    },
    "answer.no_effect_drawn": {
        "en": "In what was drawn “{policy}” costs the public nothing and moves no child into care or out of it; "
        "luck was not measured",
        "zh": "在本次抽样中，“{policy}”不花公共资金，也没有改变任何儿童的入托情况；未衡量随机波动",
    },
    "answer.undefined": {
        "en": "What “{policy}” adds was not measured in this run",
        "zh": "本次运行没有衡量“{policy}”的效果",
    },
    "answer.both": {
        "en": "Each added child-month costs {cost} yuan; {share} of the subsidised child-months would have happened "
        "anyway",
        "zh": "每净增一个儿童月支出 {cost} 元；受补贴的儿童月中有 {share} 没有政策也会入托",
    },
    "answer.cost": {
        "en": "Each added child-month costs {cost} yuan; what share would have come anyway is not defined for this "
        "policy",
        "zh": "每净增一个儿童月支出 {cost} 元；该政策原本即会入托的比例没有定义",
    },
    "answer.share": {
        "en": "No cost of an added child-month can be given, and {share} of the subsidised child-months would have "
        "happened anyway",
        "zh": "无法给出每净增一个儿童月的支出；受补贴的儿童月中有 {share} 没有政策也会入托",
    },
    "answer.neither": {
        "en": "Neither what an added child-month costs nor how many would have come anyway can be given",
        "zh": "每净增一个儿童月的支出和原本即会入托的比例均无法给出",
    },
    "answer.cheaper": {
        "en": "“{policy}” buys more for its money: {value} yuan for each added child-month, {cost} million yuan in all",
        "zh": "“{policy}”更划算：每净增一个儿童月 {value} 元，公共支出共 {cost}",
    },
    "answer.dearer": {
        "en": "None of the other policies that surely add care buys more for its money: the next best, “{policy}”, "
        "pays {value} yuan for each added child-month, {cost} million yuan in all",
        "zh": "确定增加入托的其他政策都不如它划算：其次为“{policy}”，每净增一个儿童月 {value} 元，公共支出共 {cost}",
    },
    "answer.alike": {
        "en": "No other policy here surely buys more for its money: luck does not tell “{policy}”, at {value} yuan for "
        "each added child-month and {cost} million yuan in all, from “{asked}”",
        "zh": "没有其他政策确定更划算：“{policy}”每净增一个儿童月 {value} 元，公共支出共 {cost}，"
        "因随机波动无法与“{asked}”区分",
    },
    "answer.only": {
        "en": "Of the other policies that surely add care “{policy}” adds most for its money: {value} yuan for each "
        "added child-month, {cost} million yuan in all",
        "zh": "确定增加入托的其他政策中“{policy}”最划算：每净增一个儿童月 {value} 元，公共支出共 {cost}",
    },
    "answer.none_certain": {
        "en": "None of the other policies compared surely adds any care",
        "zh": "所比较的其他政策都不能确定增加入托",
    },
    "answer.unmeasured": {
        "en": "Whether another policy buys more cannot be said: luck was not measured",
        "zh": "无法判断其他政策是否更划算：未衡量随机波动",
    },
    "answer.alone": {
        "en": "What else the money could buy was not asked: no other policy was compared",
        "zh": "本次运行没有比较其他政策，因此不知道同样的钱还能换来什么",
    },
    "answer.turns": {"en": ", though not under every assumption", "zh": "，但并非在每种假设之下都如此"},
    "answer.prepaid": {
        "en": "Families lose {lost} million yuan of prepaid fees when institutions close, against {before} million "
        "in the baseline",
        "zh": "机构停办时家庭损失预付费 {lost}，基准情景下为 {before}",
    },
    "answer.money.luck": {
        "en": "allowing for luck, {spread} million yuan, a 95 % interval",
        "zh": "随机波动的95%区间为 {spread}",
    },
    "answer.baseline_only": {
        "en": "Only the baseline was run, and there is nothing to compare it with",
        "zh": "只运行了基准情景，没有可比较的政策",
    },
    "answer.months.luck": {
        "en": "allowing for luck, {spread} child-months, a 95 % interval",
        "zh": "随机波动的95%区间为 {spread} 个儿童月",
    },
    "answer.luck": {"en": "allowing for luck, {spreads}", "zh": "计入随机波动为 {spreads}"},
    "answer.knowledge": {
        "en": "over assumptions that no source pins down, {spreads}",
        "zh": "在没有资料可以确定的假设之下为 {spreads}",
    },
    "answer.no_luck": {"en": "luck was not measured", "zh": "未衡量随机波动"},
    "answer.no_knowledge": {"en": "assumptions were not varied", "zh": "没有变动假设"},
    "answer.yuan": {"en": "{spread} yuan", "zh": "{spread} 元"},
    "answer.open": {
        "en": "{spread} or, at an end of them, no figure at all",
        "zh": "{spread}，在其中一端则无法得出数值",
    },
    "answer.doubts": {"en": " ({doubts}).", "zh": "（{doubts}）。"},
    "answer.end": {"en": ".", "zh": "。"},
    # what a reader may do with the page
    "page.switches": {"en": "Policies shown", "zh": "显示的政策"},
    "page.section.time": {"en": "Over time", "zh": "随时间的变化"},
    "page.section.gains": {"en": "Who gains", "zh": "谁得益"},
    "page.section.funnel": {"en": "From those eligible to vouchers used", "zh": "从符合条件到核销"},
    "page.section.market": {"en": "Fees and places", "zh": "收费与托位"},
    "page.notes": {"en": "Read this with the table", "zh": "读表须知"},
    "page.scaled": {
        "en": "Simulated at {scale} of the city's size: counts and money are those of this sample, not the city's; "
        "intervals are those of a smaller city.",
        "zh": "按全市规模的 {scale} 模拟：人数和金额是这一样本的，不是全市的；区间相当于一座较小城市的区间。",
    },
    "figure.scaled": {
        "en": "City at {scale} of its size: counts and money are the sample's.",
        "zh": "按全市规模的 {scale} 模拟：人数和金额是样本的。",
    },
    "page.resting": {
        "en": "Of the {total} numbers put in: {sourced} with a source, {assumed} assumptions ({ranged} with a range), "
        "{bare} without either.",
        "zh": "输入的 {total} 个数中：{sourced} 个有来源，{assumed} 个是假设（其中 {ranged} 个给出了范围），"
        "{bare} 个两者皆无。",
    },
    "page.resting.moved": {
        "en": "Moved over their ranges here: {moved}. The others stay where they are put.",
        "zh": "本次运行在范围内变动的有：{moved}。其余保持所给的值。",
    },
    "page.resting.still": {
        "en": "None is moved over its range in this run.",
        "zh": "本次运行没有在范围内变动任何假设。",
    },
    "page.welfare": {"en": "What it is worth to families", "zh": "对家庭值多少"},
    "page.welfare.how": {
        "en": "Gains on {baseline}, child by child, at the same luck. An always-taker gains the fall of its bill; whom "
        "the policy brought gains the relief less the least that would have brought it; who lost a place loses what it "
        "was worth; what applying for vouchers costs families is taken off. At a value of 1 families gain as much as "
        "the public pays. What institutions gain stands apart and is not in it; nor is better or more trusted care. "
        "Grants for places count whole, what comes of them only within the window. Below each number is its 95 % "
        "interval for luck.",
        "zh": "与“{baseline}”相比的得益，逐个儿童、在相同随机因素下计算。原本即会入托的，得账单下降额；因政策才入托的，"
        "得减免额减去足以使其入托的最低金额；失去托位的，失其价值；申领托育券的成本从中扣除。"
        "价值为 1 时，家庭所得与公共支出相等。机构所得单列，不计入每元价值；托育质量和信任的提高也不计。"
        "建设补助全额计入，其效果只计统计期内。每个数字下方是随机波动的95%区间。",
    },
    "page.welfare.rests": {"en": "These figures rest on:", "zh": "这些数字所依据的参数："},
    "rests.sensitivity": {"en": "Price sensitivity at median income", "zh": "中位收入家庭的价格敏感度"},
    "rests.sensitivity_sd": {"en": "How widely it differs between families", "zh": "价格敏感度在家庭间的差异"},
    "rests.income_power": {"en": "How fast it falls as income rises", "zh": "价格敏感度随收入下降的快慢"},
    "rests.stickiness": {"en": "How much families stick to their institution", "zh": "家庭对所在机构的黏性"},
    "rests.commitment_months": {"en": "Months a family commits to on entering, mean", "zh": "入托决定所考虑的平均月数"},
    "rests.foresight": {"en": "Families that count on what was announced", "zh": "把已公布的后续补贴计入的家庭占比"},
    "rests.prolonged": {"en": "Chance they give a policy to be prolonged", "zh": "家庭认为政策到期后延续的可能性"},
    "rests.deferral": {
        "en": "How far families put off an entry to come first in a round",
        "zh": "家庭为优先领券而推迟入托的程度",
    },
    "rests.work": {"en": "Mothers' work per added child-month", "zh": "每净增一个儿童月带来的母亲就业"},
    "rests.tax": {"en": "Taxes per month of mothers' work", "zh": "母亲就业每月带来的税费"},
    "page.welfare.taxless": {
        "en": "Taxes on mothers' added work are not counted: the scenario does not say how high they are.",
        "zh": "未计母亲就业带来的税收：情景文件没有给出税额。",
    },
    "page.welfare.profit": {"en": "Institutions' profit, change", "zh": "机构利润的变化"},
    "page.district": {"en": "By district", "zh": "分区县"},
    "page.district.how": {
        "en": "Take-up in the baseline, and the child-months that each policy adds to it, of the families who live "
        "there. Below each number is its 95 % interval for luck.",
        "zh": "基准情景下的入托率，以及各项政策为当地家庭净增的儿童月。每个数字下方是随机波动的95%区间。",
    },
    "column.district": {"en": "District", "zh": "区县"},
    "column.usual": {"en": "Take-up in the baseline", "zh": "基准入托率"},
    "page.knowledge": {"en": "How the answer moves with what nobody knows", "zh": "结果如何随无法确定的假设变化"},
    "page.knowledge.how": {
        "en": "No source pins these assumptions. Each line sets one of them to the low and to the high end "
        "of its range and leaves the others at their centre. These are settings, not intervals, and need not "
        "be in order of size.",
        "zh": "没有资料可以确定这些假设。每一行把其中一个假设设为其范围的低端和高端，其余保持中值。"
        "这些是设定值，不是区间，也不一定按大小排列。",
    },
    "page.sweep": {"en": "The sweep, arm by arm", "zh": "参数扫描：逐个方案"},
    "page.sweep.how": {
        "en": "Every arm is {policy} with the values shown; the numbers behind the figure of added "
        "child-months against cost. “Most for its cost” marks the arms that no other arm of this grid beats on "
        "both; values between them, and policies outside the grid, may do better.",
        "zh": "每个方案都是 {policy}，取表中所列的值；净增入托儿童月数与公共支出之图即由这些数字绘成。"
        "“同等支出下最多”标出本网格中没有其他方案在两方面都更优的方案；网格点之间的取值和网格之外的"
        "政策可能更好。",
    },
    "page.incidence": {"en": "Where the money went", "zh": "钱去了哪里"},
    "page.incidence.how": {
        "en": "Each policy against {baseline}: what the public pays more is, to the last fen, what families pay less, "
        "staff and suppliers are paid more and institutions keep more. A loss stands below zero; the lines under "
        "families add up to theirs, and paying a subsidy out costs nothing in this model. What new users pay is a loss "
        "here; what care is worth to them stands under “What it is worth to families”. Shown rounded; below each "
        "number is its 95 % interval for luck.",
        "zh": "每项政策与 {baseline} 相比：公共部门多付的每一分钱，都等于家庭少付的、员工和供应商多得的与机"
        "构多留的之和。损失为负；家庭之下各行相加等于家庭合计，本模型中发放补贴本身没有成本。"
        "新入托家庭所付在此计为损失；托育对他们的价值见“对家庭值多少”。表中为四舍五入值；每个数字下方是随机波动的95%区间。",
    },
    "page.measures": {"en": "Everything else that was measured", "zh": "其他各项指标"},
    "page.measures.how": {
        "en": "Each cell: the policy's own value with its interval and, after Δ, the paired difference from "
        "{baseline} with its interval. Groups (income, age, district, kind) are in summary.csv; what each word "
        "means stands at the end of this page.",
        "zh": "每格为该政策自身的值及其区间，Δ 之后是与 {baseline} 的配对差及其区间。分组结果（收入、"
        "年龄、区县、机构类型）见 summary.csv；各词含义见本页末尾。",
    },
    "page.measures.profit": {
        "en": "Institutions' profit leaves out what owners, parent kindergartens and public budgets put in to keep "
        "them open: its change says what a policy does to them, its level does not say how many lose money.",
        "zh": "机构利润不计举办者、所属幼儿园和公共预算为维持运营而作的投入：其变化说明政策对机构的影响，"
        "其水平不能说明有多少机构亏损。",
    },
    "page.evidence": {"en": "What the numbers rest on", "zh": "数字的依据"},
    "page.evidence.how": {
        "en": "{flagged} of {total} values are assumptions or have no source; they are marked.",
        "zh": "{total} 个值中有 {flagged} 个是假设或没有来源，均已标出。",
    },
    "page.evidence.flag": {"en": "assumption", "zh": "假设"},
    "page.evidence.unsourced": {"en": "no source given", "zh": "未注明来源"},
    "page.run": {"en": "How it was run", "zh": "如何运行"},
    "page.run.again": {"en": "To repeat it:", "zh": "重复本次运行："},
    "page.words": {"en": "What the words mean", "zh": "词语含义"},
    "page.assumptions": {"en": "assumptions:", "zh": "假设："},
    "page.assumptions.open": {"en": "or no figure", "zh": "或无法得出"},
    "page.baseline": {"en": "baseline", "zh": "基准情景"},
    # column heads
    "column.setting": {"en": "{label}, {unit}: {setting}", "zh": "{label}（{unit}）：{setting}"},
    "column.take_up": {"en": "Take-up", "zh": "入托率"},
    "column.change": {"en": "Change of take-up, percentage points", "zh": "入托率变化（百分点）"},
    "column.added": {"en": "Added child-months", "zh": "净增入托儿童月数"},
    "column.in_unit": {"en": "{label}, {unit}", "zh": "{label}（{unit}）"},
    "column.cost": {"en": "Public cost", "zh": "公共支出"},
    "column.per_added": {"en": "Cost per added child-month, yuan", "zh": "每净增一个儿童月的支出（元）"},
    "column.inframarginal": {"en": "Would have come anyway (inframarginal share)", "zh": "原本即会入托占比"},
    "column.poorest": {
        "en": "Public money going to the poorest fifth",
        "zh": "归收入最低五分之一家庭的资金占比",
    },
    "column.poorest.meaning": {
        "en": "public cost of children whose families are in the lowest fifth by income ÷ all public cost; money that "
        "no single child draws counts in the whole only, and where there is no other there is a dash",
        "zh": "收入最低五分之一家庭的儿童所用的公共支出 ÷ 全部公共支出；不对应单个儿童的资金只计入分母，"
        "全部资金都不对应单个儿童时为横线",
    },
    "column.pass_through": {
        "en": "Of each yuan, ended in higher posted fees (below zero: fees fell)",
        "zh": "每支出一元转为公示收费上涨的部分（负数表示收费下降）",
    },
    "column.mvpf": {
        "en": "Families' gain per yuan of net public cost (MVPF)",
        "zh": "每净支出一元，家庭所得（MVPF，元）",
    },
    "column.measure": {"en": "Measure", "zh": "指标"},
    "column.side": {"en": "Who gains", "zh": "谁得益"},
    "column.assumption": {"en": "Assumption", "zh": "假设"},
    "column.low": {"en": "at its low", "zh": "低值"},
    "column.central": {"en": "at its centre", "zh": "中值"},
    "column.high": {"en": "at its high", "zh": "高值"},
    "column.arm": {"en": "Arm", "zh": "方案"},
    "column.efficient": {"en": "Most for its cost, within this grid", "zh": "同等支出下最多（本网格内）"},
    "column.yes": {"en": "yes", "zh": "是"},
    "column.parameter": {"en": "Parameter", "zh": "参数"},
    "column.value": {"en": "Value", "zh": "值"},
    "column.range": {"en": "Range", "zh": "范围"},
    "column.source": {"en": "Source", "zh": "来源"},
    "column.low_end": {"en": "Low", "zh": "低端"},
    "column.high_end": {"en": "High", "zh": "高端"},
    # the workbook
    "workbook.what": {
        "en": "The sheet “summary” holds summary.csv: one row per policy, metric, group and doubt, with the words for "
        "the metric. Cells without a value are undefined.",
        "zh": "工作表 summary 即 summary.csv：每行为一项政策、一项指标、一个分组和一种不确定性，"
        "并附指标名称与含义。空格表示没有定义。",
    },
    "workbook.units": {
        "en": "Units stand in their column, and money is in yuan. Shares are fractions shown as per cent.",
        "zh": "单位见单位列，金额以元计。比例为小数，以百分数显示。",
    },
    "workbook.intervals": {
        "en": "Where doubt is “luck”, low and high are the 95 % interval over replications, and difference is the "
        "paired change from the baseline with its own interval. Where doubt is “knowledge”, they are the values at the "
        "low and the high end of the assumption that group names: settings, not an interval.",
        "zh": "doubt 为 luck 时，low 和 high 是各次重复模拟的95%区间，difference 是与基准情景的配对差，也有自己的区间。"
        "doubt 为 knowledge 时，它们是 group 所指假设取低端和高端时的值：是设定值，不是区间。",
    },
    "workbook.groups": {
        "en": "group is “all”, or one part of the children or institutions by income, age, district, kind and so on. "
        "Below: what a reader must know, then every number put in, with its range and source.",
        "zh": "group 为 all，或按收入、年龄、区县、机构类型等划分的一部分儿童或机构。"
        "以下先列读表须知，再列全部输入的数及其范围和来源。",
    },
    "workbook.called": {"en": "{name} is {called}", "zh": "{name} 即“{called}”"},
    "workbook.policies": {"en": "Policies by their names in the table: {listed}.", "zh": "表中的政策名称：{listed}。"},
    # one finding per policy, in sentences
    "finding.added": {
        "en": "adds {added} child-months of care ({luck}) for {cost} million yuan.",
        "zh": "净增入托 {added} 个儿童月（{luck}），公共支出 {cost}。",
    },
    "finding.new": {
        "en": "Of these, {value} ({luck}) are of children who would not have come within the window, net of children "
        "lost; {forward} are of earlier starts and {longer} of longer stays, net of shorter ones.",
        "zh": "其中 {value} 个（{luck}）属于统计期内原本不会入托的儿童，已减去不再入托的儿童；"
        "{forward} 个来自提前入托，{longer} 个来自在托更久，已减去缩短的部分。",
    },
    "finding.lost": {
        "en": "takes away {added} child-months of care ({luck}) and costs {cost} million yuan.",
        "zh": "减少入托 {added} 个儿童月（{luck}），公共支出 {cost}。",
    },
    "finding.unclear": {
        "en": "costs {cost} million yuan; its effect on enrolment cannot be told from zero ({added} "
        "child-months, {luck}).",
        "zh": "公共支出 {cost}；对入托的影响与零无法区分（{added} 个儿童月，{luck}）。",
    },
    "finding.per_added": {
        "en": "Each added child-month costs {value} yuan ({doubts}).",
        "zh": "每净增一个儿童月支出 {value} 元（{doubts}）。",
    },
    "finding.inframarginal": {
        "en": "{value} of the subsidised child-months would have happened anyway ({doubts}).",
        "zh": "受补贴的儿童月中有 {value} 没有政策也会入托（{doubts}）。",
    },
    "finding.mvpf": {
        "en": "Each yuan that it costs the public purse is worth {value} yuan to families ({doubts}).",
        "zh": "公共财政每净支出一元，家庭得到 {value} 元的好处（{doubts}）。",
    },
    "finding.pass_through": {
        "en": "Of each yuan {value} ended in higher posted fees ({luck}).",
        "zh": "每支出一元，有 {value} 元转为公示收费上涨（{luck}）。",
    },
    "finding.fees_fall": {
        "en": "For each yuan posted fees fell by {value} ({luck}).",
        "zh": "每支出一元，公示收费下降 {value} 元（{luck}）。",
    },
    "finding.fees_unclear": {
        "en": "Of each yuan {value} ended in higher posted fees, which cannot be told from zero ({luck}).",
        "zh": "每支出一元，有 {value} 元转为公示收费上涨，但与零无法区分（{luck}）。",
    },
    "finding.mean_fee_falls": {
        "en": "The mean posted fee of full-day care lies {value} yuan a month ({share}) below the baseline's ({luck}), "
        "in the last month {last} yuan ({last_share}).",
        "zh": "全日托平均公示收费每月比基准情景低 {value} 元（{share}；{luck}），"
        "最后一个月低 {last} 元（{last_share}）。",
    },
    "finding.mean_fee_rises": {
        "en": "The mean posted fee of full-day care lies {value} yuan a month ({share}) above the baseline's ({luck}), "
        "in the last month {last} yuan ({last_share}).",
        "zh": "全日托平均公示收费每月比基准情景高 {value} 元（{share}；{luck}），"
        "最后一个月高 {last} 元（{last_share}）。",
    },
    "finding.no_effect": {
        "en": "costs the public nothing and moves no child into care or out of it.",
        "zh": "不花公共资金，也没有改变任何儿童的入托情况。",
    },
    "finding.no_effect_drawn": {
        "en": "costs the public nothing and moves no child into care or out of it in what was drawn ({luck}).",
        "zh": "在本次抽样中不花公共资金，也没有改变任何儿童的入托情况（{luck}）。",
    },
    "finding.closures": {
        "en": "On average {institutions_closed} institutions closed and {displaced_children} children lost their "
        "places; of what their families had paid in advance {prepaid_lost} million yuan were lost and "
        "{prepaid_refunded} million came back; wages of {unpaid_wages} million stayed unpaid.",
        "zh": "平均有 {institutions_closed} 家机构停办，{displaced_children} 名儿童因此失去托位；"
        "家庭的预付费损失 {prepaid_lost}，退还 {prepaid_refunded}；拖欠员工工资 {unpaid_wages}。",
    },
    "finding.closures_alike": {
        "en": "Under a policy of which no closures are told below they are the same, as far as luck can tell.",
        "zh": "下文未提及停办的政策，停办情况与此相同或仅有随机差异。",
    },
    "finding.luck": {"en": "95 % interval for luck {spread}", "zh": "随机波动的95%区间 {spread}"},
    "finding.no_luck": {"en": "no interval: luck was not measured", "zh": "没有区间：未衡量随机波动"},
    "finding.knowledge": {"en": "{spread} over the assumptions", "zh": "在各假设之下为 {spread}"},
    "finding.knowledge_open": {
        "en": "{spread} over the assumptions, and no figure at all at an end of them",
        "zh": "在各假设之下为 {spread}，而在其中一端无法得出数值",
    },
    "finding.no_knowledge": {"en": "assumptions not varied in this run", "zh": "本次运行没有变动假设"},
    # how it was run
    "run.city": {"en": "City", "zh": "城市"},
    "run.window": {"en": "Counted window", "zh": "统计期"},
    "run.replications": {"en": "Replications", "zh": "重复模拟次数"},
    "run.seed": {"en": "Seed", "zh": "随机种子"},
    "run.scale": {"en": "Scale", "zh": "规模"},
    "run.fees": {"en": "Posted fees", "zh": "公示收费"},
    "run.fees.respond": {
        "en": "respond to the policies where the city's rules let institutions set them",
        "zh": "在本市规则允许机构自行定价之处，随政策变动",
    },
    "run.fees.fixed": {
        "en": "do not respond in this run, save for cuts that a subsidy demands",
        "zh": "本次运行中不随政策变动，补贴所要求的降价除外",
    },
    "run.wall": {"en": "Wall time", "zh": "运行时间"},
    "run.seconds": {"en": "{seconds} s", "zh": "{seconds} 秒"},
    "run.family_months": {"en": "Family-months simulated", "zh": "模拟的家庭月数"},
    "run.speed": {"en": "{count}, {rate} a second", "zh": "{count}，每秒 {rate}"},
    "run.versions": {"en": "Versions", "zh": "软件版本"},
    # figures: title, what it shows, and the words on the axes
    "figure.take_up.title": {
        "en": "Children in formal care, and how many more than in the baseline",
        "zh": "在托儿童，以及比基准情景多多少",
    },
    "figure.take_up.caption": {
        "en": "Above: take-up, children under three who are enrolled ÷ children under three, at each month's end. "
        "Below: the difference in all who are enrolled from "
        "the baseline under the same luck; policies too close to be told apart above are told apart there. "
        "Bands are 95 % intervals over replications.",
        "zh": "上图：各月末入托率，即三岁以下在托儿童 ÷ 三岁以下儿童。下图：随机条件相同时全部在托儿童与基准情景之差；"
        "上图中难以区分的政策可在此区分。色带为各次重复模拟的95%区间。",
    },
    "figure.public_cost.title": {
        "en": "What the policies have cost so far, month by month",
        "zh": "各政策逐月累计支出",
    },
    "figure.public_cost.caption": {
        "en": "Claims accrued since the start of the counted window, cumulated. Bands are 95 % intervals "
        "over replications.",
        "zh": "统计期开始以来应付金额的累计。色带为各次重复模拟的95%区间。",
    },
    "figure.frontier.title": {
        "en": "What each arm of the sweep's grid adds, and what it costs",
        "zh": "参数扫描中各方案净增多少、支出多少",
    },
    "figure.frontier.caption": {
        "en": "Each point is one arm; bars are 95 % intervals in both directions. The line joins the arms "
        "that no other arm of this grid beats on both counts, judged by the means: where bars overlap, it may be "
        "luck. Values between the grid's, and policies outside it, may do better.",
        "zh": "每点为一个方案；横竖线为两个方向的95%区间。连线经过本网格中没有其他方案在两方面都更优的方案，"
        "按均值判断：区间重叠处可能只是随机波动。网格点之间的取值和网格之外的政策可能更好。",
    },
    "figure.response.title": {
        "en": "How additions and cost answer what is varied",
        "zh": "净增入托与支出如何随参数变化",
    },
    "figure.response.caption": {
        "en": "Lines join the points of the sweep; bars are 95 % intervals for luck. Where no cost is drawn, it is "
        "undefined: nothing sure was added.",
        "zh": "折线连接各试验点；竖线为随机波动的 95% 区间。未画出成本之处没有定义：没有确定的净增。",
    },
    "figure.heat.title": {
        "en": "Both parameters at once",
        "zh": "两个参数的组合",
    },
    "figure.heat.caption": {
        "en": "Each cell is an arm of the grid: what it adds above the baseline, and what an added child-month "
        "costs. A dash marks what is undefined.",
        "zh": "每格为一种组合：相对基准情景的净增，以及每净增一个儿童月的支出。横线表示没有定义。",
    },
    "figure.funnel.title": {
        "en": "From the children who may apply to the vouchers that change something",
        "zh": "从可申领的儿童到真正带来改变的托育券",
    },
    "figure.funnel.caption": {
        "en": "Children are counted once a round. In brackets the share of the step above. The scale is "
        "logarithmic: equal distances are equal ratios. "
        "Lines through the marks are 95 % intervals over replications, where wide enough to be seen.",
        "zh": "儿童每轮各计一次。括号内为占上一步的比例。横轴为对数刻度：相等的距离表示相等的倍数。"
        "穿过标记的线为各次重复模拟的95%区间，宽到看得见时画出。",
    },
    "figure.who_gains.title": {
        "en": "Who gains: money, families' surplus and added care by family income",
        "zh": "谁得益：按家庭收入分的资金、家庭福利增量和净增入托",
    },
    "figure.who_gains.caption": {
        "en": "Children's families in fifths by income, poorest to richest. All bars of a column have one "
        "scale; the numbers are written at them. Whiskers are 95 % intervals over replications.",
        "zh": "儿童家庭按收入分为五等份，从最低到最高。同一列的柱使用同一刻度，数值写在柱旁。"
        "须线为各次重复模拟的95%区间。",
    },
    "figure.incidence.title": {"en": "Where the money went", "zh": "钱去了哪里"},
    "figure.incidence.caption": {
        "en": "What each side gains against the baseline; losses stand to the left of zero. Gains less losses are the "
        "public outlay, the mark. Means over replications; the table below has the intervals and the families' parts.",
        "zh": "各方与基准情景相比的所得；损失画在零的左侧。所得减去损失等于公共支出增量，"
        "即图中的标记。图中为各次重复模拟的均值；区间和家庭的各组成部分见下表。",
    },
    "figure.market.title": {"en": "Fees and places, by policy", "zh": "各政策下的收费与托位"},
    "figure.market.caption": {
        "en": "Left the level, right the difference from the baseline under the same luck. Bands are 95 % "
        "intervals over replications.",
        "zh": "左为水平，右为随机条件相同时与基准情景之差。色带为各次重复模拟的95%区间。",
    },
    "figure.pass_through.title": {
        "en": "How much of each yuan ends in higher fees",
        "zh": "每支出一元有多少转为收费上涨",
    },
    "figure.pass_through.caption": {
        "en": "The rise of posted fees over the baseline's under the same luck, for the children enrolled in the "
        "baseline, per yuan that the policy pays in that month; below zero where fees fall. Above for the kinds of "
        "institution that set fees themselves, per yuan paid for their children; those bound to guided fees count as "
        "unmoved. Dotted: what theory says of one small institution; with room to spare it says 0 of a flat sum off "
        "bills and of money per place, and of a share of each bill the institution's margin as a share of its fee. "
        "Months in which a policy pays less than a tenth of its dearest month are left out. Bands are 95 % intervals "
        "over replications.",
        "zh": "随机条件相同时，基准在托儿童面对的公示收费比基准情景上涨的金额，除以政策当月支出；"
        "收费下降时为负。上方为自行定价的各类机构，按为其儿童支出的每一元计；执行政府指导价的机构视为"
        "不变。点线为理论对单个小型机构的推断；有空位时，定额补给家庭和按托位补给均为0，"
        "按账单比例补给则为机构毛利占收费的比例。"
        "支出不到最高月份十分之一的月份略去。色带为各次重复模拟的95%区间。",
    },
    "figure.alt": {"en": "{title}. {caption} Policies: {policies}.", "zh": "{title}。{caption}政策：{policies}。"},
    "reading.month": {"en": "{month} {year}", "zh": "{year}年{month}"},
    "reading.fifth": {"en": "{fifth} fifth of incomes", "zh": "{fifth}（收入五等份）"},
    "reading.points": {"en": "{number} points", "zh": "{number} 个百分点"},
    "reading.change": {"en": "{quantity}, difference from the baseline", "zh": "{quantity}，与基准情景之差"},
    "reading.value": {"en": "Value", "zh": "数值"},
    "reading.interval": {"en": "with its 95 % interval", "zh": "及其 95% 区间"},
    "reading.difference": {"en": "From the baseline", "zh": "与基准情景之差"},
    "reading.how": {
        "en": "Point at a figure or tap it to read its numbers; with the keyboard, move to it and press ← or →.",
        "zh": "将鼠标移到图上或轻触图形，即可查看数值；用键盘时，先移到图上，再按 ← 或 → 键。",
    },
    "page.more": {"en": "More to the right: scroll sideways", "zh": "右侧还有内容，可横向滑动"},
    "axis.year": {"en": "{year}", "zh": "{year}年"},
    "axis.take_up": {"en": "Take-up, %", "zh": "入托率（%）"},
    "axis.enrolled_change": {"en": "Children above the baseline", "zh": "比基准情景多的在托儿童（人）"},
    "axis.take_up_change": {"en": "Above the baseline, percentage points", "zh": "比基准情景高（百分点）"},
    "axis.rule": {
        "en": "100 children are {points} in a hundred children under three.",
        "zh": "100名儿童相当于每百名三岁以下儿童中的 {points} 名。",
    },
    "axis.cost": {"en": "Cumulative public cost", "zh": "累计公共支出"},
    "axis.incidence": {"en": "Gain against the baseline", "zh": "与基准情景相比的所得"},
    "axis.cost_change": {"en": "Public cost", "zh": "公共支出"},
    "axis.added": {"en": "Added child-months", "zh": "净增入托儿童月数"},
    "axis.mean_fee": {"en": "Posted fee, yuan a month", "zh": "公示收费（元/月）"},
    "axis.mean_net_fee": {"en": "Net fee, yuan a month", "zh": "家庭净付费（元/月）"},
    "axis.utilisation": {"en": "Places filled, %", "zh": "托位使用率（%）"},
    "axis.mean_fee.change": {"en": "Posted fee, yuan a month", "zh": "公示收费（元/月）"},
    "axis.mean_net_fee.change": {"en": "Net fee, yuan a month", "zh": "家庭净付费（元/月）"},
    "axis.places": {"en": "Places", "zh": "托位（个）"},
    "axis.places.change": {"en": "Places", "zh": "托位（个）"},
    "axis.utilisation.change": {"en": "Places filled, percentage points", "zh": "托位使用率（百分点）"},
    "axis.pass_through": {"en": "Higher fees, yuan per yuan paid", "zh": "收费上涨（元/每元支出）"},
    "axis.pass_through.kind": {"en": "Institutions that set their own fees: {kind}", "zh": "自行定价的机构：{kind}"},
    "axis.pass_through.all": {"en": "All institutions", "zh": "全部机构"},
    "axis.pass_through.full": {"en": "theory, rooms full: money off bills", "zh": "理论值，满员：补给家庭"},
    "axis.pass_through.per_child": {
        "en": "theory, room to spare: money per child to institutions",
        "zh": "理论值，有空位：按在托儿童补给机构",
    },
    "axis.fixed": {"en": "{head} (fixed but for demanded cuts)", "zh": "{head}（除所要求的降价外不变）"},
    "axis.level": {"en": "Level", "zh": "水平"},
    "axis.difference": {"en": "Difference from the baseline", "zh": "与基准情景之差"},
    "axis.funnel": {
        "en": "Children × rounds, and vouchers (logarithmic scale)",
        "zh": "儿童人次与托育券张数（对数刻度）",
    },
    "frontier.efficient": {"en": "most for its cost, within this grid", "zh": "同等支出下最多（本网格内）"},
    "frontier.unsure": {
        "en": "another adds more for less, but luck may be the reason",
        "zh": "另一组合花费更少、净增更多，但可能出于随机波动",
    },
    "response.lines": {"en": "{axis}; a line for each {line}", "zh": "{axis}；每条线对应一个 {line}"},
    "frontier.other": {"en": "another arm of this grid adds more for less", "zh": "本网格中另有方案以更少支出净增更多"},
    "frontier.key": {"en": "Labels: {axes}", "zh": "标签：{axes}"},
    "frontier.factor": {"en": "{label} (× its own)", "zh": "{label}（原值的倍数）"},
    "quintile.1": {"en": "poorest", "zh": "最低收入"},
    "quintile.2": {"en": "2nd", "zh": "第二"},
    "quintile.3": {"en": "3rd", "zh": "第三"},
    "quintile.4": {"en": "4th", "zh": "第四"},
    "quintile.5": {"en": "richest", "zh": "最高收入"},
    "figure.unnamed": {"en": "policy {number}", "zh": "政策 {number}"},
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


def alphabet(language: str) -> str:
    """Every character that the language's words hold, which is what a font for them must have."""
    words = [word for table in (METRICS, ASSUMPTIONS) for entry in table.values() if (word := entry.get(language))]
    said = [*MONTHS.get(language, ()), *(entry[language] for entry in TEXTS.values() if language in entry)]
    said += [part for word in words for part in (word.label, word.unit, word.meaning, word.short)]
    return "".join(sorted(set("".join(said))))


def _choose(entry: dict[str, Word], language: str) -> Word | None:
    return entry.get(language, entry.get(DEFAULT))
