"""Secrets of every kind as they stand in texts; the values are made up, but for the published example of Standard
Webhooks."""

from typing import Final

_MADE_UP: Final = "NQZT-7f_Qk2vLx90"
SECRETS: Final = {
    "a merchant's key": f"tsk_{_MADE_UP}",
    "an operator's key": f"tso_{_MADE_UP}",
    "a webhook's secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "a webhook's secret with signs of base64": "whsec_Mf+Q9r8/KYqrTwjUPD8ILA==",
    "a provider's key": "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "a provider's test key": "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
    "a provider's restricted key": "rk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "a payment's secret at its provider": "pi_3MtwBwLkdIwHu7ix_secret_YrKJUKribcBjcG8HVhfZluoGH",
    "a card number": "4242424242424242",
}
"""Recognised by their own form."""
NAMED_SECRETS: Final = {
    "a bearer token": ("Authorization: Bearer {}", "dGhlIGJhbms.x-y"),
    "a bearer token in lower case": ("authorization: bearer {}", "dGhlIGJhbms.x-y"),
    "a user and password in a header": ("Authorization: Basic {}", "dXNlcjpwYXNz"),
    "a database's password": ("postgresql://tally:{}@127.0.0.1:5432/tally", "s3cr3t-of-db"),
    "a password with an at sign": ("postgresql://tally:{}@127.0.0.1:5432/tally", "s3cr3t@of-db"),
    "a database's password by name": ("host=127.0.0.1 user=tally password={} dbname=tally", "s3cr3t-of-db"),
    "a bank's password": ("https://platform:{}@bank.example/ebics", "b4nk-passw0rt"),
    "a message bus's password": ("nats://relay:{}@127.0.0.1:4222", "n4ts-passw0rt"),
    "a webhook's secret in JSON": ('{{"webhook_secret": "{}", "name": "stripe-eu"}}', "some words of it"),
    "a phrase in Python's words": ("ProviderAccount(passphrase='{}')", "some words of it"),
    "a key in a query": ("GET /v1/events?api_key={}&after=0", "abcdef0123456789"),
    "an access code": ("access_code={}", "zx0IPmPy5jp1vAz8Kpg7"),
}
"""Recognised by what stands before them."""
