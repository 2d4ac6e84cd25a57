"""What reading a message from outside can raise."""

import msgspec

#: Text that is no JSON, no such message, no UTF-8, or nested beyond reason.
UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
