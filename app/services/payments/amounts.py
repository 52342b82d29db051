"""Amounts as Stripe gives them: whole numbers of a currency's smallest unit, which is not everywhere a hundredth.

Source: docs.stripe.com/currencies (zero-decimal, three-decimal and special cases).
"""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import format_currency, get_currency_symbol

from app.moments import viewer_locale

ZERO_DECIMAL = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)
THREE_DECIMAL = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))
# Without subunits in use, yet given in hundredths, to stay as they were: 500 are 5 krónur.
GIVEN_IN_HUNDREDTHS = frozenset(("ISK", "UGX", "HUF", "TWD"))


def decimals(currency: str) -> int:
    """Return how many digits of an amount are behind the point."""
    code = currency.upper()
    return 0 if code in ZERO_DECIMAL else 3 if code in THREE_DECIMAL else 2


def whole(amount: int, currency: str) -> Decimal:
    """Return the amount in the currency itself: 1234 EUR are 12.34, 1234 JPY are 1234."""
    return Decimal(amount).scaleb(-decimals(currency))


def shown(amount: int | None, currency: str) -> str:
    """Return the amount as people read it: "€12.34", "¥1,234", "KWD 1.234"; empty where there is none."""
    if amount is None or not currency:
        return ""
    code, value = currency.upper(), whole(amount, currency)
    digits = 0 if code in GIVEN_IN_HUNDREDTHS and value == value.to_integral_value() else decimals(code)
    locale = viewer_locale()
    # Letters are no sign: they stand apart from the number.
    apart = "\N{NO-BREAK SPACE}" if get_currency_symbol(code, locale=locale)[-1:].isalpha() else ""
    pattern = f"¤{apart}#,##0" + ("." + "0" * digits if digits else "")
    return format_currency(value, code, pattern, locale=locale, currency_digits=False)
