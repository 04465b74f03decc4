"""Files and folders that appear under their name only when they are whole."""
