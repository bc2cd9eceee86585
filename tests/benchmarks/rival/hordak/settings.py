"""Django as a service would run it, and the faster of its ways: connections are kept, and statements prepared."""

from urllib.parse import urlsplit


def settings(database_url: str) -> dict[str, object]:
    at = urlsplit(database_url)
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": at.path[1:],
        "USER": at.username,
        "PASSWORD": at.password,
        "HOST": at.hostname,
        "PORT": at.port,
        "CONN_MAX_AGE": None,
        "OPTIONS": {"server_side_binding": True, "prepare_threshold": 5},
    }
    return {
        "DEBUG": False,
        "SECRET_KEY": "of a benchmark",
        "DATABASES": {"default": database},
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "INSTALLED_APPS": [
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "mptt",
            "payments",
            "hordak",
            "tests.benchmarks.rival.hordak",
        ],
        "USE_TZ": True,
        "DEFAULT_CURRENCY": "EUR",
        "HORDAK_CURRENCIES": ["EUR"],
        "PAYMENT_HOST": "localhost",
        "PAYMENT_MODEL": "rival_hordak.Payment",
        "PAYMENT_VARIANTS": {"approving": ("tests.benchmarks.rival.hordak.payments.ApprovingProvider", {})},
    }
