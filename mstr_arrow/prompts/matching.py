"""Which answer belongs to which prompt. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.names import as_it_looks, listing, near_names, quote_name, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mstr_arrow.prompts.answers import Answer
    from mstr_arrow.prompts.model import Prompt

_WAYS: tuple[Callable[[Prompt], str], ...] = (
    lambda prompt: prompt.key,
    lambda prompt: prompt.id,
    lambda prompt: prompt.name,
    lambda prompt: prompt.title,
)


def match(prompts: Sequence[Prompt], answers: Mapping[str, Answer]) -> dict[str, Answer]:
    """Return the answers by the keys of their prompts; prompts without one, and answers without one, are left out.

    A name is looked for among the keys, then the ids, names and titles. A prompt that is asked twice gets the same
    answer both times, but for the one that is named by its key: the closer name wins. Errors: UsageError for a
    name of several prompts, and for a prompt that has several answers.
    """
    closest: dict[str, tuple[int, str]] = {}
    for name in answers:
        way, found = _find_named(prompts, name)
        for prompt in found:
            before = closest.get(prompt.key)
            if before is not None and before[0] == way:
                raise UsageError(
                    f"the prompt {prompt.name!r} is answered twice, as {before[1]!r} and as {name!r}.",
                    hint="Leave one of them out.",
                )
            if before is None or way < before[0]:
                closest[prompt.key] = (way, name)
    return {key: answers[name] for key, (_, name) in closest.items()}


def check_used(prompts: Sequence[Prompt], answers: Mapping[str, Answer]) -> None:
    """Refuse answers to what was never asked; errors: UsageError with near names."""
    unknown = [name for name in answers if not _find_named(prompts, name)[1]]
    if not unknown:
        return
    if not prompts:
        raise UsageError(f"there are answers to {listing(unknown)}, but nothing is asked.", hint="Leave them out.")
    names = list(dict.fromkeys(prompt.name for prompt in prompts))
    raise UsageError(f"no prompt {listing(unknown)} was asked.", hint=suggestion(unknown[0], names))


def near_miss(prompts: Sequence[Prompt], answers: Mapping[str, Answer]) -> str | None:
    """Say which answers are to what was not asked so far and is spelled almost like what was; None for no such."""
    names = list(dict.fromkeys(prompt.name for prompt in prompts))
    unknown = [name for name in answers if not _find_named(prompts, name)[1]]
    told = [
        f"{quote_name(name)} is not asked: did you mean {listing(near)}?"
        for name in unknown
        if (near := near_names(name, names))
    ]
    return " ".join(told) or None


def find(prompts: Sequence[Prompt], name: str) -> Prompt:
    """Return the prompt that a name means; errors: UsageError with near names."""
    found = _find_named(prompts, name)[1]
    if not found:
        names = list(dict.fromkeys(prompt.name for prompt in prompts))
        raise UsageError(f"there is no prompt {name!r}.", hint=suggestion(name, names))
    return found[0]


def _find_named(prompts: Sequence[Prompt], name: str) -> tuple[int, list[Prompt]]:
    """Return the prompts that a name means, and the way it was read, the first that finds any."""
    for fold in (str, str.casefold, as_it_looks):
        for way, names in enumerate(_WAYS):
            found = [prompt for prompt in prompts if fold(names(prompt)) == fold(name)]
            if len({prompt.id for prompt in found}) > 1:
                keys = listing([prompt.key for prompt in found])
                raise UsageError(f"{name!r} is more than one prompt.", hint=f"Name one by its key: {keys}.")
            if found:
                return way, found
    return len(_WAYS), []
