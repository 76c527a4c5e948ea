"""Mistakes that a person can put right: what went wrong, where, and what to do, in one sentence."""


class UserError(Exception):
    """A mistake in what was asked or delivered; the command prints the sentence and exits 2.

    The sentence never repeats a personal value.
    """


class Refused(UserError):
    """A file, ruleset or case that cannot be taken at all; nothing was changed."""


class NotAllowed(UserError):
    """The person asking has no right to this; access is decided where data is read."""


class SignInTooOld(NotAllowed):
    """They may, and are to prove first, once more, that it is they who ask."""
