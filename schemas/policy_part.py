"""What all sections of a policy's document have in common."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A section of the policy: nothing unknown, nothing converted behind one's back."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )
