#!/bin/bash
# Tries the two commands as on a fresh machine: a Debian 12 chroot with nothing of ours, a fresh clone, a new environment.
# usage (as root): tools/fresh_machine.sh FOLDER [command …]     default commands: "make demo ARGS=--headless" "make test"
# FOLDER/base is made once by debootstrap from the mirror that this machine uses, and copied for every trial.
set -euo pipefail
folder=${1:?a folder with about 6 GB free}; shift
project=$(cd "$(dirname "$0")/.." && pwd)
[ $# -gt 0 ] || set -- "make demo ARGS=--headless" "make test"

if [ ! -x "$folder/base/usr/bin/python3" ]; then
  command -v debootstrap >/dev/null || apt-get install -y -qq debootstrap
  mirror=$(apt-get indextargets --format '$(REPO_URI)' | sed -n 1p)
  debootstrap --variant=minbase --include=ca-certificates,make,git,python3,python3-venv bookworm "$folder/base" "$mirror" >/dev/null
fi
trial=$(readlink -m "$folder/trial")
# Ends what still runs in the trial (a server that went into the background), by its number, and takes the mounts away.
end_trial() {
  local one
  for one in /proc/[0-9]*; do
    [ "$(readlink "$one/root" 2>/dev/null)" != "$trial" ] || kill -9 "${one#/proc/}" 2>/dev/null || true
  done
  for one in proc dev sys; do mountpoint -q "$trial/$one" && umount "$trial/$one" || true; done
}
end_trial
if grep -qF " $trial/" /proc/mounts; then echo "something is still mounted below $trial" >&2; exit 1; fi
rm -rf --one-file-system "$trial"
cp -a "$folder/base" "$trial"
# The network's settings of this machine: sources, certificates, the package index of pip.
cp -aL /etc/resolv.conf /etc/hosts "$trial/etc/" 2>/dev/null || true
rm -rf "$trial/etc/apt"; cp -a /etc/apt "$trial/etc/"
[ -f /etc/pip.conf ] && cp /etc/pip.conf "$trial/etc/"
cp -a /etc/ssl/certs /usr/local/share/ca-certificates "$trial/tmp/" 2>/dev/null || true
cp -a /etc/ssl/certs/. "$trial/etc/ssl/certs/" 2>/dev/null || true
mkdir -p "$trial/home/trial"
git clone -q "$project" "$trial/home/trial/project"
trap end_trial EXIT
mount -t proc proc "$trial/proc"
mount -t sysfs sysfs "$trial/sys"
mount --bind /dev "$trial/dev"

for command in "$@"; do
  echo "== $command"
  start=$(date +%s)
  env -i HOME=/root TERM=dumb LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin ${PIP_CERT:+PIP_CERT=$PIP_CERT} \
    chroot "$trial" bash -c "cd /home/trial/project && $command"
  echo "== $command: $(( $(date +%s) - start )) s"
done
