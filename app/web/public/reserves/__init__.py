"""The page on which everybody sees what stands on chains against what is owed."""
