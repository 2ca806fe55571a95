"""What instruments, their parameters, units and choices are called where a report or the menu speaks Chinese.

English is what the declarations in sim/policy say, so only other languages stand here. Parameters go by what their
declaration says of them: whoever changes the English has to look at the translation again.
"""

from sim.report.words import Word

Terms = dict[str, dict[str, Word]]


def _chinese(entries: dict[str, tuple[str, str]]) -> Terms:
    return {key: {"zh": Word(label, "", meaning)} for key, (label, meaning) in entries.items()}


INSTRUMENTS: Terms = _chinese(
    {
        "capacity_grant": ("建设补助", "每新增一个托位，一次性补给举办者"),
        "cash_allowance": ("育儿补贴", "按儿童发放、不附条件的现金"),
        "cost_relief": ("成本减免", "承担机构的部分水电费和房租"),
        "fee_cap": ("收费限价", "公示收费的上限"),
        "fee_subsidy": ("收费补贴", "对每张符合条件的账单承担部分收费"),
        "home_care_allowance": ("居家照护津贴", "发给在家照护儿童的现金"),
        "information_campaign": ("宣传", "让家庭知道托育券和托育机构"),
        "kindergarten_conversion": ("幼儿园托班", "利用幼儿园空余教室开设托班"),
        "licensing": ("备案", "托育机构的登记备案"),
        "operating_subsidy": ("运营补贴", "按在托儿童月数补给机构"),
        "place_subsidy": ("托位补贴", "按托位补给机构，不论是否招满"),
        "prepayment_escrow": ("预付费监管", "家庭的预付费由监管账户保管"),
        "public_provision": ("公办托育", "由财政新建并运营的托育机构"),
        "quality_programme": ("质量提升项目", "培训、医育结合与监管：提升质量和信任"),
        "subsidy_by_lot": ("摇号补贴", "为摇号中签者长期承担部分收费"),
        "tax_deduction": ("个税专项附加扣除", "按儿童少征的个人所得税"),
        "voucher_pool": ("托育券", "一次性托育券，分轮申领"),
    }
)

