"""The JSON grid: from the text of a page to Arrow, without I/O."""
