"""Validators: whether a file is a sound example of what it was identified as.

Each is a pure function ``(file, wanted) -> ValidationResult`` over a real open file, run in
a worker by ``preservation.formats.job``. What is not looked at is said to be *not checked*.
"""
