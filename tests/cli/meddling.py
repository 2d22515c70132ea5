"""Changes behind the server's back to a ledger of five transfers, and how an audit names them."""

ANNAS, FILLED, SHARED, BERTS, REVERSAL = 64, 128, 192, 256, 320
AFTER = REVERSAL + 64
KEPT = {
    ANNAS: "award",
    FILLED: "pot_filled",
    SHARED: "pot_shared",
    BERTS: "award",
    REVERSAL: "reversal",
}
"""The transfers, all of them in the first chain, and their kinds. Anchors were made after the third
and after the last."""

OF_ANNA = f"(SELECT holder_id FROM postings WHERE transfer_id = {ANNAS} AND place = 2)"
HER_BALANCE = f"holder = 'user' AND holder_id = {OF_ANNA}"
HER_AWARD = f"account_id = {OF_ANNA}"
THE_ISSUERS = "holder = 'issuer' AND slot = 0"

NO_TRANSFER = f"transfer {ANNAS}: what is kept of it can be no transfer"
NO_AWARD = f"transfer {ANNAS} has no award"
AWARD = r"award \d+ of account \d+ is not what its transfer says"
BALANCE = r"the balance of user \d+ in coin 1 is -?\d+ units, its postings add up to \d+"
OTHER_END = "chain {} ends with another hash than its last transfer"
SHORTENED = (
    f"UPDATE ledger_chains SET length = 4, head = (SELECT hash FROM transfers WHERE id = {BERTS}) "
    "WHERE chain = 0"
)
OTHER_COIN = "INSERT INTO coins (id, name) VALUES (2, 'other')"


def unfit(id: int) -> str:
    return f"transfer {id}: its hash does not fit what it says"


def missing(id: int) -> str:
    return f"transfer {id} is missing"


def change(table: str, where: str, value: str) -> str:
    return f"UPDATE {table} SET {value} WHERE {where}"


def flip(table: str, where: str, column: str, byte: int) -> str:
    """Change one bit of one byte."""
    flipped = f"set_byte({column}, {byte}, get_byte({column}, {byte}) # 1)"
    return change(table, where, f"{column} = {flipped}")


def transfer(id: int, value: str) -> str:
    return change("transfers", f"id = {id}", value)


def postings(id: int, value: str, place: str = "1, 2") -> str:
    return change("postings", f"transfer_id = {id} AND place IN ({place})", value)


def without(id: int) -> str:
    return f"DELETE FROM postings WHERE transfer_id = {id}; DELETE FROM transfers WHERE id = {id}"


def copied(id: int, new: str) -> str:
    """A transfer like another, but for its key; without postings."""
    return (
        "INSERT INTO transfers (id, key, kind, memo, at, hash) "
        f"SELECT {new}, key || '0', kind, memo, at, hash FROM transfers WHERE id = {id}"
    )


def again(id: int, into: int, place: int = 0) -> str:
    """The postings of a transfer once more, in another or behind its own."""
    same = "holder, holder_id, coin_id, amount"
    return (
        f"INSERT INTO postings (transfer_id, place, {same}) "
        f"SELECT {into}, place + {place}, {same} FROM postings WHERE transfer_id = {id}"
    )


