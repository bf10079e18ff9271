"""Values of JSON that Python reads, but that can be neither reckoned with nor written again."""

from __future__ import annotations

import json
import math


def is_number(value: object) -> bool:
    """Tell whether a value is a number that a float holds: no NaN, no 1e999, no 400 digits.

    >>> is_number(1), is_number(0.5), is_number(True), is_number(10**400)
    (True, True, False, False)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def fits_utf8(value: object) -> bool:
    r"""Tell whether all texts of a value can be written: JSON can spell half a character.

    >>> fits_utf8({"model": "caf\u00e9"}), fits_utf8({"model": ["\ud83d"]})
    (True, False)
    """
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
