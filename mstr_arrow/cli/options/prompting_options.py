"""Answers to prompts, pages, and values of parameters, which an object is told before it runs."""

from dataclasses import dataclass

from mstr_arrow.cli.options.chosen_pages import AllPages, ChosenPage, on_pages
from mstr_arrow.cli.options.parameter_values import ParameterValues, parameters_from
from mstr_arrow.cli.options.prompt_answers import PromptAnswers, PromptsFile, answers_from
from mstr_arrow.errors import UsageError
from mstr_arrow.objects.cube import Cube
from mstr_arrow.objects.data_model import DataModel
from mstr_arrow.objects.report import Report
from mstr_arrow.prompts.collection import Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptingOptions:
    """The options."""

    prompts: PromptsFile = None
    prompt: PromptAnswers = None
    page: ChosenPage = None
    all_pages: AllPages = False
    parameter: ParameterValues = None

    def answers(self) -> Answers:
        """Return the answers to prompts; errors: UsageError."""
        return answers_from(self.prompts, self.prompt or ())

    def parameters(self) -> dict[str, str]:
        """Return the values of parameters; errors: UsageError."""
        return parameters_from(self.parameter or ())

    def apply_to(self, opened: Cube | Report, answers: Answers) -> Cube | Report:
        """Answer a report's prompts and choose its pages; errors: UsageError for a cube, which has none."""
        if isinstance(opened, Report):
            return on_pages(opened.prompts(answers) if answers else opened, self.page or (), every=self.all_pages)
        what = f"{opened.name!r} is a {'data model' if isinstance(opened, DataModel) else 'cube'}"
        if answers:
            raise UsageError(f"{what}, and only reports ask.", hint="Drop --prompts and --prompt.")
        if self.page or self.all_pages:
            raise UsageError(f"{what}, and only reports have pages.", hint="Drop --page and --all-pages.")
        return opened
