"""Numbers as text with real minus signs and powers of ten."""

from __future__ import annotations

import math

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def superscript(power: int) -> str:
    """A whole number in raised digits: ⁻¹²."""
    return str(power).translate(_SUPERSCRIPTS)


def power_of_ten(power: int) -> str:
    """10ⁿ for the label of an axis: 10⁻³, 10¹, and 1 for n = 0."""
    return "1" if power == 0 else f"10{superscript(power)}"


def fixed(value: float, digits: int = 4) -> str:
    """A value with a fixed count of significant digits: 3.880, 0.001200, −1.200×10⁻⁵; "–" where undefined."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    power = int(exponent)
    if -4 <= power <= 5:
        return f"{value:.{max(0, digits - 1 - power)}f}".replace("-", "−")
    return f"{mantissa}×10{superscript(power)}".replace("-", "−")


def general(value: float, digits: int) -> str:
    """A value with at most `digits` significant digits and no zeros after the last: 3.88, −1.2×10⁻⁵, ∞."""
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    power = f"×10{superscript(int(exponent))}" if exponent else ""
    return mantissa.replace("-", "−") + power


def percent(weight: float) -> str:
    """A weight in two significant digits: 37 %, 3.7 %, 0.37 %."""
    if weight < 0.001:
        return "< 0.1 %"
    return f"{100 * weight:.{0 if weight >= 0.0995 else 1 if weight >= 0.00995 else 2}f} %"
