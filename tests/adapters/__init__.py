"""Tests of the adapters, against real processes, files and sockets."""
