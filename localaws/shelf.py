"""What a repository of ECR holds, in words that can be compared: ``1 → good, ecrguard-mismatch-… → bad (archived)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.deployment import Deployment


def shelf(deployment: Deployment, repository: str, names: Mapping[str, str]) -> str:
    """Each tag and the image that it stands for, then what has no tag.

    Args:
        deployment: in whose account the repository is.
        repository: name of it.
        names: of images, by digest; any other is a part.
    """
    ecr = deployment.client("ecr")
    pages = ecr.get_paginator("describe_images").paginate(repositoryName=repository, filter={"imageStatus": "ANY"})
    tagged: dict[str, str] = {}
    untagged: list[str] = []
    for each in (each for page in pages for each in page["imageDetails"]):
        name = names.get(each["imageDigest"], "part") + _state(each)
        tagged |= dict.fromkeys(each.get("imageTags", []), name)
        untagged += [] if each.get("imageTags") else [name]
    found = [f"{tag} → {name}" for tag, name in sorted(tagged.items())]
    parts = untagged.count("part")
    found += [f"{name} without a tag" for name in sorted(untagged) if name != "part"]
    found += [f"{parts} part{'' if parts == 1 else 's'}"] if parts else []
    return ", ".join(found) or "nothing"


def _state(image: Mapping[str, Any]) -> str:
    return "" if image["imageStatus"] == "ACTIVE" else f" ({image['imageStatus'].lower()})"
