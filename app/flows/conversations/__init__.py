"""Conversations as people keep, read and delete them: texts are sealed here, and opened for their owner alone."""
