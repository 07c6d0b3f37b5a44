"""Which names of a fence hold gradients, which hold forward values; what may not be mixed."""

from backprop.site.posts.check.follow import CannotFollowError, Statement, depends, recomputed
from backprop.site.posts.check.names import FenceNames


def read_through(
    statements: list[Statement], names: FenceNames, real: bool
) -> tuple[set[str], set[str]]:
    """The upstream gradients that a fence chooses itself, and the names that depend on gradients.

    CannotFollowError for a forward value that is computed again where the check has shifted it.
    """
    upstream = {*names.upstream, "dout"}
    reads = {name for one in statements for name in one.reads}
    gradients = upstream | {name for name in reads if names.variable(name)}
    forward = {name for name in names.bound if names.depends(name)}
    chosen_here: set[str] = set()
    for statement in statements:
        used = depends(statement.node)
        chosen = upstream & set(statement.assigns)
        if chosen and not used & gradients:
            chosen_here |= chosen
            continue
        if not real and not any(map(names.forward, statement.assigns)):
            if again := recomputed(statement.node, forward, gradients):
                raise CannotFollowError(
                    "again", statement.line, code=again, function=names.function
                )
        if used & gradients:
            gradients |= set(statement.assigns)
        elif used & forward:
            forward |= set(statement.assigns)
    return chosen_here, gradients
