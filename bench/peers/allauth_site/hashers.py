"""Argon2 at the cost of the other contestant, the way Django's documentation changes a cost."""

import os

from django.contrib.auth.hashers import Argon2PasswordHasher


class EqualArgon2(Argon2PasswordHasher):
    """Argon2id."""

    memory_cost, time_cost = map(int, os.environ["EQUAL_COST"].split(","))
    parallelism = 1
