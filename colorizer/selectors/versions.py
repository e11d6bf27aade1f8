"""Model versions as they stand to each other: the live one, the one before it, what a candidate was judged to be."""

from ..models import Comparison, ModelVersion, Promotion, Status


def live(*, lock: bool = False) -> ModelVersion | None:
    """The live version; None before the first worker's first start. ``lock``: nobody changes it meanwhile."""
    rows = ModelVersion.objects.filter(state=ModelVersion.State.LIVE)
    return (rows.select_for_update() if lock else rows).first()


def before(version: ModelVersion | None) -> ModelVersion | None:
    """The version that was live before ``version`` became so by itself, not by a step back.

    So two steps back after each other lead to two versions before, and never to the one that was just taken out.
    """
    if version is None:
        return None
    rows = Promotion.objects.filter(version=version, is_rollback=False).select_related("previous").order_by("-at")
    promotion = rows.first()
    return promotion.previous if promotion else None


def judged(candidate: ModelVersion, live: ModelVersion | None) -> Comparison | None:
    """The latest comparison of the two that is done."""
    done = Comparison.objects.filter(candidate=candidate, live=live, status=Status.DONE)
    return done.order_by("-finished_at").first()
