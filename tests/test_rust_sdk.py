"""AWS's SDK for Rust. It is compiled for this test, into a target folder that keeps it for the next run."""

import os
import subprocess

from house import ROOT


def test_the_rust_sdk_works_through_a_users_life(house, root):
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": house.endpoint,
        "AWS_ACCESS_KEY_ID": root.id,
        "AWS_SECRET_ACCESS_KEY": root.secret,
        "CARGO_TARGET_DIR": str(ROOT / "target/rust-sdk"),
    }
    manifest = str(ROOT / "tests/rust-sdk/Cargo.toml")
    command = ["cargo", "run", "--quiet", "--locked", "--manifest-path", manifest]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1800)
    assert run.returncode == 0, run.stderr
