"""The settings of the Django peer next door, for asynchronous views."""

from config.settings import *

ROOT_URLCONF = "config_async.urls"
# WhiteNoise for ASGI. A middleware that is not asynchronous, as Django's own are not, sends each request to a thread.
MIDDLEWARE = ["servestatic.middleware.ServeStaticMiddleware"]
