"""What the published clients ask for beside chat and credits: memory, optimization, the copilot's notes."""
