"""Understanding: graph components, one a file, in pipeline order."""
