#!/bin/sh
# Puts `breakfix` on the PATH of the job's next steps: a given one, a released one, or one that cargo builds here.
#
# Reads INPUT_BINARY and INPUT_VERSION, ACTION_REF and ACTION_REPOSITORY (which release the action is of), and what
# GitHub sets: GITHUB_ACTION_PATH, GITHUB_PATH, GITHUB_SERVER_URL, RUNNER_TEMP. An input is data, never code.
set -eu

bin=$RUNNER_TEMP/breakfix/bin

# Ends with a message that GitHub shows.
fail() {
  printf '::error title=breakfix::%s\n' "$(printf '%s' "$1" | sed 's/%/%25/g' | tr '\r\n' '  ')"
  exit 2
}

# What a release is called, from the input or from the action's own tag; nothing when that is no release.
release() {
  case ${INPUT_VERSION:-} in
  build) ;;
  '')
    case ${ACTION_REF:-} in
    v[0-9]*.*.*) printf '%s' "$ACTION_REF" ;;
    esac
    ;;
  *) printf '%s' "$INPUT_VERSION" ;;
  esac
}

target() {
  case "$(uname -s) $(uname -m)" in
  'Linux x86_64') echo x86_64-unknown-linux-gnu ;;
  'Linux aarch64' | 'Linux arm64') echo aarch64-unknown-linux-gnu ;;
  *) return 1 ;;
  esac
}

# Fetches the release's archive and takes nothing from it before its checksum is right.
download() { # TAG
  case $1 in
  *[!A-Za-z0-9.+-]* | -*) fail "version: '$1' is no tag of a release; v1.2.3 would be one, and build builds it here" ;;
  esac
  target=$(target) || fail "no binary is released for $(uname -s) $(uname -m): use version: build"
  archive=breakfix-$target.tar.gz
  from=${GITHUB_SERVER_URL:-https://github.com}/${ACTION_REPOSITORY:?}/releases/download/$1
  parts=$(mktemp -d "$RUNNER_TEMP/breakfix.XXXXXX")
  for part in "$archive" "$archive.sha256"; do
    curl --fail --silent --show-error --location --retry 3 --output "$parts/$part" "$from/$part" ||
      fail "failed to fetch $from/$part: is there a release $1?"
  done
  (cd "$parts" && sha256sum --check --strict --quiet "$archive.sha256") ||
    fail "$from/$archive is not what its checksum says"
  mkdir -p "$bin"
  tar -xzf "$parts/$archive" -C "$bin" breakfix
  rm -r "$parts"
}

build() {
  command -v cargo >/dev/null || fail "to build breakfix the job needs Rust: https://rustup.rs"
  cargo install --locked --path "$GITHUB_ACTION_PATH" --root "$RUNNER_TEMP/breakfix"
}

use_given() {
  [ -f "$INPUT_BINARY" ] && [ -x "$INPUT_BINARY" ] || fail "binary: $INPUT_BINARY is no program"
  given=$(cd "$(dirname -- "$INPUT_BINARY")" && pwd)/$(basename -- "$INPUT_BINARY")
  mkdir -p "$bin"
  ln -sf -- "$given" "$bin/breakfix"
}

# A second use of the action in a job finds what the first one made, unless it asks for something else.
asked="${INPUT_BINARY:-} $(release)"
made=$RUNNER_TEMP/breakfix/made
if [ ! -x "$bin/breakfix" ] || [ ! -f "$made" ] || [ "$(cat "$made")" != "$asked" ]; then
  tag=$(release)
  if [ -n "${INPUT_BINARY:-}" ]; then
    use_given
  elif [ -n "$tag" ]; then
    download "$tag"
  else
    build
  fi
  printf '%s' "$asked" >"$made"
fi
printf '%s\n' "$bin" >>"$GITHUB_PATH"
"$bin/breakfix" --version