TRANSFERS = {
    "hash, first byte": (flip("transfers", f"id = {ANNAS}", "hash", 0), unfit(ANNAS)),
    "hash, last byte of the newest": (
        flip("transfers", f"id = {REVERSAL}", "hash", 31),
        unfit(REVERSAL),
    ),
    "memo": (transfer(SHARED, "memo = replace(memo, 'word', 'wort')"), unfit(SHARED)),
    "memo of an award": (transfer(ANNAS, "memo = replace(memo, ' 0 ', ' 1 ')"), unfit(ANNAS)),
    "memo of a reversal": (transfer(REVERSAL, "memo = 'u' || substr(memo, 2)"), unfit(REVERSAL)),
    "key": (transfer(FILLED, "key = key || '0'"), unfit(FILLED)),
    "key of an award": (transfer(ANNAS, "key = key || '0'"), unfit(ANNAS)),
    "kind": (transfer(ANNAS, "kind = 'pot_shared'"), unfit(ANNAS)),
    "kind that is none": (transfer(ANNAS, "kind = 'awarD'"), NO_TRANSFER),
    "at": (transfer(BERTS, "at = at + interval '1 microsecond'"), unfit(BERTS)),
    "at, for ever": (transfer(BERTS, "at = 'infinity'"), f"transfer {BERTS}: .*"),
    "reverses": (transfer(REVERSAL, f"reverses = {ANNAS}"), unfit(REVERSAL)),
    "reverses, to none": (transfer(REVERSAL, "reverses = NULL"), unfit(REVERSAL)),
    "reverses, from none": (transfer(FILLED, f"reverses = {ANNAS}"), unfit(FILLED)),
    "id": (
        (
            f"{copied(REVERSAL, str(AFTER))}; {postings(REVERSAL, f'transfer_id = {AFTER}')}; "
            f"DELETE FROM transfers WHERE id = {REVERSAL}; {transfer(AFTER, 'key = left(key, -1)')}"
        ),
        missing(REVERSAL),
    ),
    "hashes of two, changed round": (
        (
            "UPDATE transfers t SET hash = o.hash FROM transfers o "
            f"WHERE (t.id, o.id) IN (({FILLED}, {SHARED}), ({SHARED}, {FILLED}))"
        ),
        unfit(FILLED),
    ),
    "one in the middle deleted": (without(SHARED), missing(SHARED)),
    "the newest deleted": (without(REVERSAL), missing(REVERSAL)),
    "the newest deleted, its chain shortened": (
        f"{without(REVERSAL)}; {SHORTENED}",
        "anchor 2 saw other chains than there are",
    ),
    "one more": (
        f"{copied(REVERSAL, str(AFTER))}; {again(REVERSAL, AFTER)}",
        unfit(AFTER),
    ),
    "one more, before the first": (
        f"{copied(REVERSAL, '1')}; {again(REVERSAL, 1)}",
        r"transfer 1\b.*",
    ),
    "one more, without postings": (copied(REVERSAL, str(AFTER)), rf"transfer {AFTER}\b.*"),
    "two more, with ids below zero": (
        (
            f"{copied(BERTS, '-1')}; {again(BERTS, -1)}; {copied(REVERSAL, '-2')}; "
            f"{again(REVERSAL, -2)}; {transfer(-1, 'kind = $$reversal$$')}"
        ),
        r"transfer -[12]\b.*",
    ),
}
POSTINGS = {
    "amount": (postings(ANNAS, "amount = amount # 1", "2"), NO_TRANSFER),
    "amount, in balance": (postings(ANNAS, "amount = amount * 2"), unfit(ANNAS)),
    "amount, and all that follows from it": (
        (
            f"{postings(ANNAS, 'amount = amount * 2')}; "
            f"{change('balances', HER_BALANCE, 'amount = amount + 100000')}; "
            f"{change('balances', THE_ISSUERS, 'amount = amount - 100000')}; "
            f"{change('awards', HER_AWARD, 'amount = amount * 2')}"
        ),
        unfit(ANNAS),
    ),
    "holder_id": (postings(SHARED, "holder_id = holder_id # 1", "2"), unfit(SHARED)),
    "holder": (postings(SHARED, "holder = 'pot'", "2"), unfit(SHARED)),
    "coin_id": (f"{OTHER_COIN}; {postings(BERTS, 'coin_id = 2')}", unfit(BERTS)),
    "coin_id, of one": (
        f"{OTHER_COIN}; {postings(BERTS, 'coin_id = 2', '1')}",
        f"transfer {BERTS}: what is kept of it can be no transfer",
    ),
    "place, changed round": (
        f"{postings(FILLED, 'place = 3', '1')}; {postings(FILLED, 'place = 1', '2')}",
        unfit(FILLED),
    ),
    "transfer_id": (
        postings(REVERSAL, f"transfer_id = {BERTS}, place = place + 2"),
        unfit(BERTS),
    ),
    "two more": (again(ANNAS, ANNAS, 2), unfit(ANNAS)),
    "one deleted": (
        f"DELETE FROM postings WHERE transfer_id = {ANNAS} AND place = 1",
        NO_TRANSFER,
    ),
    "both deleted": (
        f"DELETE FROM postings WHERE transfer_id = {SHARED}",
        f"transfer {SHARED}: what is kept of it can be no transfer",
    ),
    "both of the newest deleted": (
        f"DELETE FROM postings WHERE transfer_id = {REVERSAL}",
        f"transfer {REVERSAL}: what is kept of it can be no transfer",
    ),
}
CHAINS = {
    "head": (flip("ledger_chains", "chain = 0", "head", 7), OTHER_END.format(0)),
    "head of an empty one": (flip("ledger_chains", "chain = 63", "head", 7), OTHER_END.format(63)),
    "length": (change("ledger_chains", "chain = 0", "length = length + 1"), missing(AFTER)),
    "length, less": (
        change("ledger_chains", "chain = 0", "length = length - 1"),
        OTHER_END.format(0),
    ),
    "chain": (change("ledger_chains", "chain = 63", "chain = 64"), ".*chain.*"),
    "the last deleted": ("DELETE FROM ledger_chains WHERE chain = 63", ".*chain.*"),
    "one more": (
        "INSERT INTO ledger_chains SELECT 64, 0, head FROM ledger_chains WHERE chain = 63",
        ".*chain.*",
    ),
}
UNFIT_ANCHOR = "anchor {} does not fit the chains"
ANCHORS = {
    "hash": (flip("ledger_anchors", "id = 1", "hash", 31), UNFIT_ANCHOR.format(1)),
    "hash of the newest": (flip("ledger_anchors", "id = 2", "hash", 0), UNFIT_ANCHOR.format(2)),
    "lengths": (
        change("ledger_anchors", "id = 1", "lengths[1] = lengths[1] - 1"),
        UNFIT_ANCHOR.format(1),
    ),
    "lengths, beyond the chain": (
        change("ledger_anchors", "id = 2", "lengths[1] = 6"),
        "anchor 2 saw other chains than there are",
    ),
    "lengths, one unknown": (
        change("ledger_anchors", "id = 2", "lengths[64] = NULL"),
        ".*anchor 2.*",
    ),
    "lengths, one fewer": (
        change("ledger_anchors", "id = 2", "lengths = lengths[1:63]"),
        "anchor 2 saw other chains than there are",
    ),
    "lengths, one more": (
        change("ledger_anchors", "id = 2", "lengths = lengths || 0::bigint"),
        ".*anchor 2.*",
    ),
    "id": (change("ledger_anchors", "id = 2", "id = 3"), "anchor 2 is missing"),
    "at": (
        change("ledger_anchors", "id = 2", "at = at + interval '1 microsecond'"),
        ".*anchor 2.*",
    ),
    "one deleted": ("DELETE FROM ledger_anchors WHERE id = 1", "anchor 1 is missing"),
}
BALANCES = {
    "amount": (change("balances", HER_BALANCE, "amount = amount # 1"), BALANCE),
    "amount of the issuer": (
        change("balances", THE_ISSUERS, "amount = amount # 1"),
        BALANCE.replace(r"user \d+", "issuer").replace(r"to \d", r"to -\d"),
    ),
    "holder_id": (change("balances", HER_BALANCE, "holder_id = holder_id # 1"), BALANCE),
    "holder": (
        change("balances", HER_BALANCE, "holder = 'pot'"),
        BALANCE.replace("user", "(pot|user)"),
    ),
    "coin_id": (
        change("balances", HER_BALANCE, "coin_id = 2"),
        BALANCE.replace("coin 1", "coin [12]"),
    ),
    "one deleted": (f"DELETE FROM balances WHERE {HER_BALANCE}", BALANCE),
    "one more": ("INSERT INTO balances VALUES ('user', 5, 1, 0, 7)", BALANCE),
}
AWARDS = {
    "account_id": (
        (
            f"INSERT INTO accounts SELECT id # 1, pool, state, created_at FROM accounts WHERE id = "
            f"{OF_ANNA}; {change('awards', HER_AWARD, 'account_id = account_id # 1')}"
        ),
        f"{AWARD}|{NO_AWARD}",
    ),
    "id": (change("awards", HER_AWARD, "id = id # 1"), f"{AWARD}|{NO_AWARD}"),
    "app": (change("awards", HER_AWARD, "app = 'fomp'"), AWARD),
    "item": (change("awards", HER_AWARD, "item = 'sign_io'"), AWARD),
    "type": (change("awards", HER_AWARD, "type = 'newbie'"), AWARD),
    "amount": (change("awards", HER_AWARD, "amount = amount # 1"), AWARD),
    "coin_id": (f"{OTHER_COIN}; {change('awards', HER_AWARD, 'coin_id = 2')}", AWARD),
    "target": (change("awards", HER_AWARD, "target = '1'"), AWARD),
    "day": (change("awards", HER_AWARD, "day = day - 1"), AWARD),
    "at": (change("awards", HER_AWARD, "at = at + interval '1 microsecond'"), AWARD),
    "once": (change("awards", HER_AWARD, "once = 'ever'"), AWARD),
    "place": (change("awards", HER_AWARD, "place = NULL"), AWARD),
    "key": (change("awards", HER_AWARD, "key = 'k'"), AWARD),
    "one deleted": (f"DELETE FROM awards WHERE {HER_AWARD}", NO_AWARD),
    "one more": (
        (
            "INSERT INTO awards (account_id, id, app, item, type, amount, coin_id, target, day, "
            "at) SELECT account_id, id # 1, app, item, type, amount, coin_id, target, day, at "
            f"FROM awards WHERE {HER_AWARD}"
        ),
        AWARD,
    ),
}
CHANGES = {
    f"{table}: {what}": found
    for table, changes in {
        "transfers": TRANSFERS,
        "postings": POSTINGS,
        "ledger_chains": CHAINS,
        "ledger_anchors": ANCHORS,
        "balances": BALANCES,
        "awards": AWARDS,
    }.items()
    for what, found in changes.items()
}
"""Statements, and what an audit says afterwards."""

MADE_ANEW = "; ".join(
    (
        without(REVERSAL),
        SHORTENED,
        "DELETE FROM ledger_anchors WHERE id = 2",
        "UPDATE balances SET amount = 100000 WHERE holder = 'user' AND amount = 0",
        change("balances", THE_ISSUERS, "amount = amount - 100000"),
    )
)
"""The newest transfer taken out of everything that could tell of it."""
