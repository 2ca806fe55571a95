"""Faults of a scenario file in the reader's language: the frame of the line, and what is expected where it is usual.

What a fault expects is said in English by whoever finds it. The usual sayings are translated here; what is rare, and
the names and values within, stay as they are.
"""

import re
from dataclasses import replace

from sim.report.words import DEFAULT, Language, text
from sim.scenario.faults import Fault

# sayings as a whole, their gaps taken over
_SAYINGS: dict[str, dict[str, str]] = {
    "zh": {
        r"true or false": "true 或 false",
        r"a table": "一个表",
        r"an array": "一个数组",
        r"a date": "日期",
        r"a time": "时间",
        r"a date with a time": "日期和时间",
        r"a string": "字符串",
        r"text": "文字",
        r"nothing": "空缺",
        r"a number": "数",
        r"a finite number": "有限的数",
        r"an integer": "整数",
        r"a smaller integer": "较小的整数",
        r"a value: this key is required": "一个值：此键必填",
        r"no such key": "无此键",
        r"each of them once": "每项只出现一次",
        r"names that differ": "互不相同的名称",
        r"the name of an assumption": "某一假设的名称",
        r"a name of what this table is": "说明此表是什么的名称",
        r"a name of 1 to 100 printable characters": "1至100个可显示字符的名称",
        r"a name without spaces at its ends": "首尾没有空格的名称",
        r"a name that no spreadsheet takes for a formula: .*": "不会被电子表格当作公式的名称：不以 = + - @ 开头",
        r"a name that no arm of the sweep has or begins with": "与参数网格各方案不同的名称",
        r"a name of its own; (\S+) has this one": "不与他人相同的名称；{0} 已用此名",
        r"printable characters, on one line": "一行可显示的字符",
        r"a number above (\S+)": "大于 {0} 的数",
        r"a number of at least (\S+)": "不小于 {0} 的数",
        r"a number below (\S+)": "小于 {0} 的数",
        r"a number of at most (\S+)": "不大于 {0} 的数",
        r"a number from (\S+) to (\S+)": "{0} 至 {1} 的数",
        r"a date after (\S+)": "晚于 {0} 的日期",
        r"a date not before (\S+)": "不早于 {0} 的日期",
        r"a date before (\S+)": "早于 {0} 的日期",
        r"a date not after (\S+)": "不晚于 {0} 的日期",
        r"a date on or after start \((\S+)\)": "不早于开始日期（{0}）的日期",
        r"a multiple of (\S+)": "{0} 的倍数",
        r"a string of at most (\d+) characters?": "至多 {0} 个字符的字符串",
        r"a string of at least (\d+) characters?": "至少 {0} 个字符的字符串",
        r"at most (\d+) items?": "至多 {0} 项",
        r"at least (\d+) items?": "至少 {0} 项",
        r"an age above from_months \((\S+)\)": "大于 from_months（{0}）的月龄",
        r"two ages from 0 to 47, the younger first": "0至47的两个月龄，小的在前",
        r"a number to scale": "可以按倍数改变的数",
        r"a key path: kind\.parameter": "键路径：kind.parameter",
        r"a TOML file": "TOML 文件",
        r"a value": "一个值",
        r"kind\.parameter of the policy: city, clock and luck are drawn once, by each Laboratory": (
            "该政策的 kind.parameter：城市、时间和随机数由每个 Laboratory 只抽取一次"
        ),
        r"another policy than the first, which the others are compared with": "首项以外的政策：其他政策都与首项比较",
        r"(\d+), which standing programmes that touch fees weigh": "{0}，既有的涉及收费的项目以此权衡",
        r"a readable file": "可以读取的文件",
        r"a path in UTF-8": "UTF-8 编码的路径",
        r"KEY=VALUE, such as (\S+)": "KEY=VALUE，例如 {0}",
        r"\[\[policy\.instrument\]\] tables": "[[policy.instrument]] 表",
        r"a \[\[policy\.instrument\]\] table": "[[policy.instrument]] 表",
        r"where the number comes from": "该数的出处",
        r"a policy: one of (.+)": "某项政策：{0} 之一",
        r"one of (.+)": "以下之一：{0}",
        r"no file (.+)": "文件 {0} 不存在",
    }
}
_NEAR = re.compile(r"(.*); did you mean (.+)\?", re.DOTALL)
_NEARLY = {"zh": "{said}；是否想写 {near}？"}
_OR = {"zh": " 或 "}


def line(fault: Fault, language: Language) -> str:
    """A fault as one printable line in the language; in English the line that machines read."""
    if language == DEFAULT:
        return fault.line()
    said = replace(fault, found=_found(fault.found, language), expected=expected(fault.expected, language))
    return said.line(text("fault.line", language, file="{file}", at="{at}", found="{found}", expected="{expected}"))


def _found(found: str, language: str) -> str:
    """What was found is the file's own; only that there was nothing is ours."""
    return _whole(found, language) or found if found == "nothing" or found.startswith("no file ") else found


def expected(words: str, language: str) -> str:
    """What was expected, in the language where the saying is known; else as it is."""
    near = _NEAR.fullmatch(words)
    if near is not None:
        return _NEARLY[language].format(said=expected(near[1], language), near=near[2])
    whole = _whole(words, language)
    if whole is not None:
        return whole
    parts = [_whole(part, language) for part in words.split(" or ")]
    return words if None in parts else _OR[language].join(part for part in parts if part is not None)


def _whole(words: str, language: str) -> str | None:
    for saying, said in _SAYINGS[language].items():
        found = re.fullmatch(saying, words, re.DOTALL)
        if found is not None:
            return said.format(*found.groups())
    return None
