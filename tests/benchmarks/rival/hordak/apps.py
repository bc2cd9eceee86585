"""The name under which Django finds the tables of `models`."""

from django.apps import AppConfig


class RivalConfig(AppConfig):  # type: ignore[misc]
    name = "tests.benchmarks.rival.hordak"
    label = "rival_hordak"
