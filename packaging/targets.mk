# Windows, tried from Linux, and what is handed to users.

test-windows: setup ## the tests in Windows (Wine): first the desktop, then everything else
	tools/windows/setup.sh test
	tools/windows/desktop.sh
	WORKERS=$(WORKERS) tools/windows/test.sh $(ARGS)

installer: setup ## Windows installer into dist/, tried in Wine: install, run, upgrade, uninstall
	tools/windows/setup.sh build
	packaging/windows/build.sh
	packaging/windows/try.sh

wheel: setup ## the wheel into dist/, tried in a new environment outside the checkout
	tools/try_wheel.sh
