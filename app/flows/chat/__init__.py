"""Chat: decide, hold, answer, settle; what is said in an answer's place."""
