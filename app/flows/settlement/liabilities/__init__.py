"""All that is owed as a tree, in which everybody finds their own part."""
