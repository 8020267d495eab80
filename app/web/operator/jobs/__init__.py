"""What the clock starts: when each job ran last, when it runs next, what fails, and a run by hand."""
