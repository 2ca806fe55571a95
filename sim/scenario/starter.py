"""A commented scenario to start from: on the city that lies beside it, or on a made-up town where there is none."""

import re
from pathlib import Path

STARTERS = Path(__file__).parent / "starters"
CITY = Path("cities") / "xian.toml"
NAME = re.compile(r"[^\W_][\w .-]{0,98}")  # of a file in any system's folder; nothing that a TOML string must escape
MOST_BYTES = 200  # a file's name has at most 255 in most systems, and what is written aside has a longer one


def starter(name: str, folder: Path) -> str:
    """Return the text of a scenario called `name` that is to lie in the folder.

    Raises ValueError if the name cannot be a file's.
    """
    if not NAME.fullmatch(name) or len(name.encode()) > MOST_BYTES:
        raise ValueError(
            f"found {name[:40]!r}, expected letters, digits, blanks, dots, - and _, a letter or digit first, "
            f"of at most 99 characters and {MOST_BYTES} bytes"
        )
    said = (STARTERS / "scenario.toml").read_text(encoding="utf-8")
    if (folder / CITY).is_file():
        city, scale, town = f'extends = "{CITY.as_posix()}"  # the city, with every number\'s source\n', "0.05", ""
        scale += "                       # of the city, for a quick first answer; take it away for the whole"
    else:
        city, scale, town = "", "1.0", (STARTERS / "town.toml").read_text(encoding="utf-8")
    return said.replace("@TITLE@", name).replace("@CITY@", city).replace("@SCALE@", scale) + town
