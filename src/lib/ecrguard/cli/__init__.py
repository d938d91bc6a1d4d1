"""The ``ecrguard`` command, for those who write policies and undo what was done. It needs what the functions have."""
