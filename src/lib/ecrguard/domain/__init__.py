"""Pure rules: standard library only; no clock, no environment, no network. Time comes in as an argument."""
