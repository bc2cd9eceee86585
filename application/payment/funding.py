"""A command whose debit finds an account short is decided again with the next source, until none is left."""

from application.write.append import refuse
from application.write.store import LimitBroken
from domain.identifiers import MerchantId
from domain.ledger.accounts import AccountCode
from domain.payment.debit import Funding, next_funding_source


class FundingSearch:
    """The tries of one command to fund its debit. `funding` is the one to decide by."""

    def __init__(self, first: Funding) -> None:
        self.funding = first

    async def try_next(self, merchant_id: MerchantId, broken: LimitBroken) -> None:
        """Go on to the source after the one that did not hold enough. Raises BalanceLimitBroken where there is none."""
        following = next_funding_source(self.funding, AccountCode(broken.account), merchant_id)
        if following is None:
            await refuse(self, broken)
        else:
            self.funding = following
