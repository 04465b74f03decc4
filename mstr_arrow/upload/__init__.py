"""From Arrow to a SuperCube: model, chunks, upload session."""
