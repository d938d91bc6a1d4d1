"""ecrguard: checks every image pushed to Amazon ECR against the platforms that will run it.

The package has four layers, each importing only those before it:

* ``domain``: pure values and decisions (platforms, manifests, policies, verdicts, plans).
* ``ports``: what the domain needs from outside, as Protocols.
* ``adapters``: the ports on AWS, Slack and HTTP.
* the use cases (``observe``, ``guard``) that the Lambda handlers call.
"""
