"""A secret of any kind is taken out of any text, and what is quoted of a text is short, printable and free of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.redaction import REDACTED, is_secret_name, quotable, redacted
from tests.support.secrets import NAMED_SECRETS, SECRETS

AROUND = ["{}", "key {} refused", "({})", '"{}"', "a={}&b=c", "/v1/{}/x", "x,{},y", "Error: {}\n  at line 1"]


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("around", AROUND)
def test_a_secret_is_taken_out_wherever_it_stands(secret: str, around: str) -> None:
    text = redacted(around.format(secret))
    assert REDACTED in text
    assert secret not in text
    assert secret[-6:] not in text


@pytest.mark.parametrize(("text", "secret"), NAMED_SECRETS.values(), ids=NAMED_SECRETS)
def test_a_secret_is_taken_out_behind_its_name(text: str, secret: str) -> None:
    left = redacted(f"it failed: {text.format(secret)}")
    assert REDACTED in left
    assert secret not in left
    assert left.startswith("it failed: ")


@pytest.mark.parametrize(
    "text",
    [
        "payment pay_01h455vb4pex5vsknk084sn02q captured",
        "The body is not signed with the secret that we share with this provider.",
        "https://shop.example/orders/42?x=user@example.org",
        "Send your API key as 'Authorization: Bearer'",
        "GET /v1/payments/pay_01h455vb4pex5vsknk084sn02q",
        "task_started, risk_review, disk_full",
        "tok_visa",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize("name", ["webhook_secret", "Authorization", "database_password", "sha_request_phrase", "iban"])
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)


@given(st.text(max_size=400), st.integers(1, 100))
def test_what_is_quoted_is_short_and_printable(text: str, characters_max: int) -> None:
    quoted = quotable(text, characters_max)
    assert len(quoted) <= max(characters_max + 1, len(REDACTED))
    assert quoted.isprintable()


@given(st.text("abc _-:.", max_size=300), st.sampled_from(sorted(SECRETS.values())), st.text("abc", max_size=300))
def test_no_cut_leaves_a_part_of_a_secret(before: str, secret: str, behind: str) -> None:
    quoted = quotable(f"{before} {secret} {behind}", 100)
    assert not any(secret[:shown] in quoted for shown in range(8, len(secret) + 1))
