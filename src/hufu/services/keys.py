"""The server's keys and what is done with them.

A key setting holds one or more `version:base64` entries, separated by spaces; the highest version
is used for new values and the others still open old ones. An entry that ends in `:next` opens as
well, but is not used yet: so every server can know a key before the first one seals with it.
"""

import base64
import binascii
import hashlib
import hmac
import os
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

KEY_BYTES = 32
NONCE_BYTES = 12
VERSION_BYTES = 2
DIGEST_BYTES = 32
NEXT = "next"


class KeyMalformed(ValueError):
    """A key setting cannot be read; the message does not repeat it."""


class SealBroken(Exception):
    """A sealed value was not sealed by this server for this purpose."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """One key in all its versions; `coming` is the one that is known and not used yet."""

    keys: dict[int, bytes] = field(repr=False)
    coming: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a key setting. Raises KeyMalformed."""
        keys: dict[int, bytes] = {}
        coming: list[int] = []
        for entry in text.split():
            version, key, mark = _read(entry)
            if version in keys:
                raise KeyMalformed("two keys have the same version")
            keys[version] = key
            if mark:
                coming.append(version)
        if not keys.keys() - set(coming):
            raise KeyMalformed("there is no key in it that is used")
        if coming and coming != [max(keys)]:
            raise KeyMalformed("only the highest version can be the next")
        return cls(keys, coming[0] if coming else None)

    @staticmethod
    def fresh(version: int = 1) -> str:
        """A new key setting, or a further entry of one, with a random key."""
        return f"{version}:" + base64.b64encode(os.urandom(KEY_BYTES)).decode()

    @property
    def current(self) -> int:
        """The version that new values are made with."""
        return max(self.keys.keys() - {self.coming})

    @property
    def past(self) -> list[int]:
        """The versions that only open what was made before."""
        return sorted(self.keys.keys() - {self.coming, self.current})

    def derive(self, label: str) -> "Keyring":
        """Keys for one use only (HKDF-Expand, RFC 5869)."""
        derived = {
            version: HKDFExpand(SHA256(), KEY_BYTES, label.encode()).derive(key)
            for version, key in self.keys.items()
        }
        return Keyring(derived, self.coming)


def _read(entry: str) -> tuple[int, bytes, bool]:
    version, _, rest = entry.partition(":")
    encoded, colon, mark = rest.partition(":")
    if colon and mark != NEXT:
        raise KeyMalformed(f"a key ends in nothing or in :{NEXT}")
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise KeyMalformed("a key is not base64") from error
    if not version.isascii() or not version.isdigit() or not 0 < int(version) < 2**15:
        raise KeyMalformed("a key has no version: write 1:<base64>")
    if len(key) != KEY_BYTES:
        raise KeyMalformed(f"a key must be {KEY_BYTES} bytes, base64-encoded")
    return int(version), key, bool(colon)


class Digester:
    """Keyed digests of short secrets that only the server must be able to test."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def digest(self, message: str) -> bytes:
        """HMAC-SHA-256 under the current key, 32 bytes."""
        return self._digest(self._keyring.current, message)

    def digests(self, message: str) -> list[bytes]:
        """The same under every key that is known."""
        return [self._digest(version, message) for version in self._keyring.keys]

    def stamped(self, message: str) -> bytes:
        """The digest and two bytes of key version, which the first version goes without."""
        version = self._keyring.current
        stamp = b"" if version == 1 else version.to_bytes(VERSION_BYTES, "big")
        return self._digest(version, message) + stamp

    def matches(self, message: str, digest: bytes) -> bool:
        """Whether it is the digest of the message, stamped or not, under any key, in constant
        time."""
        found = False
        for version in self._keyring.keys:
            found |= hmac.compare_digest(self._digest(version, message), digest[:DIGEST_BYTES])
        return found

    def _digest(self, version: int, message: str) -> bytes:
        return hmac.digest(self._keyring.keys[version], message.encode(), "sha256")


class Sealer:
    """Authenticated encryption of stored values (AES-256-GCM, NIST SP 800-38D)."""

    def __init__(self, keyring: Keyring) -> None:
        self.version = keyring.current
        self.opens_past = bool(keyring.past)
        self._ciphers = {version: AESGCM(key) for version, key in keyring.keys.items()}

    def seal(self, text: str, context: str) -> bytes:
        """Two bytes of key version, the nonce, the ciphertext. It opens in `context` only."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self.version].encrypt(nonce, text.encode(), context.encode())
        return self.version.to_bytes(VERSION_BYTES, "big") + nonce + sealed

    def open(self, sealed: bytes, context: str) -> str:
        """What was sealed. Raises SealBroken."""
        nonce = sealed[VERSION_BYTES : VERSION_BYTES + NONCE_BYTES]
        cipher = self._ciphers.get(version_of(sealed))
        if cipher is None:
            raise SealBroken
        try:
            return cipher.decrypt(
                nonce, sealed[VERSION_BYTES + NONCE_BYTES :], context.encode()
            ).decode()
        except InvalidTag as error:
            raise SealBroken from error


def version_of(sealed: bytes) -> int:
    """The version of the key that sealed it."""
    return int.from_bytes(sealed[:VERSION_BYTES], "big")


def token_hash(token: str) -> bytes:
    """What is kept of a random token; as it has 95 bits or more, it needs no key (SHA-256)."""
    return hashlib.sha256(token.encode()).digest()
