"""The windows of the program, one module each; every module offers ``open_dialog(context) -> QDialog``."""
