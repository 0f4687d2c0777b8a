"""Peak memory of signing a mail with one large attachment from disk, and of reading it as a session does.

``python -m bench.signing.memory [MIB]`` makes a sparse file of 512 MiB, or of what is asked for, and runs
fresh interpreters: one that does nothing, one that imports what a sending program needs, one that loads a key
and signs. Each prints the peak of its resident memory (`VmHWM` of Linux).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

PEAK = r"""
import re, sys, time
peak = lambda: re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1]
"""
IMPORTS = """
from envoi import Attachment, Email, SMTPSession
from envoi.message.content import WireEncoding
"""
SIGN = """
from envoi.message.signing import DKIMKey, DKIMSigner
signer = DKIMSigner(DKIMKey.from_file(sys.argv[1], domain="example.org", selector="s"))
large = Attachment.from_path(sys.argv[2])
mail = Email(sender="a@example.org", to="b@example.org", text="x", attachments=[large])
started = time.perf_counter()
octets = sum(map(len, signer.sign(mail).chunks(WireEncoding())))
print(octets, round(time.perf_counter() - started, 2))
"""


def run(program: str, *arguments: str) -> list[str]:
    """What a fresh interpreter prints; its peak comes last."""
    command = [sys.executable, "-c", f"{PEAK}{program}\nprint(peak())", *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()


def main(mib: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        large, key = Path(folder) / "large.bin", Path(folder) / "key.pem"
        with large.open("wb") as file:
            file.truncate(mib << 20)
        made = generate_private_key(65537, 2048)
        key.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        (idle,) = run("")
        (imported,) = run(IMPORTS)
        octets, seconds, signed = run(IMPORTS + SIGN, str(key), str(large))
    print(f"{mib} MiB attached: {int(octets):,} octets signed and read in {seconds} s")
    for name, value in (("an interpreter", idle), ("with envoi", imported), ("having signed", signed)):
        print(f"{name:16} {int(value) / 1024:5.1f} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 512)
