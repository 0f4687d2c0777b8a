"""What a program gets by ``from envoi.wlanguage import *``: every name, and nothing by accident."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import envoi.wlanguage
from envoi.wlanguage import constants

if TYPE_CHECKING:
    from types import ModuleType

OWN = {"ErrorText", "LastError", "composed", "filled", "leaves_error", "remember", "timeouts"}
"""What the modules share among themselves."""


def _module(name: str) -> ModuleType:
    return import_module(f"envoi.wlanguage.{name}")


def test_the_package_has_what_its_modules_have() -> None:
    names = (
        "addresses",
        "constants",
        "functions",
        "last_error",
        "mail",
        "oauth",
        "session",
        "status",
        "timeouts",
    )
    theirs = {name for module in names for name in _module(module).__all__}
    assert theirs - OWN == set(envoi.wlanguage.__all__)


def test_modes_are_booleans_as_well() -> None:
    assert constants.emailAsynchronous is True
    assert constants.emailSynchronous is False


def test_security_is_numbered_as_the_compiler_numbers_it() -> None:
    assert constants.emailOptionSecuredTLS == 2
    assert constants.emailProtocolSMTPS == constants.emailOptionSécuriséTLS


def test_options_of_a_message_are_added_up() -> None:
    both = constants.emailOptionEncodeHeader + constants.emailOptionHeaderBcc
    assert both == constants.emailOptionEncodeEntête | constants.emailOptionHeaderBcc
    assert constants.emailOptionHeaderBcc & both
