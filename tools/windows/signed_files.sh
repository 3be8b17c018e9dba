#!/bin/bash
# Signs copies of a program as a publisher would, and as others might; for the tests of signatures.
# usage: tools/windows/signed_files.sh PROGRAM FOLDER     PROGRAM: for Windows, not signed
# FOLDER gets root.cer (to be trusted) and the programs: genuine (signed below that root), impostor (the same name, below
# a root of its own), own-making (certificate of its own making), tampered (genuine, changed afterwards), unsigned.
set -euo pipefail
program=$1; folder=$2
publisher="Praxissoftware Müller & Söhne AG"
keys=$(mktemp -d); trap 'rm -rf "$keys"' EXIT

# NAME SUBJECT: a root certificate.
root() {
  openssl req -x509 -newkey rsa:2048 -nodes -utf8 -days 30 -subj "/CN=$2" -keyout "$keys/$1.key" -out "$keys/$1.pem" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
}
# NAME ROOT SUBJECT: a certificate for signing programs, below a root.
signer() {
  openssl req -newkey rsa:2048 -nodes -utf8 -subj "/O=$3/CN=$3" -keyout "$keys/$1.key" -out "$keys/$1.csr" 2>/dev/null
  openssl x509 -req -in "$keys/$1.csr" -CA "$keys/$2.pem" -CAkey "$keys/$2.key" -CAcreateserial -days 30 -out "$keys/$1.leaf" \
    -extfile <(printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n') 2>/dev/null
  cat "$keys/$1.leaf" "$keys/$2.pem" >"$keys/$1.pem"
}
sign() { osslsigncode sign -certs "$keys/$1.pem" -key "$keys/$1.key" -h sha256 -in "$program" -out "$folder/$1.exe" >/dev/null; }

mkdir -p "$folder"
root trusted "vitoclient test root"
root unknown "another root"
signer genuine trusted "$publisher"
signer impostor unknown "$publisher"
root own-making "$publisher"
for one in genuine impostor own-making; do sign "$one"; done
openssl x509 -in "$keys/trusted.pem" -outform der -out "$folder/root.cer"
cp "$program" "$folder/unsigned.exe"
# One bit of the text that every program has at its beginning.
sed 's/cannot be run in DOS mode/cannot be sun in DOS mode/' "$folder/genuine.exe" >"$folder/tampered.exe"
! cmp -s "$folder/genuine.exe" "$folder/tampered.exe"
