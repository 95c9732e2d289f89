"""Django in production mode, with no more of it than an API needs."""

import os
from urllib.parse import urlsplit

DEBUG = False
# Nothing is signed, so a key that lives as long as the process will do.
SECRET_KEY = os.urandom(32).hex()
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

INSTALLED_APPS = ["rest_framework", "api"]
MIDDLEWARE = [
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Gives each reply its Content-Length.
    "django.middleware.common.CommonMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
REST_FRAMEWORK = {"UNAUTHENTICATED_USER": None}

USE_I18N = False
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = os.environ["BENCH_STATIC"]

# PostgreSQL connections of all workers together, well under the server's default limit of 100.
POSTGRES_CONNECTIONS = 64
# Seconds to wait for a connection, and for SQLite's lock.
PATIENCE = 30


def database(url):
    address = urlsplit(url)
    if address.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": address.path,
            # A transaction takes the lock when it begins: a reader that turns writer could only fail.
            "OPTIONS": {"timeout": PATIENCE, "transaction_mode": "IMMEDIATE"},
        }
    pool_size = max(1, POSTGRES_CONNECTIONS // int(os.environ["BENCH_WORKERS"]))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": address.hostname,
        "PORT": address.port,
        "USER": address.username,
        "PASSWORD": address.password,
        "NAME": address.path.removeprefix("/"),
        "OPTIONS": {"pool": {"min_size": 1, "max_size": pool_size, "timeout": PATIENCE}},
    }


DATABASES = {"default": database(os.environ["BENCH_DATABASE"])} if "BENCH_DATABASE" in os.environ else {}
