"""A lead whose every name was chosen to break a page, a statement or a spreadsheet."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

LEAD = "'\"><script>alert(1)</script>/../%00&=+{{7*7}};--"
NAMES = {
    "campaign": "<img src=x onerror=alert(2)>",
    "source": '=HYPERLINK("http://evil.example","click")',
    "content": "'; DROP TABLE leads; --",
    "rep": '"><svg onload=alert(3)>',
    "reason": "</title><script>alert(4)</script>",
}
_FIELDS = {
    "campaign": "campaign",
    "arrival_campaign": "campaign",
    "touch_campaign": "campaign",
    "source": "source",
    "arrival_source": "source",
    "touch_source": "source",
    "content": "content",
    "arrival_content": "content",
    "touch_content": "content",
    "owner": "rep",
    "assignee": "rep",
    "by": "rep",
    "reason": "reason",
}


def hostile(facts: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the facts of the lead with the fullest story, with every name of it exchanged."""
    stories: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for fact in facts:
        told = json.loads(fact)
        stories[told["subject"]].append(told)
    # One that came with a campaign, a source and a content, so that all of them are exchanged.
    named = [one for one in stories if "arrival_content" in stories[one][-1]["data"]]
    lead = max(named, key=lambda one: (len({fact["type"] for fact in stories[one]}), one))
    return tuple(json.dumps(_exchanged(told, lead, "")).encode() for told in stories[lead])


def _exchanged(value: Any, lead: str, name: str) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        top = "specversion" in value
        return {
            key: value[key] if top and key == "source" else _exchanged(value[key], lead, key)
            for key in value
        }
    if isinstance(value, list):
        return [_exchanged(one, lead, name) for one in value]
    if isinstance(value, str):
        return NAMES[_FIELDS[name]] if name in _FIELDS else value.replace(lead, LEAD)
    return value
