"""proto/README.md shows subjects, promises and messages as they are."""

import json
import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

import proto
from proto.book import BookMessage
from proto.channels import BUCKETS, CHANNELS, REQUESTS
from proto.relay import Command, Events, ServerMessage
from proto.requests import BookReply
from proto.subjects import Subjects

README = (Path(proto.__file__).parent / "README.md").read_text("utf-8")
TRANSCRIPT = re.findall(r"^([→←]) (.*)$", README, re.MULTILINE)


def test_worked_subjects_are_right() -> None:
    """Every ticker in the table is written as `subjects` writes it."""
    rows = re.findall(r"^\| `([^`]+)` \| `(kalshi\.v1\.book\.[^`]+)` \|$", README, re.MULTILINE)
    assert len(rows) >= 3
    for ticker, subject in rows:
        assert subject == Subjects().market("book", ticker)


def test_every_channel_has_its_row() -> None:
    """Address, messages, speakers and promise are those of the table in code."""
    for channel in CHANNELS:
        tags = [f"`{message.__struct_config__.tag}`" for message in channel.messages]
        cells = [
            f"`{channel.address}`",
            ", ".join(tags) or "the raw frame",
            ", ".join(channel.said_by),
            channel.promise,
        ]
        assert f"| {' | '.join(cells)} |" in README


def test_every_request_has_its_row() -> None:
    """Name, messages and answerer are those of the table in code."""
    for request in REQUESTS:
        messages = f"`{request.request.__name__}` → `{request.reply.__name__}`"
        assert f"| `{request.name}` | {messages} | {request.answered_by} |" in README


def test_every_bucket_has_its_row() -> None:
    """Name, key, value, writer and promise are those of the table in code."""
    for bucket in BUCKETS:
        cells = [f"`{bucket.name}`", bucket.key, f"`{bucket.value.__name__}`", bucket.written_by, bucket.promise]
        assert f"| {' | '.join(cells)} |" in README


@pytest.mark.parametrize(("speaker", "text"), TRANSCRIPT)
def test_transcript_is_spoken_in_the_protocol(speaker: str, text: str) -> None:
    """Each line of the conversation is a message of today, with all its members in order."""
    message: Command | ServerMessage
    message = (
        msgspec.json.decode(text, type=Command) if speaker == "→" else msgspec.json.decode(text, type=ServerMessage)
    )
    assert msgspec.json.encode(message).decode() == text
    if isinstance(message, Events):
        for event in message.events:
            assert msgspec.json.encode(msgspec.json.decode(event, type=BookMessage)) == bytes(event)


def test_transcript_shows_every_kind_of_message() -> None:
    """The conversation has a line for each command and for each answer."""
    spoken = {json.loads(text).get("cmd") or json.loads(text)["type"] for _, text in TRANSCRIPT}
    assert spoken == {str(member.__struct_config__.tag) for member in get_args(Command) + get_args(ServerMessage)}


def test_shown_answer_is_a_book_reply() -> None:
    """The answer to the first request decodes."""
    found = re.search(r'^{"books".*?\]}$', README, re.DOTALL | re.MULTILINE)
    assert found
    assert len(msgspec.json.decode(found[0], type=BookReply).errors) == 1
