import pytest

from mstr_arrow.prompts.model import Prompt


@pytest.fixture
def ask():
    """Make a prompt, a required one for a value unless something else is said."""

    def ask(name="Year", prompt_type="VALUE", occurrence=0, **facts):
        prompt_id = f"{sum(map(ord, name)):032X}"
        facts = {"id": prompt_id, "title": name, "required": True, **facts}
        return Prompt(key=f"{prompt_id}@{occurrence}@10", name=name, type=prompt_type, **facts)

    return ask