PARAMETERS: Terms = _chinese(
    {
        # of all instruments
        "first day; the counted window's first if left out": ("开始日期", "第一天；不填则为统计期的第一天"),
        "last day; no end if left out": ("结束日期", "最后一天；不填则没有期限"),
        "from a claim on the treasury to its payment": ("拨付时滞", "从财政应付到实际拨付的月数"),
        "that running it costs, due at each month's end in force; out of its budget, if any": (
            "每月运行经费",
            "除发放的资金外，实施项目每月所需的经费；实施期内每逢月末计一次，有预算的从预算中支出",
        ),
        "total after which it ends": ("预算总额", "支出达到该总额即停止"),
        # money to institutions
        "once per place that opens": ("每个托位的补助", "每新增一个托位，一次性发放"),
        "per place": ("每个托位的补贴", "每个托位每月的补贴"),
        "per enrolled child-month": ("每名儿童的补贴", "每个在托儿童月的补贴"),
        "in place of yuan_per_child at the kinds of institution that it names": (
            "分类补贴标准",
            "对所列机构类型，代替 yuan_per_child",
        ),
        "in place of yuan_per_place at the kinds of institution that it names": (
            "分类补贴标准",
            "对所列机构类型，代替 yuan_per_place",
        ),
        "paid per child and calendar year at most": ("每年补贴月数上限", "每名儿童每个自然年最多补贴的月数"),
        "child-months paid per month at most, city-wide": ("补贴名额", "全市每月最多补贴的儿童月数"),
        "by which the posted fee of a participant must fall": ("降价要求", "参与机构的公示收费须下降的金额"),
        "most that who is paid may ask": ("收费上限", "领取补贴的机构最多可收取的金额"),
        "in place of fee_at_most in the bands that it names": ("分年龄段收费上限", "对所列年龄段，代替 fee_at_most"),
        "institutions that receive it": ("机构资格", "可获得该项资金的机构"),
        "kinds that receive it; empty for all": ("机构类型", "可获得该项资金的机构类型；留空为全部"),
        "institutions that may take part": ("机构资格", "可以参与的机构"),
        "kinds that may take part; empty for all": ("机构类型", "可以参与的机构类型；留空为全部"),
        "share of utilities that is borne": ("水电费承担比例", "财政承担的水电费比例"),
        "share of the rent that is borne": ("房租承担比例", "财政承担的房租比例"),
        "institutions that have it": ("机构资格", "享受减免的机构"),
        "kinds that have it; empty for all": ("机构类型", "享受减免的机构类型；留空为全部"),
        # money to families
        "paid per child": ("每月金额", "按每名儿童发放"),
        "from this completed age": ("起始月龄", "从满此月龄起"),
        "to before this completed age": ("截止月龄", "到满此月龄之前"),
        "birth orders that receive it (1, 2, …); empty for all": ("孩次", "发放的孩次（1、2、……）；留空为全部"),
        "paid for a child in none of the places that end it": ("每月金额", "按不在所列机构入托的每名儿童发放"),
        "institutions at which enrolling ends it": ("停发机构", "入托即停发的机构"),
        "share of the net fee so far": ("补贴比例", "占此前净付费的比例"),
        "flat amount": ("定额", "每张账单的固定金额"),
        "at most this per bill": ("单笔上限", "每张账单最多补贴的金额"),
        "household income up to which it is paid": ("收入上限", "家庭收入不超过此数方可享受"),
        "bands for which it is paid": ("年龄段", "可享受补贴的年龄段"),
        "kinds of institution at which it is paid; empty for all": ("机构类型", "可享受补贴的机构类型；留空为全部"),
        "institutions at which it is paid": ("机构资格", "可享受补贴的机构"),
        "who win": ("中签人数", "中签的儿童数"),
        "completed age on the day of the lot, from this": ("报名起始月龄", "摇号当日已满此月龄方可报名"),
        "completed age on the day of the lot, below this": ("报名截止月龄", "摇号当日未满此月龄方可报名"),
        "household income up to which families may sign up": ("报名收入上限", "家庭收入不超过此数方可报名"),
        "share of those unaware told by an institution in a month after it redeemed a voucher": (
            "机构告知比例",
            "机构兑付过托育券之后，每月告知所接触的不知情家庭的比例",
        ),
        "share of families of enrolled children that sign up": (
            "在托家庭报名比例",
            "儿童已在托的家庭中报名参加摇号的比例",
        ),
        "share of other families that sign up": ("其他家庭报名比例", "其他家庭中报名参加摇号的比例"),
        "completed age at which it ends for a winner": ("补贴截止月龄", "中签儿童满此月龄即停止补贴"),
        "deducted per child": ("每月扣除额", "按每名儿童扣除"),
        "of household income that the earner who deducts has": ("扣除人收入占比", "申报扣除者的收入占家庭收入的比例"),
        "free of tax: the basic 60,000 with social contributions and other deductions": (
            "免税额",
            "不征税的部分：基本减除费用6万元，加社保缴费和其他扣除",
        ),
        # fees
        "most that may be asked for infants": ("乳儿班限价", "乳儿班最高收费"),
        "most that may be asked for toddlers": ("托小班限价", "托小班最高收费"),
        "most that may be asked for older toddlers": ("托大班限价", "托大班最高收费"),
        "institutions that it binds": ("机构资格", "受限价约束的机构"),
        "kinds that it binds; empty for all": ("机构类型", "受限价约束的机构类型；留空为全部"),
        "share of prepaid fees that is held": ("监管比例", "纳入监管的预付费比例"),
        "institutions from which it is required": ("机构资格", "须纳入监管的机构"),
        "kinds from which it is required; empty for all": ("机构类型", "须纳入监管的机构类型；留空为全部"),
        # new places
        "that open, one at an institution": ("托班数", "新开的托班，每家机构一个"),
        "kind of institution at which they open": ("开设于何类机构", "开设托班的机构类型"),
        "band that they are for": ("年龄段", "招收的年龄段"),
        "that converting a place costs": ("每个托位的改造费", "改造一个托位的费用"),
        "from the month of the start to opening": ("建设月数", "从开始之月到开业的月数"),
        "that open": ("机构数", "新开的机构数"),
        "kind of institution that opens": ("机构类型", "新开机构的类型"),
        "districts in which they open; empty for all": ("区县", "新开机构所在的区县；留空为全部"),
        "posted fee for every band, 0 for free care; the kind's where left out": (
            "公示收费",
            "各年龄段的公示收费，0为免费；不填则按该类型的收费",
        ),
        "that building a place costs": ("每个托位的建设费", "建设一个托位的费用"),
        "whether the treasury pays what they lose in cash each month; else their parent does": (
            "财政兜底亏损",
            "每月的现金亏损是否由财政承担；否则由主办单位承担",
        ),
        "share of those not registered who become so": ("备案比例", "未备案机构中完成备案的比例"),
        "kinds that are registered; empty for all": ("机构类型", "进行备案的机构类型；留空为全部"),
        # what families know and trust
        "share of those who do not know of a pool who are told each month": (
            "每月告知比例",
            "尚不知道托育券的家庭中，每月被告知的比例",
        ),
        "what more trust makes care worth to a family": ("信任的价值", "信任增加使托育对家庭多值的金额"),
        "that the campaign costs": ("每月经费", "宣传的费用"),
        "by which quality rises": ("质量提升幅度", "质量提高的幅度"),
        "spent per institution": ("每家机构的投入", "每家机构每月的投入"),
        "institutions that take part": ("机构资格", "参加项目的机构"),
        "kinds that take part; empty for all": ("机构类型", "参加项目的机构类型；留空为全部"),
        "bands for which trust rises": ("年龄段", "信任提升的年龄段"),
        # vouchers
        "a round on the start's day of each month": ("发放周期", "每月一轮，日子与开始日期相同"),
        "after issue on which it may be redeemed; the next bill always counts": (
            "有效天数",
            "发放之日起可以核销的天数；领券后的第一张账单总可核销",
        ),
        "who wins when more apply than can": ("分配方式", "申领人数超过投放量时谁能领到"),
        "share of each round's vouchers drawn first among households of low income": (
            "预留比例",
            "每轮先在低收入家庭中抽取的比例",
        ),
        "household income per head up to which a family draws for the reserved": (
            "预留收入线",
            "家庭人均收入不超过此数方可参加预留部分的抽取",
        ),
        "institutions that take it": ("可用机构", "可以使用托育券的机构"),
        "may a child win again?": ("可重复领取", "同一儿童能否再次领取"),
        "are vouchers not issued, or expired, added to the tranche's next round?": (
            "余券结转",
            "未发出或过期的托育券是否并入同一档的下一轮",
        ),
        "what applying costs a family in time and nerve": ("申领成本", "申领一次的时间和麻烦折合成的金额"),
        "share of enrolled families that know of the pool at its launch": (
            "在托家庭知晓度",
            "推出时知道托育券的在托家庭比例",
        ),
        "share of other families that know of it at its launch": ("其他家庭知晓度", "推出时知道托育券的其他家庭比例"),
        "monthly share of those who do not know who learn of it": ("知晓度月增", "尚不知道者中每月得知的比例"),
        "age tiers": ("月龄分档", "按月龄分的各档"),
        "completed months at the draw, both inclusive": ("月龄范围", "抽取时的足月月龄，含两端"),
        "face value": ("面值", "每张托育券的面值"),
        "issued each round": ("每轮张数", "每轮投放的张数"),
    }
)

