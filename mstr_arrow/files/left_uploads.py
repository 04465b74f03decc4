"""Uploads into S3 that a killed process has begun and nobody ends: the store keeps what was sent, and charges."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any, NamedTuple


class LeftUpload(NamedTuple):
    """An upload that has begun and not ended."""

    key: str
    id: str


def list_uploads(bucket: str, prefix: str) -> list[LeftUpload]:
    """List the uploads under way whose keys begin with a prefix; none where boto3 is missing, or it is not allowed.

    obstore lists none.
    """
    with suppress(Exception):  # whatever keeps it from being tidy does not keep a file from being written
        pages = _client().get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix)
        return [LeftUpload(each["Key"], each["UploadId"]) for page in pages for each in page.get("Uploads", ())]
    return []


def end_uploads(bucket: str, uploads: list[LeftUpload]) -> None:
    """Have the store forget what was sent of some uploads, as far as it is allowed."""
    for upload in uploads:
        with suppress(Exception):
            _client().abort_multipart_upload(Bucket=bucket, Key=upload.key, UploadId=upload.id)


def _client() -> Any:
    import boto3
    from botocore.config import Config

    few = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 2})
    address = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or None
    return boto3.client("s3", endpoint_url=address, config=few)
