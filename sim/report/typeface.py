"""Our Chinese font: its file, and what of it a page takes along for readers whose machine has none."""

import base64
import io
import unicodedata
from pathlib import Path

FILE = Path(__file__).parent / "fonts" / "HanGB2312-Regular.otf"
FAMILY = "Han GB2312"
RANGE = "U+2E80-FFEF"  # characters, strokes and punctuation two columns wide


def face(shown: str) -> str:
    """Return the CSS rule that holds the Chinese characters of the text, empty if there are none that the font has.

    The same characters give the same bytes.
    """
    wide = {character for character in set(shown) if unicodedata.east_asian_width(character) in "WF"}
    if not wide:
        return ""
    from fontTools import subset

    options = subset.Options(flavor="woff", layout_features=[], hinting=False, recalc_timestamp=False)
    packed = io.BytesIO()
    with subset.load_font(FILE, options) as font:
        held = {character for character in wide if ord(character) in font.getBestCmap()}
        if not held:
            return ""
        chosen = subset.Subsetter(options)
        chosen.populate(text="".join(sorted(held)))
        chosen.subset(font)
        subset.save_font(font, packed, options)
    data = base64.b64encode(packed.getvalue()).decode("ascii")
    source = f'url(data:font/woff;base64,{data}) format("woff")'
    # first in the page's list, for Chromium may overlook what stands behind system-ui; so the range keeps it to Chinese
    return f'@font-face {{ font-family: "{FAMILY}"; src: {source}; unicode-range: {RANGE}; }}\n'
