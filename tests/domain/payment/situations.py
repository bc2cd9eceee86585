"""Any policy over three providers, and any circuits: what the next attempt of a payment may depend on."""

from hypothesis import strategies as st
from msgspec.structs import replace

from domain.routing.candidate import Strategy
from domain.routing.policy import Choice
from domain.routing.route import Situation
from tests.support.domain import ACQUIRER, SECOND, THIRD, situation

PROVIDERS = (ACQUIRER, SECOND, THIRD)


@st.composite
def any_situations(draw: st.DrawFn) -> Situation:
    """Any policy: mostly one that leaves room to fall back, or attempts after the first would be rare."""
    providers = draw(st.permutations(PROVIDERS))[: draw(st.sampled_from([3, 3, 2, 1]))]
    likely = situation(
        *PROVIDERS,
        attempts_max=draw(st.sampled_from([3, 3, 2, 1])),
        total_s_max=draw(st.sampled_from([30, 3_600, 1])),
        open_circuits=draw(st.sets(st.sampled_from(PROVIDERS), max_size=1)),
    )
    strategy = draw(st.sampled_from(Strategy))
    percentages = {1: (100,), 2: (30, 70), 3: (50, 0, 50)}[len(providers)]
    choice = Choice(
        strategy=strategy,
        providers=tuple(providers),
        percentages=percentages if strategy is Strategy.SPLIT else (),
    )
    return replace(likely, policy=replace(likely.policy, version=f"any-{strategy}", default=choice))


situations = any_situations()
