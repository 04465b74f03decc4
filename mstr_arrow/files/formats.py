"""Formats of single files and their suffixes, for options of commands and files of jobs. Pure."""

from __future__ import annotations

from typing import Literal, TypeAlias

Format: TypeAlias = Literal["parquet", "arrow", "csv"]
SUFFIXES: dict[str, Format] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".csv": "csv",
}
