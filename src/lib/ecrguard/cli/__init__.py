"""The ``ecrguard`` command, for the people who write policies. It needs nothing that the functions do not have."""
