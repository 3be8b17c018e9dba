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
  mirror=$(grep -hoE 'https?://[^ ]+' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -1)
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | head -1 || echo "$mirror")
  debootstrap --variant=minbase --include=ca-certificates,make,git,python3,python3-venv bookworm "$folder/base" "$mirror" >/dev/null
fi
trial="$folder/trial"
umount -q "$trial"/{proc,dev,sys} 2>/dev/null || true
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
mount -t proc proc "$trial/proc"
mount -t sysfs sysfs "$trial/sys"
mount --bind /dev "$trial/dev"
trap 'umount -q "$trial"/{proc,dev,sys} || true' EXIT

for command in "$@"; do
  echo "== $command"
  start=$(date +%s)
  env -i HOME=/root TERM=dumb LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin ${PIP_CERT:+PIP_CERT=$PIP_CERT} \
    chroot "$trial" bash -c "cd /home/trial/project && $command"
  echo "== $command: $(( $(date +%s) - start )) s"
done
