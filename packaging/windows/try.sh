#!/bin/bash
# Tries the installer of dist/ in Wine: install, run, upgrade while it runs, uninstall; for one user, then for all users.
# What happened is in dist/installer-trial.log. Nothing is decided by exit codes of Wine's own programs.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/windows/environment.sh"
cd "$project"
version=$(.venv/bin/python -c 'from tray_agent import __version__; print(__version__)')
setup="dist/vitoclient-Services-$version-setup.exe"
log=dist/installer-trial.log; : >"$log"
say() { echo "$(date +%T) $*" | tee -a "$log"; }
fail() { say "FAILED: $*"; exit 1; }
must() { local what=$1; shift; "$@" || fail "$what"; say "ok: $what"; }
wait_for() { local what=$1 n; shift; for n in $(seq 1 240); do "$@" && { say "ok: $what"; return; }; read -rt 0.5 <> <(:) || true; done; fail "$what"; }
prints() { local wanted=$1; shift; windows "$@" | tr -d '\r' | tee -a "$log" | grep -qF -- "$wanted"; }
inside() { echo "$WINEPREFIX/drive_c/users/$USER/$1"; }
registered() { windows reg query "$1\\Software\\Microsoft\\Windows\\CurrentVersion\\$2" /v "$3" | tr -d '\r' | grep -F -- "$3" >/dev/null; }
# The number of the tray program that runs in this Windows, seen from outside; nothing where none runs.
tray_process() {
  local one
  for one in /proc/[0-9]*; do
    { tr '\0' ' ' <"$one/cmdline" | grep -q 'vitoclient-tray\.exe' && grep -zqsF "WINEPREFIX=$WINEPREFIX" "$one/environ"; } 2>/dev/null || continue
    basename "$one"; return
  done
}
is_running() { [ -n "$(tray_process)" ]; }
# Runs an installer; not through a pipe, which the program that it starts again would hold open.
setup_runs() { wine "$@" </dev/null >/dev/null 2>&1; }
not() { ! "$@"; }

run=$(mktemp -d); fresh_windows "$run"
say "version $version; installer $(du -m "$setup" | cut -f1) MB, installed $(du -sm build/windows | cut -f1) MB"

# An older version: the same program with one file more, which the upgrade must remove.
mkdir "$run/old"
echo old >build/windows/_internal/only-in-the-old-version.txt
packaging/windows/pack.sh 0.0.9 "$run/old" zlib >>"$log" 2>&1; rm build/windows/_internal/only-in-the-old-version.txt

say "--- for one user"
here=$(inside "AppData/Local/vitoclient-Services"); programs=$(inside "AppData/Local/Programs/vitoclient-Services")
setup_runs "$run/old/vitoclient-Services-0.0.9-setup.exe" /S /CurrentUser || fail "the older version did not install"
[ -e "$programs/vitoclient.exe" ] || programs=$(dirname "$(find "$WINEPREFIX/drive_c" -name vitoclient.exe | head -1)")
must "the older version is installed in ${programs#"$WINEPREFIX/"}" test -e "$programs/_internal/only-in-the-old-version.txt"
must "it is in the start menu" test -n "$(find "$(inside "")" -path '*Start Menu*' -name 'vitoclient-Services.lnk')"
must "it starts at login" registered HKCU Run vitoclient-Services
must "Windows knows how to remove it" registered HKCU "Uninstall\\vitoclient-Services" UninstallString
must "the programs' properties name version and publisher" prints "vitoclient-Services $version, vitoclient-Services developers" \
  "$build_python/python/python.exe" packaging/windows/check_properties.py "Z:$programs/vitoclient.exe" "Z:$programs/vitoclient-tray.exe"
must "the installer's too" prints "vitoclient-Services $version, vitoclient-Services developers" \
  "$build_python/python/python.exe" packaging/windows/check_properties.py "Z:$project/$setup"
must "vitoclient --version" prints "vitoclient-Services $version" "$programs/vitoclient.exe" --version
must "vitoclient db upgrade" prints "Die Tabellen sind auf dem Stand dieser Version." "$programs/vitoclient.exe" db upgrade
# The vendor's tool, which the demo's portal is made with, is no part of what a practice installs: the demo says so in one line.
windows "$programs/vitoclient.exe" demo --headless >"$run/demo.log" 2>&1 && code=0 || code=$?
tail -15 "$run/demo.log" | tr -d '\r' >>"$log"
[ "$code" = 2 ] && grep -q vitoclient-publishing "$run/demo.log" && say "ok: vitoclient demo says what it needs" ||
  fail "vitoclient demo --headless ended with $code: $(tail -3 "$run/demo.log")"
wine "$programs/vitoclient-tray.exe" </dev/null >/dev/null 2>&1 &
wait_for "the tray program runs" test -s "$here/logs/tray.log"
old_process=$(tray_process)

say "--- upgrade while it runs"
setup_runs "$setup" /S /CurrentUser || fail "the upgrade did not succeed"
must "files of the older version are gone" test ! -e "$programs/_internal/only-in-the-old-version.txt"
must "the program that ran has ended" test ! -d "/proc/${old_process:-none}"
wait_for "the new one was started again" is_running
must "Windows shows the new version" prints "$version" reg query 'HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\vitoclient-Services' /v DisplayVersion
must "the database is still there" test -s "$here/vitoclient.db"

say "--- uninstall while it runs"
setup_runs "$programs/uninstall.exe" /CurrentUser /S || true
wait_for "the programs are gone" test ! -e "$programs/vitoclient.exe"
wait_for "the folder is gone" test ! -e "$programs/_internal"
must "the practice's data are still there" test -s "$here/vitoclient.db"
must "nothing starts at login any more" not registered HKCU Run vitoclient-Services
must "Windows knows it no more" not registered HKCU "Uninstall\\vitoclient-Services" UninstallString

say "--- for all users"
setup_runs "$setup" /S /AllUsers /AUTOSTART=0 || fail "it did not install for all users"
programs="$WINEPREFIX/drive_c/Program Files/vitoclient-Services"
must "it is in Program Files" test -e "$programs/vitoclient.exe"
must "vitoclient --version" prints "vitoclient-Services $version" "$programs/vitoclient.exe" --version
must "it does not start at login" not registered HKLM Run vitoclient-Services
setup_runs "$programs/uninstall.exe" /AllUsers /S /DELETEDATA=1 || true
wait_for "the programs are gone" test ! -e "$programs/vitoclient.exe"
wait_for "its own data were deleted as asked" test ! -e "$here"
say "install, run, upgrade, uninstall: done"
