#!/bin/sh
# Makes the archive of a release and its checksum, as install.sh expects them: package.sh TARGET BINARY DIRECTORY
set -eu

target=$1 binary=$2 directory=$3
root=$(cd "$(dirname "$0")/../.." && pwd)
archive=breakfix-$target.tar.gz
staged=$(mktemp -d)
trap 'rm -r "$staged"' EXIT

mkdir -p "$directory"
cp "$binary" "$staged/breakfix"
chmod 755 "$staged/breakfix"
cp "$root/LICENSE" "$root/README.md" "$root/CHANGELOG.md" "$staged"
tar -czf "$directory/$archive" --owner=0 --group=0 -C "$staged" breakfix LICENSE README.md CHANGELOG.md
cd "$directory"
sha256sum "$archive" >"$archive.sha256"
