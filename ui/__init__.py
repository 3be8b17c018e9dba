"""The window side: Qt dialogs over Qt-free view models. Never the database, never a gateway."""
