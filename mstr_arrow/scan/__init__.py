"""Reading: from an object on the server to batches, frames and files."""
