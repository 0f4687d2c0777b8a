"""Which outbox a project has, and which transaction its mail is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test import override_settings

from envoi import ConfigError
from envoi.integrations.django.outboxes import (
    _url as url_of,
)
from envoi.integrations.django.outboxes import (
    close_outboxes,
    outbox_at,
    place_of_project,
    project_outbox,
    transaction_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from envoi import Outbox

BACKEND = "envoi.integrations.django.OutboxEmailBackend"


def test_is_the_same_one_for_the_whole_process(outbox: Outbox) -> None:
    assert project_outbox() is outbox
    close_outboxes()
    assert project_outbox() is not outbox


def test_may_have_a_place_of_its_own(tmp_path: Path) -> None:
    with override_settings(ENVOI={"OUTBOX": f"sqlite:///{tmp_path}/outbox.db"}):
        assert project_outbox().stats().due == 0
    close_outboxes()
    assert (tmp_path / "outbox.db").exists()


def test_is_named_by_a_mailer_as_well() -> None:
    with override_settings(MAILERS={"default": {"BACKEND": BACKEND, "OPTIONS": {"database": "default"}}}):
        assert place_of_project() == {"database": "default"}


def test_says_how_to_name_one() -> None:
    with pytest.raises(ConfigError, match="the settings name no outbox"):
        project_outbox()
    with pytest.raises(ConfigError, match="has an URL"):
        outbox_at()


def test_refuses_a_database_in_memory() -> None:
    with pytest.raises(ConfigError, match="in memory"):
        outbox_at(database="default")


def test_lives_in_the_same_postgresql_as_the_project() -> None:
    wrapper = DatabaseWrapper(
        {
            "NAME": "shop",
            "USER": "app",
            "PASSWORD": "p@ss/word",
            "HOST": "/run/postgresql",
            "PORT": "",
            "OPTIONS": {"sslmode": "require", "pool": True},
        },
        alias="default",
    )
    assert url_of(wrapper) == (
        "postgresql:///?dbname=shop&user=app&password=p%40ss%2Fword&host=%2Frun%2Fpostgresql&sslmode=require"
    )


def test_other_databases_are_refused() -> None:
    class Oracle:
        vendor = "oracle"
        display_name = "Oracle"
        alias = "legacy"
        settings_dict = {"NAME": "legacy"}  # noqa: RUF012

    with pytest.raises(ConfigError, match="'legacy' is Oracle"):
        url_of(Oracle())  # type: ignore[arg-type]


def test_sees_whether_a_transaction_is_open(database: Path) -> None:
    assert transaction_of(None) is None
    assert transaction_of("default") is None
    with transaction.atomic():
        assert transaction_of("default") is not None


def test_migrate_makes_its_tables(database: Path) -> None:
    with override_settings(ENVOI={"DATABASE": "default"}):
        call_command("migrate", verbosity=0)
        assert project_outbox().migrate(dry_run=True) == ()
        with connection.cursor() as cursor:
            tables = connection.introspection.table_names(cursor)
    assert any("envoi" in table for table in tables), tables


def test_migrate_leaves_other_databases_alone(database: Path, tmp_path: Path) -> None:
    with override_settings(ENVOI={"OUTBOX": f"sqlite:///{tmp_path}/outbox.db"}):
        call_command("migrate", verbosity=0)
    assert not (tmp_path / "outbox.db").exists()
