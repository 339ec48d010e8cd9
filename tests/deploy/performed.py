"""What a played company's weeks come to, as bytes: for comparing two builds of the domain.

``python -m tests.deploy.performed`` writes the build, then each fact and each lead, in order.
"""

import sys

from events.state import decode_lead, encode_lead
from handlers.build import CORE
from tests.handlers.simulate.fold import perform

LEADS = 400
WEEKS = 8

if __name__ == "__main__":
    performance = perform(seed=5, weeks=WEEKS, leads=LEADS)
    leads = performance.fold.leads.values()
    # The text of a lead shows its kinds of numbers, and of all that it holds; its bytes, each of
    # their bits. What is read back has to be of the same kinds again.
    lines = [
        *performance.values,
        *map(encode_lead, leads),
        *(repr(lead).encode() for lead in leads),
        *(repr(decode_lead(encode_lead(lead))).encode() for lead in leads),
    ]
    sys.stdout.write(f"{CORE}\n")
    sys.stdout.writelines(f"{line.hex()}\n" for line in lines)
