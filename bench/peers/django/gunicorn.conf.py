"""How gunicorn serves Django: threads, as its plain sync workers close each connection after a reply."""

import os

bind = f"127.0.0.1:{os.environ['BENCH_PORT']}"
workers = int(os.environ["BENCH_WORKERS"])
worker_class = "gthread"
threads = 4
accesslog = None
loglevel = "warning"
graceful_timeout = 2
control_socket_disable = True
