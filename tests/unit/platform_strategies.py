"""Platforms of few parts, so that two of them often have something to do with each other."""

from __future__ import annotations

from hypothesis import strategies as st

from ecrguard.domain.platform import platform

VARIANTS = ["", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v8.1", "v8.5", "v8.9", "v9", "v9.2", "v9.5", "odd"]
VERSIONS = ["", "10.0.17763", "10.0.17763.1", "10.0.17763.2", "10.0.20348.169", "10.0.26100", "strange"]
few = st.builds(
    platform,
    st.sampled_from(["linux", "windows", "", "unknown"]),
    st.sampled_from(["amd64", "arm64", "arm", ""]),
    st.sampled_from(VARIANTS),
    st.sampled_from(VERSIONS),
    st.sampled_from([frozenset[str](), frozenset({"win32k"})]),
)
