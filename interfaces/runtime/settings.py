"""The settings, by environment variable: all but two have a safe default, and a refusal names the variable."""

import os
from collections.abc import Mapping
from typing import TypedDict

from msgspec import Struct
from msgspec.structs import replace


class SettingInvalid(Exception):
    """An environment variable is missing or cannot be used."""


class Settings(Struct, frozen=True, kw_only=True):
    database_url: str
    """The database, as the application's role."""
    nats_url: str
    """NATS, as the user that may publish."""
    nats_reader_url: str = ""
    """The same server as a user that only listens, for every process but the relay; without one, the user above."""
    owner_database_url: str = ""
    """The same database as the role that owns the schema, which only migrations need. Without one, the application's
    role is the owner too, or another process migrates the database."""
    reader_database_url: str = ""
    """The same database as a role that only reads, for commands that only read; without one, the application's role."""
    replication_url: str = ""
    """The same server as a role that may copy all of its data, which only `tallystick backup` needs."""
    backup_folder: str = ""
    """Where base backups and the WAL archive are kept, on another disk; without one, there are none."""
    backup_key_file: str = ""
    """The key that backups are sealed with."""
    backup_verified_within_h: float = 26.0
    """The age of the last verified backup above which `tallystick status` reports trouble."""
    simulator_url: str = "http://127.0.0.1:8089"
    provider_timeout_s: float = 10.0
    in_doubt_after_s: int = 1800
    """How long an operation may be without an outcome before an operator is told."""
    refusal_stands_after_s: float = 5.0
    """The time after which a provider has to confirm that an operation of unknown outcome was never carried out."""
    providers_file: str = ""
    """A JSON file with our accounts at providers; without one, the simulator is the only provider."""
    bank_url: str = ""
    """Our bank; without one, that of the simulator."""
    bank_debtor_name: str = "Tallystick Demo GmbH"
    bank_debtor_iban: str = "DE89370400440532013000"
    """The account that payouts are paid from: a published example, which belongs to no bank customer."""
    bank_debtor_bic: str = "COBADEFFXXX"
    bank_debtor_accounts: str = ""
    """Our accounts in other currencies, as a JSON object; without one, the account above pays in every currency."""
    payout_batch_every_s: float = 2.0
    """How often the payouts that wait go to the bank, in a file for each currency and day of execution."""
    log_level: str = "INFO"
    log_bytes_max: int = 10 * 1024 * 1024
    """The size at which the log file of a process that we start is rotated."""
    log_files_max: int = 5
    """The number of log files kept for each process, the current one included."""
    metrics_token: str = ""
    """The bearer token that opens /metrics to other hosts; without one, only loopback may read there."""
    metrics_folder: str = ""
    """The folder in which server processes share their counts; without one, `metrics` under TALLYSTICK_HOME."""


LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
VARIABLES = {
    "database_url": "TALLYSTICK_DATABASE_URL",
    "nats_url": "TALLYSTICK_NATS_URL",
    "nats_reader_url": "TALLYSTICK_NATS_READER_URL",
    "owner_database_url": "TALLYSTICK_OWNER_DATABASE_URL",
    "reader_database_url": "TALLYSTICK_READER_DATABASE_URL",
    "replication_url": "TALLYSTICK_REPLICATION_URL",
    "backup_folder": "TALLYSTICK_BACKUP_FOLDER",
    "backup_key_file": "TALLYSTICK_BACKUP_KEY_FILE",
    "backup_verified_within_h": "TALLYSTICK_BACKUP_VERIFIED_WITHIN_H",
    "simulator_url": "TALLYSTICK_SIMULATOR_URL",
    "provider_timeout_s": "TALLYSTICK_PROVIDER_TIMEOUT_S",
    "in_doubt_after_s": "TALLYSTICK_IN_DOUBT_AFTER_S",
    "refusal_stands_after_s": "TALLYSTICK_REFUSAL_STANDS_AFTER_S",
    "providers_file": "TALLYSTICK_PROVIDERS",
    "bank_url": "TALLYSTICK_BANK_URL",
    "bank_debtor_name": "TALLYSTICK_BANK_DEBTOR_NAME",
    "bank_debtor_iban": "TALLYSTICK_BANK_DEBTOR_IBAN",
    "bank_debtor_bic": "TALLYSTICK_BANK_DEBTOR_BIC",
    "bank_debtor_accounts": "TALLYSTICK_BANK_DEBTOR_ACCOUNTS",
    "payout_batch_every_s": "TALLYSTICK_PAYOUT_BATCH_EVERY_S",
    "log_level": "TALLYSTICK_LOG_LEVEL",
    "log_bytes_max": "TALLYSTICK_LOG_BYTES_MAX",
    "log_files_max": "TALLYSTICK_LOG_FILES_MAX",
    "metrics_token": "TALLYSTICK_METRICS_TOKEN",
    "metrics_folder": "TALLYSTICK_METRICS_FOLDER",
}


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Raises SettingInvalid for a URL that is missing, or a number that is none."""
    return Settings(
        database_url=_needed(environment, "database_url"),
        nats_url=_needed(environment, "nats_url"),
        **_optional(environment),
    )


class _OptionalSettings(TypedDict, total=False):
    """The settings that have a default."""

    nats_reader_url: str
    owner_database_url: str
    reader_database_url: str
    replication_url: str
    backup_folder: str
    backup_key_file: str
    backup_verified_within_h: float
    simulator_url: str
    provider_timeout_s: float
    in_doubt_after_s: int
    refusal_stands_after_s: float
    providers_file: str
    bank_url: str
    bank_debtor_name: str
    bank_debtor_iban: str
    bank_debtor_bic: str
    bank_debtor_accounts: str
    payout_batch_every_s: float
    log_level: str
    log_bytes_max: int
    log_files_max: int
    metrics_token: str
    metrics_folder: str


def _optional(environment: Mapping[str, str]) -> _OptionalSettings:
    """The values of those settings with a default that the environment names. Raises SettingInvalid."""
    given = _OptionalSettings()
    if url := environment.get(VARIABLES["nats_reader_url"]):
        given["nats_reader_url"] = url
    if url := environment.get(VARIABLES["owner_database_url"]):
        given["owner_database_url"] = url
    if url := environment.get(VARIABLES["reader_database_url"]):
        given["reader_database_url"] = url
    if url := environment.get(VARIABLES["replication_url"]):
        given["replication_url"] = url
    if folder := environment.get(VARIABLES["backup_folder"]):
        given["backup_folder"] = folder
    if file := environment.get(VARIABLES["backup_key_file"]):
        given["backup_key_file"] = file
    if hours := environment.get(VARIABLES["backup_verified_within_h"]):
        given["backup_verified_within_h"] = _positive(VARIABLES["backup_verified_within_h"], hours)
    if url := environment.get(VARIABLES["simulator_url"]):
        given["simulator_url"] = url
    if seconds := environment.get(VARIABLES["provider_timeout_s"]):
        given["provider_timeout_s"] = _positive(VARIABLES["provider_timeout_s"], seconds)
    if seconds := environment.get(VARIABLES["in_doubt_after_s"]):
        given["in_doubt_after_s"] = _whole(VARIABLES["in_doubt_after_s"], seconds)
    if seconds := environment.get(VARIABLES["refusal_stands_after_s"]):
        given["refusal_stands_after_s"] = _positive(VARIABLES["refusal_stands_after_s"], seconds)
    if file := environment.get(VARIABLES["providers_file"]):
        given["providers_file"] = file
    if url := environment.get(VARIABLES["bank_url"]):
        given["bank_url"] = url
    if name := environment.get(VARIABLES["bank_debtor_name"]):
        given["bank_debtor_name"] = name
    if iban := environment.get(VARIABLES["bank_debtor_iban"]):
        given["bank_debtor_iban"] = iban
    if bic := environment.get(VARIABLES["bank_debtor_bic"]):
        given["bank_debtor_bic"] = bic
    if accounts := environment.get(VARIABLES["bank_debtor_accounts"]):
        given["bank_debtor_accounts"] = accounts
    if seconds := environment.get(VARIABLES["payout_batch_every_s"]):
        given["payout_batch_every_s"] = _positive(VARIABLES["payout_batch_every_s"], seconds)
    if level := environment.get(VARIABLES["log_level"]):
        given["log_level"] = _level(level)
    if size := environment.get(VARIABLES["log_bytes_max"]):
        given["log_bytes_max"] = _whole(VARIABLES["log_bytes_max"], size)
    if files := environment.get(VARIABLES["log_files_max"]):
        given["log_files_max"] = _whole(VARIABLES["log_files_max"], files)
    if token := environment.get(VARIABLES["metrics_token"]):
        given["metrics_token"] = token
    if folder := environment.get(VARIABLES["metrics_folder"]):
        given["metrics_folder"] = folder
    return given


def log_limits(environment: Mapping[str, str] = os.environ) -> tuple[int, int]:
    """The size and number of log files, for the time before the servers' settings are known. Raises SettingInvalid."""
    settings = Settings(database_url="", nats_url="", **_optional(environment))
    return settings.log_bytes_max, settings.log_files_max


def as_reader(settings: Settings) -> Settings:
    """The same settings for a process that only reads."""
    return as_listener(replace(settings, database_url=settings.reader_database_url or settings.database_url))


def as_listener(settings: Settings) -> Settings:
    """The same settings without the password of the user that may publish."""
    return replace(settings, nats_url=settings.nats_reader_url or settings.nats_url, nats_reader_url="")


def for_children(settings: Settings) -> Settings:
    """The same settings without the passwords of the owner, the replicator and the reader, for our own processes."""
    return replace(settings, owner_database_url="", reader_database_url="", replication_url="")


def to_environment(settings: Settings) -> dict[str, str]:
    """The variables from which another process reads the same settings."""
    return {variable: str(getattr(settings, field)) for field, variable in VARIABLES.items()}


def _needed(environment: Mapping[str, str], field: str) -> str:
    variable = VARIABLES[field]
    if not environment.get(variable):
        raise SettingInvalid(f"{variable} is not set. Set it, or run `tallystick dev`, which starts everything.")
    return environment[variable]


def _positive(variable: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise SettingInvalid(f"{variable} has to be a number above 0, not {text!r}.")
    return value


def _whole(variable: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise SettingInvalid(f"{variable} has to be a whole number above 0, not {text!r}.")
    return int(text)


def _level(text: str) -> str:
    if text.upper() not in LOG_LEVELS:
        raise SettingInvalid(f"{VARIABLES['log_level']} has to be one of {', '.join(LOG_LEVELS)}, not {text!r}.")
    return text.upper()
