from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi.drivers.account_file import AccountFile
from tests.cli.tokens import ACCOUNT, TOKEN, keep_token

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Outcome

    Run = Callable[..., Outcome]


@pytest.fixture
def file(tmp_path: Path) -> AccountFile:
    made = AccountFile(tmp_path / "config.toml")
    made.replace(ACCOUNT)
    keep_token(made, "google")
    keep_token(made, "outlook")
    return made


@pytest.fixture
def run(envoi: Run, file: AccountFile) -> Run:
    return lambda *arguments: envoi(*arguments, environ={"ENVOI_CONFIG": str(file.path)})


def test_prints_the_token_and_nothing_else(run: Run) -> None:
    done = run("token", "google")
    assert (done.code, done.out, done.err) == (0, f"{TOKEN}\n", "")


def test_tells_programs_whose_it_is(run: Run) -> None:
    report = run("token", "google", "--json").json
    assert report == {"account": "google", "username": "me@gmail.com", "access_token": TOKEN}


def test_needs_an_account_with_a_token(run: Run) -> None:
    assert run("token", "plain").code == 78
    assert run("token", "nobody").code == 78
    run("logout", "google", "--no-revoke")
    assert run("token", "google").code == 77
