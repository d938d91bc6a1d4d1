"""What the emulator lacks, added where it dispatches requests; the emulator's own files stay as installed."""
