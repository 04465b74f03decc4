"""Where results go, as the options of ``mstr-arrow fetch`` say it: of one object, or of several, into a folder."""

import os
from dataclasses import dataclass
from typing import Annotated

import typer

from mstr_arrow.cli.options import common
from mstr_arrow.cli.options.output import COMPRESSION, ROW_GROUP_ROWS, Output, ParquetOptions, output_from
from mstr_arrow.cli.options.pairs import read_names
from mstr_arrow.cli.options.resuming import (
    IfChanged,
    Resume,
    Resuming,
    WhatOfColumns,
    WhatToVerify,
    WhenChanged,
    WhenConsistent,
    read_resuming,
)
from mstr_arrow.errors import UsageError
from mstr_arrow.files.adding import Mode
from mstr_arrow.files.formats import Format
from mstr_arrow.files.hive import partition_columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """The options."""

    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A .parquet, .arrow or .csv file, or with a / at the end a folder of Parquet parts, here or in a "
            "store (s3://bucket/x.parquet); it appears when it is whole. Of several objects, a folder for them, "
            "each under its name. - is standard output. Required, but for --explain.",
            rich_help_panel=common.FILE,
        ),
    ] = None
    output_format: common.OutputFormat = None
    compression: Annotated[
        str | None,
        typer.Option(
            metavar="CODEC",
            help=f"Of Parquet: zstd, snappy, gzip, lz4, brotli or none; {COMPRESSION} without it.",
            rich_help_panel=common.FILE,
        ),
    ] = None
    row_group_rows: Annotated[
        int | None,
        typer.Option(
            metavar="ROWS",
            min=1,
            help=f"Rows of a Parquet row group, {ROW_GROUP_ROWS:,} without it.",
            rich_help_panel=common.FILE,
        ),
    ] = None
    part_rows: Annotated[
        int | None,
        typer.Option(
            metavar="ROWS",
            min=1,
            help="Write a folder of Parquet parts of so many rows.",
            rich_help_panel=common.FILE,
        ),
    ] = None
    part_bytes: Annotated[
        int | None,
        typer.Option(
            metavar="SIZE",
            parser=common.read_size,
            help="Write a folder of Parquet parts of about this size, such as 256MB, which is what a folder has "
            "if nothing else is said; 32MB with --resume.",
            rich_help_panel=common.FILE,
        ),
    ] = None
    partition_by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A,B,…",
            help="Write a folder of Hive partitions, such as Year=2024/Region=East/; these columns are in the "
            "names of folders, and not in the files.",
            rich_help_panel=common.FILE,
        ),
    ] = None
    mode: Annotated[
        Mode | None,
        typer.Option(
            help="Add parts to a folder that is there, or replace the partitions that have rows now.",
            rich_help_panel=common.FILE,
        ),
    ] = None
    overwrite: common.Overwrite = False
    resume: Resume = False
    if_changed: IfChanged = False
    on_change: WhenChanged = "raise"
    schema_mode: WhatOfColumns = "strict"
    verify: WhatToVerify = None
    consistency: WhenConsistent = "likely"

    @property
    def resumes(self) -> bool:
        """Whether extractions are made, which go on where a former run stopped."""
        return self.resume or self.if_changed

    def check(self) -> None:
        """Refuse options that say nothing without another; errors: UsageError."""
        for option, given in {
            "--on-change": self.on_change != "raise",
            "--schema-mode": self.schema_mode != "strict",
            "--verify": self.verify is not None,
            "--consistency": self.consistency != "likely",
        }.items():
            if given and not self.resumes:
                raise UsageError(
                    f"{option} is for extractions that resume.", hint="Add --resume, or leave it away."
                )
        if self.mode and self.overwrite:
            raise UsageError(
                "--mode and --overwrite exclude each other: one keeps parts that are there, the other none.",
                hint="Leave one of them away.",
            )
        if self.mode == "replace_partitions" and not self.partition_by:
            raise UsageError(
                "--mode replace_partitions is for folders of partitions.",
                hint="Name their columns, as in --partition-by Year,Region.",
            )
        for option, given in {
            "--partition-by": self.partition_by is not None,
            "--mode": self.mode is not None,
        }.items():
            if given and self.resumes:
                raise UsageError(
                    f"{option} and --resume exclude each other: an extraction is a folder of parts of its own.",
                    hint="Leave one of them away; without --resume a run that was killed begins again.",
                )

    def target(self) -> Output | Resuming:
        """Return where the result of one object goes; errors: UsageError."""
        return self._target(self._require_output())

    def targets(self, names: list[str]) -> list[Output | Resuming]:
        """Return where the results of several objects go, by the names of their files; errors: UsageError."""
        folder = self._require_output()
        if folder == "-":
            raise UsageError(
                "several objects need a folder, and standard output is none.", hint="Give one: -o folder/"
            )
        if not folder.endswith(("/", os.sep)):
            raise UsageError(
                f"several objects need a folder, and {folder!r} does not end as the name of one.",
                hint=f"Add a slash: -o {folder}/",
            )
        suffix = "/" if self.resumes or self._parquet.in_parts else f".{self.output_format or 'parquet'}"
        return [self._target(f"{folder}{name}{suffix}") for name in names]

    def _target(self, output: str) -> Output | Resuming:
        if not self.resumes:
            target = output_from(output, self.output_format, self._parquet, makes_folders=True)
            self._check_format(target.format)
            return target
        return read_resuming(
            output,
            self.output_format,
            self._parquet,
            if_changed=self.if_changed,
            on_change=self.on_change,
            schema_mode=self.schema_mode,
            verify=self.verify,
        )

    def _check_format(self, written: Format) -> None:
        """Refuse options of Parquet for another format; errors: UsageError."""
        for option, given in {"--compression": self.compression, "--row-group-rows": self.row_group_rows}.items():
            if given is not None and written != "parquet":
                raise UsageError(
                    f"{option} is for Parquet, and the result becomes {written}.",
                    hint="Leave it away, or choose Parquet: -o x.parquet, or --format parquet.",
                )

    def _require_output(self) -> str:
        if self.output is None:
            raise UsageError(
                "there is no --output.", hint="Name a file, as in -o sales.parquet; - is standard output."
            )
        return self.output

    @property
    def partitions(self) -> list[str]:
        """The columns of partitions."""
        return list(partition_columns(read_names(self.partition_by))) if self.partition_by else []

    @property
    def _parquet(self) -> ParquetOptions:
        return ParquetOptions(
            compression=self.compression or COMPRESSION,
            row_group_rows=self.row_group_rows or ROW_GROUP_ROWS,
            part_rows=self.part_rows,
            part_bytes=self.part_bytes,
            overwrite=self.overwrite,
            partition_by=self.partitions,
            mode=self.mode,
        )
