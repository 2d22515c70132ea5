"""Every refusal has an answer in every row of every dialect, and stays within its vocabulary."""

import pytest

from dialects.fields import without
from dialects.rewired import Rewired
from dialects.rows import ROWS, Row, ask, told, written
from hufu.domain import errors
from hufu.domain.errors import DeliveryUnavailable, Malformed, Refusal, all_refusals

REFUSALS = sorted(set(all_refusals()), key=lambda refusal: refusal.__name__)

every_row = pytest.mark.parametrize("row", ROWS, ids=str)


def test_every_refusal_is_known() -> None:
    written_down = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, Refusal) and value is not Refusal
    }
    assert written_down <= set(REFUSALS)
    assert len(REFUSALS) > 40


@every_row
def test_no_refusal_falls_back_on_the_root(row: Row) -> None:
    named = {**row.dialect.refusals, **row.endpoint.refusals}
    assert Refusal not in named
    assert all(issubclass(refusal, Refusal) for refusal in named)
    for refusal in REFUSALS:
        assert any(kind in named for kind in refusal.__mro__), refusal.__name__


@every_row
async def test_every_refusal_is_said_in_the_dialects_words(rewired: Rewired, row: Row) -> None:
    raised: list[type[Refusal]] = []

    async def refuse() -> object:
        raise raised[-1]

    rewired.action = refuse
    kind = row.kinds[0]
    body = written(kind, without(row.fields()))
    for refusal in REFUSALS:
        raised.append(refusal)
        status, said = told(await ask(rewired.world, row, kind, body))
        if refusal is DeliveryUnavailable and said == row.words.broken:
            continue  # Where the vocabulary has no word for a third party's failure.
        verdict = tuple(said[part] for part in row.words.verdict)
        assert verdict in row.words.says, refusal.__name__
        assert status in row.words.statuses, refusal.__name__
        if refusal is Malformed:
            assert (status, said) in row.malformed
