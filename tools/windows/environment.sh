# Sourced by the scripts of this folder: where things are, and how Windows programs are run.
# Wine's own programs (powershell, icacls, certutil, tasklist) only pretend: nothing here is decided by their exit code.
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tools="$project/tools/windows"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/vitoclient-windows"

export WINEARCH=win64 WINEDEBUG="${WINEDEBUG:--all}" WINEDLLOVERRIDES="mscoree=;mshtml=;winemenubuilder.exe=d"
export LANG=C.UTF-8 LC_ALL=C.UTF-8
# The Windows account of all trials: a name with a blank and umlauts, so that its folders are what many practices have.
export USER="Jörg Müller" LOGNAME="Jörg Müller"

digest_of() { cat "$@" | sha256sum | cut -c1-16; }

# Names of what is cached; each changes with what it is made of.
python_digest=b6d6b1071cbed92691e7c37f25f3dcc814cdee2a99b154dcdd1d78c3da7ec863
layout=2  # one more when setup.sh makes something in another way
base_key=$(digest_of <(echo "$layout $python_digest") "$tools/check_python.py")
base="$cache/python-$base_key"
prefix="$cache/prefix-$(digest_of <(echo "$layout $(wine --version 2>/dev/null)") "$tools"/*.c "$tools/look.py")"
test_python="$cache/test-$base_key-$(digest_of "$project/requirements/test.txt")"
build_python="$cache/build-$base_key-$(digest_of "$project/requirements/build.txt")"

# Runs a Windows program; its output must go through a pipe, or Python dies at its start. Returns the program's exit code.
windows() { nice -n 1 wine "$@" </dev/null 2>&1 | cat; return "${PIPESTATUS[0]}"; }

# Makes a fresh Windows of its own for one run: $1 = folder, $2 = the screen's size. Ends what runs in it, and removes
# it, when the script ends.
fresh_windows() {
  export WINEPREFIX="$1/windows"
  cp -a --reflink=auto "$prefix" "$WINEPREFIX"
  trap 'end_windows; rm -rf "'"$1"'"' EXIT
  own_screen "${2:-1280x800}"
  # It stays between the programs of one run, so that each starts at once. Its services must not inherit our pipes.
  wineserver -p300
  wine cmd /c exit </dev/null >/dev/null 2>&1
}
end_windows() { wineserver -k 2>/dev/null || true; wineserver -w 2>/dev/null || true; [ -z "${screen_pid:-}" ] || kill "$screen_pid" 2>/dev/null || true; }

# Starts a screen of its own and sets DISPLAY: $1 = size.
own_screen() {
  local number
  exec {screen_fd}< <(exec Xvfb -displayfd 1 -screen 0 "$1x24" -nolisten tcp 2>/dev/null & echo "pid $!"; wait)
  local line
  while read -r -u "$screen_fd" line; do
    case "$line" in pid\ *) screen_pid=${line#pid };; *) number=$line; break;; esac
  done
  export DISPLAY=":$number"
}
