"""What only the account may know is below one token of the subject, and on no channel that is handed on."""

from typing import get_args

import pytest

from proto import private
from proto.channels import CHANNELS, Channel
from proto.generate.contract import BUS_EVENT
from proto.relay import RELAY_CHANNELS
from proto.subjects import Subjects
from shared.kalshi import wire
from tests.contract.test_subjects import covers

OWN = (private.Fill, private.Order, private.Position, private.Account)
SUBJECTS = Subjects()
PUBLIC = [channel for channel in CHANNELS if not channel.is_private]
SAID = [
    *(SUBJECTS.market(f"private.{kind}", "KXA-1") for kind in ("fill", "order", "position")),
    SUBJECTS.account,
    SUBJECTS.private_quarantine("invalid"),
]


def test_the_table_marks_what_is_private() -> None:
    """Each message of the account is on a private channel, whose promise says so, and on no other."""
    marked = [channel for channel in CHANNELS if channel.is_private]
    assert {message for channel in marked for message in channel.messages} == set(OWN)
    assert all(channel.promise.startswith("Private.") for channel in marked)
    assert not {message for channel in PUBLIC for message in channel.messages}.intersection(OWN)


def test_every_private_address_begins_with_one_token() -> None:
    """So one permission keeps others out."""
    assert all((channel.address.split(".")[0] == "private") == channel.is_private for channel in CHANNELS)
    assert all(covers("kalshi.v1.private.>", subject) for subject in SAID)


@pytest.mark.parametrize("channel", PUBLIC, ids=lambda channel: channel.kind)
def test_who_listens_to_what_is_public_hears_nothing_private(channel: Channel) -> None:
    """Not by its kind."""
    assert not any(covers(SUBJECTS.all(channel.kind), subject) for subject in SAID)


def test_who_listens_to_a_series_hears_nothing_private() -> None:
    """`kalshi.v1.*.KXA.>` has the series where a private subject has its kind."""
    assert all(subject.split(".")[3] != "KXA" for subject in SAID)


def test_the_relay_offers_nothing_private() -> None:
    """No channel of its protocol is one, and no batch may hold such a message."""
    assert not {channel.kind for channel in CHANNELS if channel.is_private}.intersection(RELAY_CHANNELS)
    assert not set(BUS_EVENT.members).intersection(OWN)


def test_frames_of_the_account_are_known_as_such() -> None:
    """Each type of the exchange's that becomes a private message."""
    assert {str(frame.__struct_config__.tag) for frame in get_args(wire.AccountFrame)} == wire.ACCOUNT_TYPES
