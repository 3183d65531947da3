#!/usr/bin/env bash
# Hook of the step that names it: `before` looks at the state that the step begins with, `after` at what came of it.
# What fails says on stderr what it saw.
set -Eeuo pipefail

say() {
  printf 'hook-@NAME@: %s\n' "$*" >&2
}

before() {
  local found
  found=$(kubectl get configmap greeting --ignore-not-found --output=name) || { say "could not look for the config map"; return 1; }
  [[ -z $found ]] || { say "expected no config map greeting, saw $found"; return 1; }
}

after() {
  local text
  text=$(kubectl get configmap greeting --output=jsonpath='{.data.text}') || { say "could not read the config map greeting"; return 1; }
  [[ $text == hello ]] || { say "expected the text hello in the config map greeting, saw: $text"; return 1; }
}

"$@"
