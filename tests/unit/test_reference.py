from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ecrguard.domain.reference import (
    BadReferenceError,
    ImageReference,
    Registry,
    ecr_registry,
    is_digest,
    parse_reference,
    partition,
    registry_host,
)

ACCOUNT = "123456789012"
DIGEST = "sha256:" + "0123456789abcdef" * 4
SHA512 = "sha512:" + "0123456789abcdef" * 8
ECR = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
US_EAST_1 = Registry(ACCOUNT, "us-east-1")


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("dkr.ecr.us-east-1.amazonaws.com", "us-east-1"),
        ("dkr.ecr.ap-southeast-7.amazonaws.com", "ap-southeast-7"),
        ("dkr.ecr.mx-central-1.amazonaws.com", "mx-central-1"),
        ("dkr.ecr-fips.us-east-2.amazonaws.com", "us-east-2"),
        ("dkr-ecr.us-west-2.on.aws", "us-west-2"),
        ("dkr-ecr-fips.us-west-2.on.aws", "us-west-2"),
        ("dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("dkr.ecr.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"),
        ("dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1"),
        ("dkr.ecr.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("dkr.ecr-fips.us-gov-east-1.amazonaws.com", "us-gov-east-1"),
        ("dkr-ecr-fips.us-gov-west-1.on.aws", "us-gov-west-1"),
        ("dkr.ecr.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"),
        ("dkr-ecr.us-iso-west-1.on.aws.ic.gov", "us-iso-west-1"),
        ("dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"),
        ("dkr-ecr.us-isob-east-1.on.aws.scloud", "us-isob-east-1"),
        ("dkr.ecr.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1"),
        ("dkr-ecr.us-isof-south-1.on.aws.hci.ic.gov", "us-isof-south-1"),
        ("dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1"),
        ("dkr-ecr.eu-isoe-west-1.on.cloud-aws.adc-e.uk", "eu-isoe-west-1"),
        ("dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
        ("dkr-ecr.eusc-de-east-1.amazonwebservices.eu", "eusc-de-east-1"),
        ("dkr-ecr.eusc-de-east-1.on.amazonwebservices.eu", "eusc-de-east-1"),
        ("dkr.ecr.us-east-1.amazonaws.com:443", "us-east-1"),
        ("DKR.ECR.US-EAST-1.AmazonAWS.com", "us-east-1"),
    ],
)
def test_hosts_of_ecr_are_known_in_every_partition(host: str, region: str) -> None:
    assert ecr_registry(f"{ACCOUNT}.{host}") == Registry(ACCOUNT, region)
    assert parse_reference(f"{ACCOUNT}.{host}/team/app:1").registry == Registry(ACCOUNT, region)


@pytest.mark.parametrize(
    "host",
    [
        f"{ECR}.evil.com",
        f"evil.{ECR}",
        f"x{ECR}",
        f"{ECR}.",
        f"{ECR}:5000",
        f"{ECR}:4430",
        "12345678901.dkr.ecr.us-east-1.amazonaws.com",
        "1234567890123.dkr.ecr.us-east-1.amazonaws.com",
        "12345678901a.dkr.ecr.us-east-1.amazonaws.com",
        "١٢٣٤٥٦٧٨٩٠١٢.dkr.ecr.us-east-1.amazonaws.com",
        f"{ACCOUNT}.d\u212ar.ecr.us-east-1.amazonaws.com",
        f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.co",
        f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com.cn",
        f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com",
        f"{ACCOUNT}.dkr.ecr.us-iso-east-1.amazonaws.com",
        f"{ACCOUNT}.dkr.ecr.us-east-1.on.aws",
        f"{ACCOUNT}.dkr-ecr.us-east-1.amazonaws.com",
        f"{ACCOUNT}.dkr.ecr.us-east-1",
        f"{ACCOUNT}.dkr.ecr.us-east-1.example.com",
        f"{ACCOUNT}.dkr.ecr.amazonaws.com",
        f"{ACCOUNT}.ecr.us-east-1.amazonaws.com",
        f"{ACCOUNT}.dkr.ecr-fake.us-east-1.amazonaws.com",
        f"{ACCOUNT}-dkr-ecr-us-east-1-amazonaws-com",
        f"{ACCOUNT}xdkrxecrxus-east-1xamazonawsxcom",
        "public.ecr.aws",
        "docker.io",
        "localhost:5000",
        "",
    ],
)
def test_hosts_that_look_like_ecr_are_not(host: str) -> None:
    assert ecr_registry(host) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{ECR}/app:1.4", ImageReference(ECR, "app", "1.4", "", US_EAST_1)),
        (f"{ECR}/app", ImageReference(ECR, "app", "latest", "", US_EAST_1)),
        (f"{ECR}/team/app@{DIGEST}", ImageReference(ECR, "team/app", "", DIGEST, US_EAST_1)),
        (f"{ECR}/team/app:1.4@{DIGEST}", ImageReference(ECR, "team/app", "1.4", DIGEST, US_EAST_1)),
        (f"{ECR}/app@{DIGEST.upper().replace('SHA', 'sha')}", ImageReference(ECR, "app", "", DIGEST, US_EAST_1)),
        (f"{ECR}/app@{SHA512}", ImageReference(ECR, "app", "", SHA512, US_EAST_1)),
        (f"  {ECR}/app:1\n", ImageReference(ECR, "app", "1", "", US_EAST_1)),
        (f"{ECR.upper()}/app:Mixed_Case-1", ImageReference(ECR.upper(), "app", "Mixed_Case-1", "", US_EAST_1)),
        (f"{ECR}:443/app:1", ImageReference(f"{ECR}:443", "app", "1", "", US_EAST_1)),
        ("nginx", ImageReference("docker.io", "library/nginx", "latest", "", None)),
        ("nginx:1", ImageReference("docker.io", "library/nginx", "1", "", None)),
        ("docker.io/nginx", ImageReference("docker.io", "library/nginx", "latest", "", None)),
        ("index.docker.io/team/app:1", ImageReference("docker.io", "team/app", "1", "", None)),
        ("team/app:1", ImageReference("docker.io", "team/app", "1", "", None)),
        ("localhost/app:1", ImageReference("localhost", "app", "1", "", None)),
        ("localhost:5000/team/app", ImageReference("localhost:5000", "team/app", "latest", "", None)),
        ("Registry/app:1", ImageReference("Registry", "app", "1", "", None)),
        ("[2001:db8::1]:5000/app:1", ImageReference("[2001:db8::1]:5000", "app", "1", "", None)),
        ("public.ecr.aws/a/b:1", ImageReference("public.ecr.aws", "a/b", "1", "", None)),
        ("a.example/x__y/z-w.v/q--p:1", ImageReference("a.example", "x__y/z-w.v/q--p", "1", "", None)),
    ],
)
def test_a_reference_has_a_host_a_repository_and_a_tag_or_a_digest(text: str, expected: ImageReference) -> None:
    assert parse_reference(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "/",
        "/app",
        ":1",
        "@",
        f"@{DIGEST}",
        f"{ECR}",
        f"{ECR}/",
        f"{ECR}/:1",
        f"{ECR}//app",
        f"{ECR}/app/",
        f"{ECR}/app:",
        f"{ECR}/app:-1",
        f"{ECR}/app:1 2",
        f"{ECR}/app:1:2",
        f"{ECR}/app:{'t' * 129}",
        f"{ECR}/app:tä",
        f"{ECR}/App:1",
        f"{ECR}/app_:1",
        f"{ECR}/a___b:1",
        f"{ECR}/a..b:1",
        f"{ECR}/-a:1",
        f"{ECR}/app@",
        f"{ECR}/app@sha256:abc",
        f"{ECR}/app@md5:{'a' * 32}",
        f"{ECR}/app@{DIGEST}0",
        f"{ECR}/app@{DIGEST}@{DIGEST}",
        f"{ECR}/app@{DIGEST}:1",
        f"https://{ECR}/app:1",
        "${IMAGE}",
        "$REGISTRY/app:1",
        "<image>",
        "my host.example/app",
        "a..example/app:1",
        "-a.example/app:1",
        "a_b.example/app:1",
        "a.example:port/app",
        "a.example:123456/app",
        "d\u212ar.example/app",
        f"{ECR}/{'a' * 256}:1",
        "a" * 2000,
        "nginx\x00",
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    if text == ECR:  # a host alone reads as a repository of Docker Hub, as Docker reads it
        assert parse_reference(text).registry is None
        return
    with pytest.raises(BadReferenceError, match="expected"):
        parse_reference(text)


@pytest.mark.parametrize(
    ("region", "name"),
    [
        ("us-east-1", "aws"),
        ("eu-central-2", "aws"),
        ("cn-northwest-1", "aws-cn"),
        ("us-gov-east-1", "aws-us-gov"),
        ("us-iso-west-1", "aws-iso"),
        ("us-isob-west-1", "aws-iso-b"),
        ("eu-isoe-west-1", "aws-iso-e"),
        ("us-isof-east-1", "aws-iso-f"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_a_region_s_name_tells_its_partition_and_its_registry_s_host(region: str, name: str) -> None:
    assert partition(region) == name
    assert ecr_registry(registry_host(ACCOUNT, region)) == Registry(ACCOUNT, region)
    assert Registry(ACCOUNT, region).host == registry_host(ACCOUNT, region)


@pytest.mark.parametrize("text", [DIGEST, SHA512])
def test_digests_that_can_be_verified_are_digests(text: str) -> None:
    assert is_digest(text)


@pytest.mark.parametrize(
    "text", ["", "sha256:", DIGEST[:-1], DIGEST + "0", DIGEST.upper(), DIGEST + "\n", "sha384:" + "a" * 96]
)
def test_anything_else_is_none(text: str) -> None:
    assert not is_digest(text)


label = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,8}[A-Za-z0-9])?", fullmatch=True)
hosts = st.one_of(
    st.just(""),
    st.sampled_from([ECR, "localhost:5000", "docker.io", "index.docker.io", "[::1]:80", "Upper"]),
    st.builds(".".join, st.lists(label, min_size=2, max_size=4)),
)
part = st.from_regex(r"[a-z0-9]{1,6}((\.|_|__|-{1,3})[a-z0-9]{1,6}){0,2}", fullmatch=True)
paths = st.builds("/".join, st.lists(part, min_size=1, max_size=4))
tags = st.one_of(st.just(""), st.from_regex(r":[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", fullmatch=True))
digests = st.sampled_from(["", f"@{DIGEST}", f"@{SHA512}", f"@sha256:{'A' * 64}"])


def written(host: str, path: str, tag: str, digest: str) -> str:
    """A reference; without a host, a first part that has a dot would be read as one."""
    if host or "." in path.partition("/")[0]:
        path = f"{host or 'team'}/{path}"
    return path + tag + digest


references = st.builds(written, hosts, paths, tags, digests)


@given(references)
@example("a" * 247)
@example(f"{'a.' * 126}example/{'b' * 250}:{'t' * 128}@{SHA512}")
def test_a_printed_reference_is_read_back_the_same(text: str) -> None:
    once = parse_reference(text)

    assert parse_reference(str(once)) == once


@given(
    st.one_of(st.text(max_size=80), references.flatmap(lambda text: st.text(max_size=3).map(lambda junk: text + junk)))
)
def test_reading_fails_in_one_way_only(text: str) -> None:
    try:
        once = parse_reference(text)
    except BadReferenceError:
        return
    assert parse_reference(str(once)) == once


@given(references)
def test_only_a_host_of_ecr_has_a_registry(text: str) -> None:
    reference = parse_reference(text)

    assert reference.registry == ecr_registry(reference.host)
    assert bool(reference.tag or reference.digest)
