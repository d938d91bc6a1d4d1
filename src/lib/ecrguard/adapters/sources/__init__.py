"""The sources of workloads: one module for each service that runs images."""
