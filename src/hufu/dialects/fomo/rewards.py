"""Requests and answers of this dialect's second document: rewards, invitations, words."""

from datetime import datetime
from types import MappingProxyType
from typing import Annotated

import msgspec

from hufu.actions import invitations, reservations, rewards, words
from hufu.dialects.fomo.errors import OK, says
from hufu.dialects.fomo.messages import Visit
from hufu.domain.invitations import LONGEST_CODE
from hufu.domain.ledger import UNITS, format_amount
from hufu.domain.rewards import Award, Deed, RewardType
from hufu.domain.words import LONGEST_WORD, Word
from hufu.wire.dialect import Reply
from hufu.wire.fields import Text, Whole

ITEMS = MappingProxyType(
    {
        Deed.HANDLE_SET: "set_fomo_id",
        Deed.AVATAR_SET: "update_avatar",
        Deed.PROFILE_SET: "set_info",
        Deed.EMAIL_BOUND: "bind_email",
        Deed.PHONE_BOUND: "bind_phone",
        Deed.PAYMENT_PASSWORD_SET: "set_wallet_pwd",
        Deed.INVITER_SET: "set_invitation",
        Deed.INVITED: "invite",
        Deed.SIGNED_IN_TODAY: "sign_in",
    }
)
"""What this dialect calls the things that it rewards."""

TYPES = MappingProxyType({RewardType.NEWBIE: "newbee", RewardType.DAILY: "daily"})
PAGE_SIZE = 20
LARGEST_PAGE = 1_000
LAST_PAGE = 1_000_000
CLOSED_NAME = "已注销用户"

Page = Annotated[int, Whole(1, LAST_PAGE)]
PageSize = Annotated[int, Whole(1, LARGEST_PAGE)]


# Requests


class GetNewbeeAward(msgspec.Struct):
    """The caller's awards for being new, oldest first."""

    def command(self, _: Visit) -> rewards.ReadAwards:
        return rewards.ReadAwards(RewardType.NEWBIE)


class GetTodayAward(msgspec.Struct):
    """The caller's daily awards of today, oldest first."""

    def command(self, _: Visit) -> rewards.ReadAwards:
        return rewards.ReadAwards(RewardType.DAILY)


class GetInvitation(msgspec.Struct):
    def command(self, _: Visit) -> invitations.ReadInvitation:
        return invitations.ReadInvitation()


class SetInvitation(msgspec.Struct):
    parent_code: Annotated[str, Text(LONGEST_CODE)]

    def command(self, _: Visit) -> invitations.SetInviter:
        return invitations.SetInviter(self.parent_code)


class SignInToday(msgspec.Struct):
    def command(self, _: Visit) -> rewards.SignInForToday:
        return rewards.SignInForToday()


class GetChildren(msgspec.Struct):
    """Whom the caller invited, newest first: a page, counted from 1, of 20 unless said otherwise;
    without `page` the newest 1,000."""

    page: Page | None = None
    page_size: PageSize = PAGE_SIZE

    def command(self, _: Visit) -> invitations.ReadInvited:
        return invitations.ReadInvited(self.page, self.page_size)


class SubmitWord(msgspec.Struct):
    word: Annotated[str, Text(LONGEST_WORD)]

    def command(self, _: Visit) -> words.SubmitWord:
        return words.SubmitWord(self.word)


class SubscribeCounts(msgspec.Struct):
    def command(self, _: Visit) -> reservations.CountReservations:
        return reservations.CountReservations()


class SubscribeLibra(msgspec.Struct):
    def command(self, _: Visit) -> reservations.Reserve:
        return reservations.Reserve()


# Answers


def _unix(at: datetime) -> str:
    return str(int(at.timestamp()))


class AwardLog(msgspec.Struct):
    id: str
    user_id: str
    award_item: str
    award_type: str
    amount: str
    coin_id: str
    target_id: str
    status: str
    create_time: str
    update_time: str


def award_log(award: Award) -> AwardLog:
    """The award as this dialect shows it; one that was taken back has status 0."""
    return AwardLog(
        id=str(award.id),
        user_id=str(award.account_id),
        award_item=award.item,
        award_type=TYPES[award.type],
        amount=format_amount(award.amount),
        coin_id=str(award.coin_id),
        target_id=award.target,
        status="0" if award.reversed_at else "1",
        create_time=_unix(award.at),
        update_time=_unix(award.reversed_at or award.at),
    )


def awards_shown(awards: list[Award], _: Visit) -> Reply:
    return says(OK, {"award_logs": [award_log(award) for award in awards]})


def invitation_shown(shown: invitations.Invitee, _: Visit) -> Reply:
    parent = shown.invitation
    return says(
        OK,
        {
            "user_id": str(shown.code.account_id),
            "code": shown.code.code,
            "class": "1" if parent else "0",
            "parent_id": str(parent.inviter_id) if parent else None,
            "parent_code": shown.inviter_code,
        },
    )


def inviter_set(recorded: invitations.InviterRecorded, _: Visit) -> Reply:
    return says(
        OK,
        {
            "user_id": str(recorded.code.account_id),
            "code": recorded.code.code,
            "class": 1,
            "parent_id": str(recorded.invitation.inviter_id),
            "parent_code": recorded.inviter_code,
            "update_time": int(recorded.invitation.set_at.timestamp()),
            "create_time": int(recorded.code.created_at.timestamp()),
        },
    )


def signed_in_today(award: Award, _: Visit) -> Reply:
    return says(OK, {"reward_id": award.id})


class Child(msgspec.Struct):
    user_id: str
    user_name: str
    portraitUri: str | None  # noqa: N815


def children_listed(listed: invitations.InvitedListed, visit: Visit) -> Reply:
    children = [
        Child(
            str(each.account_id),
            CLOSED_NAME if each.name is None else each.name,
            visit.app.picture_url(each.avatar) if each.avatar else None,
        )
        for each in listed.invited
    ]
    return says(OK, {"children": children, "count": listed.count})


def word_info(word: Word) -> dict[str, str]:
    """The word as this dialect shows it; `expired` is the time when it is over."""
    return {
        "id": str(word.id),
        "word": word.word,
        "amount": format_amount(word.amount),
        "coin_id": str(word.coin_id),
        "max_count": str(word.shares),
        "used_count": str(word.taken),
        "used_amount": format_amount(word.taken_amount),
        "status": "1" if word.taken < word.shares else "0",
        "expired": _unix(word.expires_at),
        "update_time": _unix(word.updated_at),
        "create_time": _unix(word.created_at),
    }


def share_taken(taken: words.ShareTaken, _: Visit) -> Reply:
    return says(OK, {"word_info": word_info(taken.word), "award_value": taken.amount / UNITS})


def counted(reserved: reservations.Reserved, _: Visit) -> Reply:
    return says(OK, {"num": reserved.count})
