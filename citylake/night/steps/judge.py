"""The second opinion on what a stage of the night has written."""

from collections.abc import Sequence

from citylake.night.steps.step import Report, Step
from citylake.night.steps.tables import NOT_STARTED


def judge_layer(step: Step, tables: Sequence[str]) -> Report:
    """Judge those of these tables that could move; what fails is put back with whoever read it.

    The facts hold per table its verdict.
    """
    start = step.reports.get("start")
    if start is None:
        return Report("nothing", NOT_STARTED)
    from citylake.night.judging import layer as judging

    wanted = set(tables) & set(start["tables"])
    verdicts: dict[str, str] = {}
    refused: list[str] = []
    for layer in judging.LAYERS:
        names = sorted(name for name in wanted if name.startswith(f"{layer}."))
        if not names:
            continue
        asked = (step.lake, step.spark_when_asked, layer, step.business_date)
        for one in judging.judge_layer(*asked, tables=names, session_id=step.session_id):
            verdicts[one.table] = one.verdict
            if one.verdict == "refused":
                refused.append(f"{one.table}：{one.reason}")
    if refused:
        return Report("refused", "未通过检验，已退回上一版：" + "；".join(refused), {"verdicts": verdicts})
    return Report("done", facts={"verdicts": verdicts})
