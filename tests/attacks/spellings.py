"""One number, address or name in many spellings."""

MOBILE = "13390633695"

PHONES = (
    "13390633695",
    "+8613390633695",
    "008613390633695",
    "8613390633695",
    "013390633695",
    "+86 133 9063 3695",
    "+86-133-9063-3695",
    "+86 (0)133 9063 3695",
    "(+86)13390633695",
    "133 9063 3695",
    "133-9063-3695",
    "133.9063.3695",
    "133/9063/3695",
    " 13390633695 ",
    "１３３９０６３３６９５",
    "＋８６１３３９０６３３６９５",
    "133\u00a09063\u00a03695",
    "133\u20119063\u20113695",
    "133\u200b9063\u200b3695",
    "133\u30009063\u30003695",
    "\ufeff13390633695",
    "(133) 9063-3695",
)
"""Spellings of one mobile number."""

ADDRESS = "victim@example.com"
ADDRESSES = (
    "victim@example.com",
    "Victim@example.com",
    "VICTIM@EXAMPLE.COM",
    "victim@EXAMPLE.com",
    " victim@example.com ",
    "victim＠example.com",
    "ｖｉｃｔｉｍ@example.com",
    "victim@ｅｘａｍｐｌｅ.com",
    "\u3000victim@example.com",
)
"""Spellings of one address."""

ALMOST = (
    "victim\u200b@example.com",
    "victim@exam\u00adple.com",
    "victim\ufe6bexample.com",
    '"victim"@example.com',
    "victim@example.com.",
    "<victim@example.com>",
    "mailto:victim@example.com",
    "victim@example.com\n",
    "victim(owner)@example.com",
)
"""What somebody else might take for that address; some are that address, and some are nothing."""

NUMBER = "11010519491231002X"
IDENTITY_NUMBERS = (
    "11010519491231002X",
    "11010519491231002x",
    " 11010519491231002X ",
    "１１０１０５１９４９１２３１００２Ｘ",
    "１１０１０５１９４９１２３１００２ｘ",
    "11010519491231002Ｘ",
    "\u300011010519491231002X\u3000",
)
"""Spellings of one identity number."""
