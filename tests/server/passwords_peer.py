"""Makes and checks hashes with Django, Werkzeug, Passlib and argon2-cffi: one JSON request a line, one reply a line."""

import json
import sys

import argon2
import bcrypt
import django
from django.conf import settings
from passlib import hash as passlib_hash
from werkzeug import security

HASHERS = ["PBKDF2PasswordHasher", "PBKDF2SHA1PasswordHasher", "Argon2PasswordHasher", "BCryptSHA256PasswordHasher",
           "BCryptPasswordHasher", "ScryptPasswordHasher"]
settings.configure(PASSWORD_HASHERS=["django.contrib.auth.hashers." + name for name in HASHERS])
django.setup()
from django.contrib.auth import hashers  # noqa: E402  pylint: disable=wrong-import-position


def by_django(name, password):
    hasher = hashers.get_hasher(name)
    if "bcrypt" in name:
        hasher.rounds = 5
    if "pbkdf2" in name:
        hasher.iterations = 20000
    return hasher.encode(password, hasher.salt())


def make(password):
    made = {"django " + name: by_django(name, password)
            for name in ("pbkdf2_sha256", "pbkdf2_sha1", "argon2", "bcrypt_sha256", "scrypt")}
    if len(password.encode()) <= 72:
        made["django bcrypt"] = by_django("bcrypt", password)
        made["bcrypt"] = bcrypt.hashpw(password.encode(), bcrypt.gensalt(5)).decode()
    for method in ("scrypt:4096:8:1", "pbkdf2:sha256:20000", "pbkdf2:sha512:20000", "pbkdf2:sha1:20000"):
        made["werkzeug " + method] = security.generate_password_hash(password, method)
    for name, cost in (("pbkdf2_sha256", 20000), ("pbkdf2_sha512", 20000), ("scrypt", 12), ("bcrypt_sha256", 5),
                       ("sha512_crypt", 5000), ("sha256_crypt", 5000)):
        made["passlib " + name] = getattr(passlib_hash, name).using(rounds=cost).hash(password)
    for kind in (argon2.Type.ID, argon2.Type.I):
        made[f"argon2-cffi {kind.name}"] = argon2.PasswordHasher(time_cost=3, memory_cost=8192, parallelism=2,
                                                                type=kind).hash(password)
    return made


def check(password, made):
    try:
        by_argon2 = argon2.PasswordHasher().verify(made, password)
    except argon2.exceptions.VerifyMismatchError:
        by_argon2 = False
    return {"argon2-cffi": by_argon2, "passlib": passlib_hash.argon2.verify(password, made),
            "django": hashers.check_password(password, "argon2" + made)}


for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps(make(request["password"]) if "hash" not in request
                     else check(request["password"], request["hash"])), flush=True)
