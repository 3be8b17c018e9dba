"""What the engine of an idle tray program has imported: nothing that only a run, a window or the command line needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tray_agent.agent import Agent
from tray_agent.config.machine import Machine, MachineSection
from tray_agent.config.secrets import MemorySecrets
from tray_agent.config.write import save_machine
from tray_agent.store.migrate import upgrade

SECONDS = 60
NOT_AT_REST = frozenset(
    {
        "alembic", "cryptography", "holidays", "httpx", "icalendar", "keyring", "phonenumbers", "PIL", "pydantic", "rich",
        "tomlkit", "tuf", "typer", "urllib3",
    }
)  # fmt: skip
"""Libraries that only a run, a window or the command line needs; together more than the rest of the program."""

AT_REST = """
import sys, threading
from tray_agent.agent import Agent
from tray_agent.config.machine import load_machine
from tray_agent.tray.engine import AgentEngine

with Agent(load_machine()) as agent:
    engine = AgentEngine(agent)
    engine.start(lambda: None)
    engine.facts()
    engine.notice_facts()
    engine.stop()
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_an_engine_at_rest_has_imported_nothing_that_only_runs_need(tmp_path: Path) -> None:
    with Agent(Machine(machine=MachineSection(data_folder=str(tmp_path))), secrets=MemorySecrets()) as agent:
        upgrade(agent.store_unchecked)
    root = tmp_path / "root.json"
    root.write_text("{}", encoding="utf-8")
    file = tmp_path / "config.toml"
    save_machine(
        file,
        {
            ("machine", "data_folder"): str(tmp_path),
            ("gateway", "accounts", "M1", "user"): "praxis",
            ("portal", "address"): "https://127.0.0.1:9/",
            ("portal", "root"): str(root),
            ("mail", "host"): "127.0.0.1",
            ("mail", "sender"): "praxis@example.ch",
        },
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VITOCLIENT_")}
    environment = kept | {"VITOCLIENT_CONFIG": str(file), "VITOCLIENT_SECRET_GATEWAY_M1": "geheim"}
    done = subprocess.run([sys.executable, "-c", AT_REST], env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    assert "sqlalchemy" in done.stdout.split()
    assert NOT_AT_REST.isdisjoint(done.stdout.split())
