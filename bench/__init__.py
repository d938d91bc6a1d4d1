"""What a push and a full pass cost, at sizes from ten workloads to a hundred thousand."""
