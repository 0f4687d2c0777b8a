"""The cost of DKIM: a short mail against the bare signature and dkimpy, a large body against SHA-256.

``python -m bench.signing.speed [ROUNDS]`` measures CPU time in interleaved rounds and prints medians in µs
and ratios. envoi is charged for the whole of it: `DKIMSigner.sign`, reading the mail twice, and joining the
result. dkimpy signs Ed25519 only where PyNaCl is installed.
"""

from __future__ import annotations

import base64
import os
import sys
import time
from hashlib import sha256
from statistics import median
from typing import TYPE_CHECKING

import dkim
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from envoi.message.content import WireEncoding
from envoi.message.email import Email
from envoi.message.encode import base64 as lines_of_base64
from envoi.message.raw import RawEmail
from envoi.message.signing import DKIMKey, DKIMSigner
from envoi.message.signing.canonical import RelaxedBody

if TYPE_CHECKING:
    from collections.abc import Callable

USED = WireEncoding()
RSA = generate_private_key(65537, 2048)
PEM = RSA.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
ED25519 = Ed25519PrivateKey.generate()
SEED = base64.b64encode(ED25519.private_bytes_raw())
TEXT = "Bonjour Zoë,\n\nle rapport d'été est prêt ; on en parle demain à midi.\n\nÀ bientôt\n" * 3
MAIL = Email(sender="Alice <alice@example.org>", to="bob@example.org", subject="Le rapport d'été", text=TEXT)
OCTETS = MAIL.to_bytes()
BODY = lines_of_base64(os.urandom(57 * 1024)) + b"\r\n"


def signing(key: DKIMKey) -> Callable[[], bytes]:
    """Sign the octets, all in."""
    signer = DKIMSigner(key)
    raw = RawEmail(OCTETS, sender="alice@example.org", recipients=["bob@example.org"])
    return lambda: b"".join(signer.sign(raw).chunks(USED))


def by_dkimpy(key: bytes, algorithm: bytes) -> Callable[[], bytes]:
    """The same with dkimpy, relaxed as well."""
    how = {"signature_algorithm": algorithm, "canonicalize": (b"relaxed", b"relaxed")}
    return lambda: dkim.sign(OCTETS, b"s", b"example.org", key, **how)


def jobs() -> dict[str, tuple[Callable[[], object], int]]:
    """What is measured, and how often in a row."""
    rsa = DKIMKey(RSA, domain="example.org", selector="s")
    ed25519 = DKIMKey(ED25519, domain="example.org", selector="s")
    body, digest = RelaxedBody(), sha256()
    found: dict[str, tuple[Callable[[], object], int]] = {
        "rsa-2048 bare": (lambda: rsa.sign(OCTETS), 50),
        "rsa-2048 envoi": (signing(rsa), 50),
        "rsa-2048 dkimpy": (by_dkimpy(PEM, b"rsa-sha256"), 5),
        "ed25519 bare": (lambda: ed25519.sign(OCTETS), 200),
        "ed25519 envoi": (signing(ed25519), 200),
        "64 KiB of base64: sha256 alone": (lambda: digest.update(BODY), 200),
        "64 KiB of base64: relaxed": (lambda: body.feed(BODY), 200),
    }
    if hasattr(dkim, "nacl"):
        found["ed25519 dkimpy"] = (by_dkimpy(SEED, b"ed25519-sha256"), 20)
    return found


def measured(work: Callable[[], object], times: int) -> float:
    """CPU µs for one."""
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) / times * 1e6


def main(rounds: int) -> None:
    """Measure and print."""
    work = jobs()
    results: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, (job, times) in work.items():
            results[name].append(measured(job, times))
    medians = {name: median(values) for name, values in results.items()}
    for name, value in medians.items():
        print(f"{name:32} {value:9.1f} µs")
    for kind in ("rsa-2048", "ed25519"):
        ours = medians[f"{kind} envoi"]
        print(f"{kind}: envoi / bare = {ours / medians[f'{kind} bare']:.2f}", end="")
        other = medians.get(f"{kind} dkimpy")
        print("" if other is None else f", dkimpy / envoi = {other / ours:.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
