"""The ports of the domain on AWS, Slack and HTTP: one module for each outside thing."""
