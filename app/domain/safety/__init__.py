"""The safety log: what stopped a request or part of its answer, in codes alone; never a word of anybody's text."""
