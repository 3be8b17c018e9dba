"""Bad hours of real agents: processes with the real scheduler, servers on loopback that are really switched off, every engine."""
