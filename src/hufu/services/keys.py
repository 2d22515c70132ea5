"""The server's keys and what is done with them.

A key setting holds one or more `version:base64` entries, separated by spaces; the highest version
is used for new values and the others still open old ones.
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


class KeyMalformed(ValueError):
    """A key setting cannot be read; the message does not repeat it."""


class SealBroken(Exception):
    """A sealed value was not sealed by this server for this purpose."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """One key in all its versions."""

    keys: dict[int, bytes] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a key setting. Raises KeyMalformed."""
        keys: dict[int, bytes] = {}
        for entry in text.split():
            version, _, encoded = entry.partition(":")
            try:
                key = base64.b64decode(encoded, validate=True)
            except binascii.Error as error:
                raise KeyMalformed("a key is not base64") from error
            if not version.isascii() or not version.isdigit() or not 0 < int(version) < 2**15:
                raise KeyMalformed("a key has no version: write 1:<base64>")
            if len(key) != KEY_BYTES:
                raise KeyMalformed(f"a key must be {KEY_BYTES} bytes, base64-encoded")
            if int(version) in keys:
                raise KeyMalformed("two keys have the same version")
            keys[int(version)] = key
        if not keys:
            raise KeyMalformed("there is no key in it")
        return cls(keys)

    @staticmethod
    def fresh() -> str:
        """A new key setting with one random key."""
        return "1:" + base64.b64encode(os.urandom(KEY_BYTES)).decode()

    @property
    def newest(self) -> int:
        """The version that new values are made with."""
        return max(self.keys)

    def derive(self, label: str) -> "Keyring":
        """Keys for one use only (HKDF-Expand, RFC 5869)."""
        return Keyring(
            {
                version: HKDFExpand(SHA256(), KEY_BYTES, label.encode()).derive(key)
                for version, key in self.keys.items()
            }
        )


class Digester:
    """Keyed digests of short secrets that only the server must be able to test."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def digest(self, message: str) -> bytes:
        """HMAC-SHA-256 under the newest key, 32 bytes."""
        return self._digest(self._keyring.newest, message)

    def matches(self, message: str, digest: bytes) -> bool:
        """Whether it is the digest of the message under any key, in constant time."""
        found = False
        for version in self._keyring.keys:
            found |= hmac.compare_digest(self._digest(version, message), digest)
        return found

    def _digest(self, version: int, message: str) -> bytes:
        return hmac.digest(self._keyring.keys[version], message.encode(), "sha256")


class Sealer:
    """Authenticated encryption of stored values (AES-256-GCM, NIST SP 800-38D)."""

    def __init__(self, keyring: Keyring) -> None:
        self._newest = keyring.newest
        self._ciphers = {version: AESGCM(key) for version, key in keyring.keys.items()}

    def seal(self, text: str, context: str) -> bytes:
        """Two bytes of key version, the nonce, the ciphertext. It opens in `context` only."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self._newest].encrypt(nonce, text.encode(), context.encode())
        return self._newest.to_bytes(2, "big") + nonce + sealed

    def open(self, sealed: bytes, context: str) -> str:
        """What was sealed. Raises SealBroken."""
        version, nonce = int.from_bytes(sealed[:2], "big"), sealed[2 : 2 + NONCE_BYTES]
        cipher = self._ciphers.get(version)
        if cipher is None:
            raise SealBroken
        try:
            return cipher.decrypt(nonce, sealed[2 + NONCE_BYTES :], context.encode()).decode()
        except InvalidTag as error:
            raise SealBroken from error


def token_hash(token: str) -> bytes:
    """What is kept of a random token; as it has 95 bits or more, it needs no key (SHA-256)."""
    return hashlib.sha256(token.encode()).digest()
