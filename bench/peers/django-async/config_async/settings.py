"""The settings of the Django peer next door, for asynchronous views."""

from config.settings import *

ROOT_URLCONF = "config_async.urls"
MIDDLEWARE = [
    # WhiteNoise for ASGI: a middleware that is not asynchronous would send each request to a thread.
    "servestatic.middleware.ServeStaticMiddleware",
    "django.middleware.common.CommonMiddleware",
]
