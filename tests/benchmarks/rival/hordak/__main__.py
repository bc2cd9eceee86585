"""`python -m tests.benchmarks.rival.hordak DATABASE_URL`: for each line `THREADS SECONDS` on standard input, payments
for so long by so many threads, and a line with the payments a second."""

import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import django
from django.conf import settings as django_settings
from django.core.management import call_command

from tests.benchmarks.rival.hordak.settings import settings

THREADS_MAX = 8


def main() -> None:
    warnings.simplefilter("ignore")
    django_settings.configure(**settings(sys.argv[1]))
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    from tests.benchmarks.rival.hordak.payments import Shop  # Django's models are there after its setup only

    shop = Shop()
    pool = ThreadPoolExecutor(THREADS_MAX)
    for line in sys.stdin:
        threads, seconds = int(line.split()[0]), float(line.split()[1])
        until = time.perf_counter() + seconds

        def pay_on(until: float = until) -> int:
            paid = 0
            while time.perf_counter() < until:
                shop.pay()
                paid += 1
            return paid

        started = time.perf_counter()
        paid = sum(done.result() for done in [pool.submit(pay_on) for _ in range(threads)])
        print(paid / (time.perf_counter() - started), flush=True)


if __name__ == "__main__":
    main()
