"""The outside, as flows need it: one kind of outside a file; shapes, units and errors are ours."""
