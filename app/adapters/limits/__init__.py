"""Who counts limits: this process, or Redis for all."""
