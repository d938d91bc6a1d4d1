"""AWS on a laptop: an AWS emulator with the behaviours of ECR, ECS, App Runner and AppConfig that it lacks."""
