"""The REST API over HTTP: requests come in, routes answer them, pages are written as JSON."""
