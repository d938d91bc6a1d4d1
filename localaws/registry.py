"""Pushes an OCI image layout to the local registry with a registry client: skopeo where it is installed, else oras.

Credentials come from GetAuthorizationToken, as `aws ecr get-login-password` gets them.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3

from localaws.process import REGION, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

_JSON_TYPES: Final = ("manifest", "index", "manifest.list")


class PushError(RuntimeError):
    """The client could not push: what it said."""


def push(layout: Path, reference: str, *, client: str | None = None) -> str:
    """Push the image of ``layout`` to ``host:port/repository:tag`` over plain HTTP; returns its digest.

    Children go before the index that lists them. ``client`` is ``skopeo`` or ``oras``; by default skopeo, where it is
    installed and can copy the layout. oras is in the emulator's virtual environment only.

    Raises:
        PushError: the registry refused, with the client's words.
    """
    root = json.loads((layout / "index.json").read_bytes())["manifests"][0]
    if client == "skopeo" or (client is None and shutil.which("skopeo") and _skopeo_reads(layout, root)):
        _push_with_skopeo(layout, root, reference)
    else:
        _push_with_oras(layout, root, reference)
    digest: str = root["digest"]
    return digest


def _password(reference: str) -> str:
    endpoint = f"http://{reference.partition('/')[0]}"
    # Any credentials do: the local registry belongs to the default account.
    session = boto3.Session("test", "test", region_name=REGION)
    ecr = session.client("ecr", endpoint_url=endpoint)
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    return base64.b64decode(token).decode().partition(":")[2]


def _skopeo_reads(layout: Path, root: dict[str, Any]) -> bool:
    """Whether skopeo copies this layout: it knows OCI's types there, not Docker's, and no index within an index."""
    *below, top = _below(layout, root)
    return top["mediaType"].startswith("application/vnd.oci.") and not any(
        ".index.v" in part["mediaType"] for part in below
    )


def _push_with_skopeo(layout: Path, root: dict[str, Any], reference: str) -> None:
    tag = root["annotations"]["org.opencontainers.image.ref.name"]
    command = ["skopeo", "copy", "--all", "--preserve-digests", "--quiet", "--dest-tls-verify=false"]
    command += ["--dest-creds", f"AWS:{_password(reference)}", f"oci:{layout}:{tag}", f"docker://{reference}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode:
        raise PushError(done.stderr.strip())


def _push_with_oras(layout: Path, root: dict[str, Any], reference: str) -> None:
    from oras.provider import Registry  # noqa: PLC0415 - installed where the emulator is

    host = reference.partition("/")[0]
    registry = Registry(host, insecure=True, auth_backend="basic")
    registry.auth.set_basic_auth("AWS", _password(reference))
    target = registry.get_container(reference)
    for descriptor in _below(layout, root):
        path = _blob(layout, descriptor["digest"])
        if not _is_manifest(descriptor):
            answer = registry.upload_blob(str(path), target, descriptor)
        else:
            name = target.tag if descriptor["digest"] == root["digest"] else descriptor["digest"]
            url = f"http://{target.registry}/v2/{target.api_prefix}/manifests/{name}"
            # The exact bytes: oras' own upload of a manifest writes its JSON anew, which changes the digest.
            answer = registry.do_request(
                url, "PUT", data=path.read_bytes(), headers={"Content-Type": descriptor["mediaType"]}
            )
        if not answer.ok:
            raise PushError(f"{answer.status_code} {answer.text}")


def _below(layout: Path, descriptor: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The descriptors of everything below ``descriptor``, deepest first, then itself."""
    if _is_manifest(descriptor):
        document = json.loads(_blob(layout, descriptor["digest"]).read_bytes())
        config = [document["config"]] if "config" in document else []
        for part in (*document.get("layers", []), *config, *document.get("manifests", [])):
            yield from _below(layout, part)
    yield descriptor


def _is_manifest(descriptor: dict[str, Any]) -> bool:
    return any(f".{word}.v" in descriptor["mediaType"] for word in _JSON_TYPES)


def _blob(layout: Path, digest: str) -> Path:
    return layout / "blobs" / Path(*digest.split(":"))
