#!/bin/sh
# Runs breakfix as the action's inputs say, annotates lines, writes the job's summary, and exits as breakfix does.
#
# Reads INPUT_COMMAND, INPUT_PATHS, INPUT_ARGS and INPUT_REPORT_DIR, and what GitHub sets: GITHUB_WORKSPACE,
# GITHUB_OUTPUT, GITHUB_STEP_SUMMARY. An input is data, never code.
set -eu

# Ends with a message that GitHub shows.
fail() {
  printf '::error title=breakfix::%s\n' "$(printf '%s' "$1" | sed 's/%/%25/g' | tr '\r\n' '  ')"
  printf 'exit-code=2\n' >>"$GITHUB_OUTPUT"
  exit 2
}

# What a lab prints must not be taken for a command to GitHub, so that none is until we say so again.
quietly() {
  token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  printf '::stop-commands::%s\n' "$token"
  quiet_exit=0
  "$@" || quiet_exit=$?
  printf '\n::%s::\n' "$token"
  return "$quiet_exit"
}

with_lab_reports() { # ARGUMENT...
  quietly breakfix run --report "json=$report" --report "junit=$reports/junit.xml" --report "timing=$reports/timing.json" \
    --report summary --report "github=$reports/annotations.txt" "$@" || exit_code=$?
  [ ! -f "$reports/annotations.txt" ] || cat "$reports/annotations.txt"
}

# Three times the same, in a tenth of a second each: for people, for code scanning, for the lines.
with_lint_reports() {
  quietly breakfix lint "$@" || exit_code=$?
  breakfix lint --format sarif "$@" >"$report" || true
  breakfix lint --format github "$@" || true
}

with_document() { # VERB ARGUMENT...
  verb=$1
  shift
  breakfix "$verb" --format json "$@" >"$report" || exit_code=$?
  if [ "$verb" = plan ]; then
    quietly breakfix plan "$@" || true
  else
    quietly cat "$report"
  fi
}

case $INPUT_COMMAND in
run) report=report.json ;;
lint) report=lint.sarif ;;
plan | prove) report=$INPUT_COMMAND.json ;;
*) fail "command: '$INPUT_COMMAND' is none of run, lint, plan, prove" ;;
esac

cd "$GITHUB_WORKSPACE"
reports=$INPUT_REPORT_DIR
case $reports in
'') fail "report-dir: it is empty" ;;
-* | *'
'*) fail "report-dir: '$reports' is no place for reports" ;;
esac
mkdir -p "$reports"
report=$reports/$report

# An argument for each line that is not empty; paths stand behind `--`, so that none is taken for an option.
set --
while IFS= read -r line; do
  [ -z "$line" ] || set -- "$@" "$line"
done <<END
$INPUT_ARGS
END
if [ "$INPUT_COMMAND" = prove ] && { [ -z "$INPUT_PATHS" ] || [ "$INPUT_PATHS" = . ]; }; then
  set -- "$@" --all
else
  set -- "$@" --
  while IFS= read -r line; do
    [ -z "$line" ] || set -- "$@" "$line"
  done <<END
$INPUT_PATHS
END
fi

exit_code=0
case $INPUT_COMMAND in
run) with_lab_reports "$@" ;;
lint) with_lint_reports "$@" ;;
*) with_document "$INPUT_COMMAND" "$@" ;;
esac

printf 'exit-code=%s\n' "$exit_code" >>"$GITHUB_OUTPUT"
# breakfix writes no report when its command line makes no sense.
[ ! -s "$report" ] || printf 'report=%s\n' "$report" >>"$GITHUB_OUTPUT"
exit "$exit_code"
