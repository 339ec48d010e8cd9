"""The simple job of the Python peers: one state a lead, a score that fades, a stage, a handover."""

from datetime import datetime
from typing import Any

POINTS = {
    "page_view": 1.0,
    "email_open": 0.5,
    "return_visit": 4.0,
    "ad_click": 2.0,
    "email_click": 3.0,
    "case_study_view": 5.0,
    "pricing_view": 12.0,
    "ebook_download": 8.0,
    "integration_docs": 8.0,
    "webinar_registered": 6.0,
    "roi_calculator": 15.0,
    "demo_request": 40.0,
}
HALF_LIFE_SECONDS = 14 * 86_400
WARM, MQL = 35.0, 60.0


def step(state: dict[str, Any] | None, event: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return the lead's next state, and whether it becomes a handover now."""
    if state is None:
        state = {"score": 0.0, "at": 0.0, "stage": "cold", "fit": 0, "count": 0}
    kind = event["type"]
    data = event["data"]
    at = datetime.fromisoformat(event["time"]).timestamp()
    score, stage, fit = state["score"], state["stage"], state["fit"]
    if at > state["at"]:
        score *= 0.5 ** ((at - state["at"]) / HALF_LIFE_SECONDS)
    else:
        at = state["at"]
    if kind == "lead.engaged.v1":
        score += POINTS.get(data["activity"], 0.0)
    elif kind == "lead.profiled.v1":
        fit = len(data["attributes"])
    elif kind == "lead.claimed.v1":
        stage = "sal"
    elif kind == "lead.lost.v1":
        stage = "nurture"
    offered = False
    if stage in {"cold", "warm", "nurture"}:
        if score >= MQL:
            stage, offered = "mql", True
        else:
            stage = "warm" if score >= WARM else "cold"
    made = {"score": score, "at": at, "stage": stage, "fit": fit, "count": state["count"] + 1}
    return made, offered
