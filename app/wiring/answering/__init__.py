"""What answers with more than one model, or out of the guide, in this process."""
