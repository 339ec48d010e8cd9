"""A cluster that stays and asks who is there: a login for each role, to its owner alone."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.kafka.security import ADMIN, MECHANISM, Security
from events.acls import Role
from tests.e2e.harness import BATON, ROOT

SHELL = '. "$0" && exec "$@"'


def test_a_password_is_not_in_the_words_for_a_security() -> None:
    security = Security(users={ADMIN: "kept-to-oneself"})

    assert "kept-to-oneself" not in repr(security)
    assert security.protocol == "SASL_SSL"
    assert MECHANISM in security.client_properties(ADMIN, Path("x"))["sasl.mechanism"]


def test_each_of_the_protocols_can_be_had() -> None:
    users = {ADMIN: "a"}

    assert Security(tls=False, users=users).protocol == "SASL_PLAINTEXT"
    assert Security(tls=True, users={}).protocol == "SSL"
    assert Security(tls=False, users={}).protocol == "PLAINTEXT"


@pytest.mark.usefixtures("kafka")
def test_one_that_stays_has_a_login_for_each_role(tmp_path: Path) -> None:
    folder = tmp_path / "kafka"
    clean = {name: text for name, text in os.environ.items() if not name.startswith("BATON_")}

    def kafka(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deploy.kafka", *arguments, "--folder", str(folder)],
            check=False,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=clean,
        )

    def baton(user: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", "-c", SHELL, str(folder / "clients" / f"{user}.env"), *BATON, *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=clean,
        )

    try:
        up = kafka("up", "--secure")
        logins = {path.stem for path in (folder / "clients").iterdir()}
        mode = stat.S_IMODE((folder / "clients").stat().st_mode)
        created = baton(Role.OPERATOR, "topics", "create", "--partitions", "2")
        refused = baton(Role.WORKER, "topics", "create", "--partitions", "2")
        open_one = kafka("up")
    finally:
        kafka("down")

    assert up.returncode == 0, up.stderr
    assert logins == {ADMIN, *Role}
    assert mode == 0o700
    assert created.returncode == 0, created.stderr
    assert refused.returncode == 1
    assert "with security runs here already" in open_one.stderr
    assert not folder.exists()
