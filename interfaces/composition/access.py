"""Access: merchants, operators, and the keys of both."""

from application.access.merchant import Directory
from application.access.operator import OperatorKeys
from infrastructure.postgres.access.directory import PostgresDirectory
from infrastructure.postgres.access.operators import PostgresOperators
from interfaces.composition.capability import Capability
from interfaces.composition.shared import Shared


class AccessParts(Capability, frozen=True, kw_only=True):
    directory: Directory
    operators: OperatorKeys


def wire(shared: Shared) -> AccessParts:
    return AccessParts(directory=PostgresDirectory(shared.pool), operators=PostgresOperators(shared.pool))
