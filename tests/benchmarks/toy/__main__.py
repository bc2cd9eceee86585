"""`python -m tests.benchmarks.toy DATABASE_URL SIMULATOR_URL PORT`: the toy, until it is stopped."""

import sys

from infrastructure.serving import serve
from tests.benchmarks.toy.app import toy

if __name__ == "__main__":
    database_url, simulator_url, port = sys.argv[1:]
    serve("toy", lambda: toy(database_url, simulator_url), host="127.0.0.1", port=int(port))
