"""The language of the routing tests: providers, policies over them, and payments that look for one."""

from collections.abc import Callable, Mapping

from hypothesis import strategies as st

from domain.identifiers import ProviderName
from domain.money.money import Money
from domain.payment.method import CardBrand, MethodType, PaymentMethod
from domain.routing.candidate import Strategy
from domain.routing.capabilities import Capabilities
from domain.routing.policy import Choice, Cost, Rule
from domain.routing.route import (
    Asked,
    Facts,
    Figures,
    Situation,
    route,
)
from tests.support.domain import amounts
from tests.support.routing import HUNDRED, always_or_never, asked, policy, situation

A, B, C, D = (ProviderName(name) for name in ("abank", "bbank", "cbank", "dbank"))
ALL = (A, B, C, D)
CARD = PaymentMethod(MethodType.CARD, "tok_visa", brand=CardBrand.VISA, country="DE")


def asking(number: int = 1, amount: Money = HUNDRED, method: PaymentMethod = CARD) -> Asked:
    return asked(number, amount=amount, method=method)


def following(
    default: Choice,
    *rules: Rule,
    costs: Mapping[ProviderName, Cost] | None = None,
    capabilities: Mapping[ProviderName, Capabilities] | None = None,
    figures: Mapping[ProviderName, Figures] | None = None,
    holds: Callable[[str, Facts], bool] = always_or_never,
) -> Situation:
    """ALL can take anything, but for what is said of some."""
    return situation(
        policy(default, rules=rules, costs=costs),
        providers=ALL,
        figures=figures,
        capabilities=capabilities,
        holds=holds,
    )


def order_of(situation: Situation, asked: Asked) -> list[ProviderName]:
    """Whom the payment goes to first, second, … while each one in turn cannot take it."""
    tried: list[ProviderName] = []
    while (chosen := route(situation, asked, tried=tried).chosen) is not None:
        tried.append(chosen)
    return tried


# for any situation


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    providers = tuple(draw(st.lists(st.sampled_from(ALL), min_size=1, max_size=4, unique=True)))
    strategy = draw(st.sampled_from(Strategy))
    if strategy is not Strategy.SPLIT:
        return Choice(strategy=strategy, providers=providers)
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=len(providers) - 1, max_size=len(providers) - 1)))
    ends = zip([0, *cuts], [*cuts, 100], strict=True)
    return Choice(strategy=strategy, providers=providers, percentages=tuple(end - start for start, end in ends))


any_costs = st.builds(Cost, basis_points=st.integers(0, 500), fixed_minor=st.integers(0, 50))
any_capabilities = st.builds(
    Capabilities,
    methods=st.frozensets(st.sampled_from(MethodType), min_size=1),
    currencies=st.none() | st.just(frozenset({"EUR"})),
    countries=st.none() | st.just(frozenset({"DE"})),
    brands=st.none() | st.just(frozenset({CardBrand.VISA})),
)
any_figures = st.builds(Figures, success_bp=st.none() | st.integers(0, 10_000), open_circuit=st.booleans())
situations = st.builds(
    following,
    choices(),
    costs=st.dictionaries(st.sampled_from(ALL), any_costs),
    capabilities=st.dictionaries(st.sampled_from(ALL), any_capabilities),
    figures=st.dictionaries(st.sampled_from(ALL), any_figures),
)
payments = st.builds(
    asking,
    st.integers(0, 2**128 - 1),
    amounts(max_minor=10**9),
    st.builds(
        PaymentMethod,
        st.sampled_from(MethodType),
        st.just("tok"),
        brand=st.none() | st.sampled_from([CardBrand.VISA, CardBrand.AMEX]),
        country=st.none() | st.sampled_from(["DE", "IN"]),
    ),
)
providers_tried = st.lists(st.sampled_from(ALL), unique=True)
