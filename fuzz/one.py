"""One target under atheris: `python fuzz/one.py NAME`, and then libFuzzer's own arguments."""

import logging
import sys

import atheris

WATCHED = [
    "parsers",
    "hufu",
    "python_multipart",
    "email_validator",
    "phonenumbers.phonenumberutil",
]
"""What each input is seen to reach; the tables beside it would only slow the start down."""

with atheris.instrument_imports(include=WATCHED):
    from parsers import TARGETS

logging.disable()  # python_multipart warns of every malformed body.


def main() -> None:
    target = TARGETS[sys.argv.pop(1)]

    def run(data: bytes) -> None:
        try:
            target.run(data)
        except Exception:
            print(f"The input was {data!r}", flush=True)
            raise

    atheris.Setup(sys.argv, run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
