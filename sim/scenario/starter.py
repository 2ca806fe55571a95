"""A commented scenario to start from: on the city that lies beside it, or on a made-up town where there is none."""

import re
from pathlib import Path

STARTERS = Path(__file__).parent / "starters"
CITY = Path("cities") / "xian.toml"
NAME = re.compile(r"\w[\w .-]{0,98}")  # of a file in any system's folder, and nothing that a TOML string must escape


def starter(name: str, folder: Path) -> str:
    """Return the text of a scenario called `name` that is to lie in the folder.

    Raises ValueError if the name cannot be a file's.
    """
    if not NAME.fullmatch(name):
        raise ValueError(
            f"found {name[:40]!r}, expected letters, digits, blanks, dots, - and _, a letter or digit first"
        )
    said = (STARTERS / "scenario.toml").read_text(encoding="utf-8")
    if (folder / CITY).is_file():
        city, scale, town = f'extends = "{CITY.as_posix()}"  # the city, with every number\'s source\n', "0.05", ""
        scale += "                       # of the city, for a quick first answer; take it away for the whole"
    else:
        city, scale, town = "", "1.0", (STARTERS / "town.toml").read_text(encoding="utf-8")
    return said.replace("@TITLE@", name).replace("@CITY@", city).replace("@SCALE@", scale) + town