UNITS: Terms = _chinese(
    {
        "children": ("人", ""),
        "classes": ("个班", ""),
        "days": ("天", ""),
        "institutions": ("家机构", ""),
        "months": ("个月", ""),
        "places": ("个托位", ""),
        "share": ("比例", ""),
        "standard deviations": ("个标准差", ""),
        "vouchers": ("张", ""),
        "yuan": ("元", ""),
        "yuan a month": ("元/月", ""),
        "yuan a year": ("元/年", ""),
        # what is no number with a unit
        "date": ("日期", ""),
        "number": ("数", ""),
        "numbers": ("数", ""),
        "whole number": ("整数", ""),
        "whole numbers": ("整数", ""),
        "tables": ("表", ""),
        "text": ("文字", ""),
        "names of the city's `[[city.supply.kind]]`": ("本市 [[city.supply.kind]] 中的类型名", ""),
    }
)

VALUES: Terms = _chinese(
    {
        "any": ("不限", ""),
        "registered": ("已备案", ""),
        "inclusive": ("普惠", ""),
        "infant": ("乳儿班", ""),
        "toddler": ("托小班", ""),
        "older_toddler": ("托大班", ""),
        "lottery": ("摇号", ""),
        "first_come": ("先到先得", ""),
        "lowest_income": ("低收入优先", ""),
        "new_families_first": ("新入托家庭优先", ""),
        "month": ("每月", ""),
        "true": ("是", ""),
        "false": ("否", ""),
    }
)

# kinds of institution that scenarios name so; a city's own words stay as they are
KINDS: Terms = _chinese(
    {
        "private": ("民办机构", ""),
        "public": ("公办机构", ""),
        "kindergarten": ("幼儿园托班", ""),
        "employer": ("用人单位托育点", ""),
        "community": ("社区托育点", ""),
        "home": ("家庭托育点", ""),
    }
)

TABLES = {"kinds": KINDS, "instruments": INSTRUMENTS, "parameters": PARAMETERS, "units": UNITS, "values": VALUES}


def said(terms: Terms, key: str, language: str) -> str:
    """What something is called; its own name where the language has no other."""
    word = terms.get(key, {}).get(language)
    return key if word is None else word.label


def meaning(terms: Terms, key: str, english: str, language: str) -> str:
    """What something is, in a line; the English where the language has no other."""
    word = terms.get(key, {}).get(language)
    return english if word is None else word.meaning


def instrument(called: str, language: str) -> str:
    """An instrument of a policy by its kind, which may carry a number: "voucher_pool 2"."""
    kind, space, number = called.partition(" ")
    return said(INSTRUMENTS, kind, language) + space + number


def alphabet(language: str) -> str:
    """Every character that the language's terms hold, which is what a font for them must have."""
    words = [word for table in TABLES.values() for entry in table.values() if (word := entry.get(language))]
    return "".join(sorted(set("".join(word.label + word.meaning for word in words))))
