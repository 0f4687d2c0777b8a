"""Merging with envoi and with Jinja plus the standard library, in one interleaved run.

``python -m bench.merge.compare [ROUNDS]``: the same templates and rows, from the row to the octets of the
mail; each round measures the CPU time of both, and the ratio is the median over the rounds. Below, where
envoi's time goes, and what an attachment costs that all share. Exits with 1 when the goal is missed.
"""

from __future__ import annotations

import sys
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from functools import partial
from statistics import median, quantiles
from time import process_time_ns
from typing import TYPE_CHECKING

from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from envoi import Attachment, Email, Template, merge
from envoi.message.stamp import Stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Row = dict[str, object]

GOAL = 40.0
SUBJECT = "Nouvelles pour {{ name }}"
_SENTENCE = "Les tarifs de votre compte d'été changent au 1er décembre, comme annoncé. "
_PARAGRAPH = f'<p class="x">{_SENTENCE * 4}</p>\n'
TEXT = "Bonjour {{ name }},\n\n" + f"{_SENTENCE * 4}\n\n" * 6 + "Votre code : {{ code }}\n"
_END = "<p>Votre code : {{ code }}</p></body></html>"
HTML = f"<html><body><p>Bonjour {{{{ name }}}},</p>{_PARAGRAPH * 20}{_END}"
NAMES = ("Zoë Müller", "Ann Smith", "Léa Dupont", "John O'Neil", "Ben Ali", "Marta Kowalska", "Eva Lang")
SENDER = "news@example.com"
_ATTACHED = (
    ("20 KiB", 20 << 10, 100),
    ("200 KiB", 200 << 10, 100),
    ("10 MiB", 10 << 20, 100),
    ("64 MiB", 64 << 20, 5),
    ("256 MiB", 256 << 20, 2),
)
"""What is attached, and how many mails of a round have it; the last two are kept in a file."""


def rows(count: int) -> Iterator[Row]:
    """Rows, no two alike."""
    for number in range(count):
        name = f"{NAMES[number % len(NAMES)]} {number}"
        yield {"email": f"user{number}@example.org", "name": name, "code": str(number * 7919)}


def with_envoi(template: Template, count: int) -> None:
    """From the row to the octets."""
    for mail in merge(template, rows(count)):
        for _ in mail.chunks():
            pass


def with_the_standard_library(count: int) -> None:
    """The same with compiled Jinja templates and `EmailMessage`."""
    for row in rows(count):
        mail = EmailMessage(policy=policy.SMTP)
        mail["From"], mail["To"], mail["Subject"] = SENDER, row["email"], _SUBJECT.render(row)
        mail["Date"], mail["Message-ID"] = format_datetime(Stamp.fresh().at), make_msgid(domain="example.com")
        mail.set_content(_TEXT.render(row))
        mail.add_alternative(_HTML.render(row), subtype="html")
        bytes(mail)


_PLAIN = SandboxedEnvironment(undefined=StrictUndefined)
_ESCAPING = SandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
_SUBJECT, _TEXT, _HTML = _PLAIN.from_string(SUBJECT), _PLAIN.from_string(TEXT), _ESCAPING.from_string(HTML)


def template(*attachments: Attachment) -> Template:
    """The template, compiled."""
    return Template(subject=SUBJECT, text=TEXT, html=HTML, sender=SENDER, attachments=attachments)


def microseconds(job: Callable[[int], object], count: int) -> float:
    """CPU time of one of so many."""
    started = process_time_ns()
    job(count)
    return (process_time_ns() - started) / count / 1000


def compare(rounds: int) -> float:
    """Print both, and return how many times faster envoi is."""
    ours, made = [], template()
    theirs = []
    for _ in range(rounds):
        theirs.append(microseconds(with_the_standard_library, 20))
        ours.append(microseconds(partial(with_envoi, made), 500))
    for name, times in (("EmailMessage", theirs), ("envoi", ours)):
        low, _, high = quantiles(times, n=4)
        print(f"{name:14} {median(times):9,.1f} µs per mail   {low:9,.1f} – {high:9,.1f}")
    ratio = median(their / our for their, our in zip(theirs, ours, strict=True))
    print(f"{'ratio':14} {ratio:9,.1f} ×   goal ≥ {GOAL:g}")
    return ratio


def stages(rounds: int) -> None:
    """Print where envoi's time goes."""
    made = template()
    table = list(rows(500))
    found: dict[str, list[float]] = {"row to Email": [], "Email to octets": []}
    for _ in range(rounds):
        started = process_time_ns()
        mails = [made.render(row) for row in table]
        rendered = process_time_ns()
        for mail in mails:
            mail.to_bytes()
        composed = process_time_ns()
        found["row to Email"].append((rendered - started) / len(table) / 1000)
        found["Email to octets"].append((composed - rendered) / len(table) / 1000)
    for name, times in found.items():
        print(f"  {name:16} {median(times):7,.1f} µs")


def encoded(file: Attachment, count: int) -> None:
    """The attachment encoded for each mail, as without a template."""
    mail = Email(sender=SENDER, to="user@example.org", attachments=[file])
    for _ in range(count):
        for _ in mail.chunks():
            pass


def attachments(rounds: int) -> None:
    """Print what a shared attachment adds to a mail, against one that is encoded for each."""
    plain = template()
    for title, octets, count in _ATTACHED:
        file = Attachment.from_bytes(bytes(octets), "report.pdf")
        shared = template(file)
        first = microseconds(partial(with_envoi, shared), 1)
        times, alone = [], []
        for _ in range(rounds):
            base = microseconds(partial(with_envoi, plain), count)
            times.append(microseconds(partial(with_envoi, shared), count) - base)
            alone.append(microseconds(partial(encoded, file), 1))
        print(
            f"  {title:>8} attached {median(times):10,.1f} µs more per mail; the first mail {first:12,.1f}; "
            f"encoded for each {median(alone):12,.1f}"
        )


if __name__ == "__main__":
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    reached = compare(turns)
    stages(turns)
    attachments(turns)
    sys.exit(int(reached < GOAL))
