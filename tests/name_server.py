"""A real authoritative server of names, Knot DNS, on loopback, with a zone that the test writes."""

import pathlib
import shutil
import socket
import subprocess
import time

ORIGIN = "test."
START_SECONDS = 20
MISSING = None if shutil.which("knotd") else "Knot DNS is not installed: see tests/tools"


class NameServer:
    """Answers for everything below `test.`; what is set holds at once and is kept by nobody."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.records = {}
        self.serial = 0
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.config = self.folder / "knot.conf"
        self.config.write_text(
            f"server:\n    rundir: {self.folder}\n    listen: 127.0.0.1@{self.port}\n"
            f"database:\n    storage: {self.folder}\n"
            f"zone:\n  - domain: {ORIGIN}\n    file: {self.folder}/zone\n    zonefile-load: whole\n"
        )
        self.write()
        log = open(self.folder / "log.txt", "wb")
        self.process = subprocess.Popen(["knotd", "-c", str(self.config)], stdout=log, stderr=log)
        log.close()
        self.control("zone-status", ORIGIN)

    def control(self, *command):
        """Asks the server, which may be starting."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            done = subprocess.run(["knotc", "-b", "-c", str(self.config), *command], capture_output=True, text=True)
            if done.returncode == 0:
                return
            log = (self.folder / "log.txt").read_text()
            assert time.monotonic() < deadline and self.process.poll() is None, f"{done.stderr}\n{log}"
            time.sleep(0.05)

    def set(self, name, kind, *values):
        """Gives a name its records of a kind, in the place of those before; without values it has none."""
        if kind == "TXT":
            values = [" ".join(f'"{value[at : at + 255]}"' for at in range(0, len(value), 255)) for value in values]
        self.records[name, kind] = values
        self.write()
        self.control("zone-reload", ORIGIN)

    def write(self):
        self.serial += 1
        lines = [f"{ORIGIN} 0 SOA ns.{ORIGIN} root.{ORIGIN} {self.serial} 1 1 1 0", f"{ORIGIN} 0 NS ns.{ORIGIN}"]
        lines.append(f"ns.{ORIGIN} 0 A 127.0.0.1")
        for (name, kind), values in self.records.items():
            lines += [f"{name}. 0 {kind} {value}" for value in values]
        (self.folder / "zone").write_text("\n".join(lines) + "\n")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)
