"""What the clock starts: a table of jobs, each run by one worker at a time."""
