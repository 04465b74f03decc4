"""A sweep as one HTML page, and as pictures of its plots."""

from mstr_arrow.throughput.report.images import write_images
from mstr_arrow.throughput.report.page import write_html

__all__ = ["write_html", "write_images"]
