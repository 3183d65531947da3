trap() {
    if [[ $BASH_SUBSHELL != 0 ]]; then
        if [[ "$*" == "-p EXIT" && -n $__breakfix_trap ]]; then
            builtin printf 'trap -- %q EXIT\n' "$__breakfix_trap"
            return
        fi
        builtin trap "$@"
        return
    fi
    builtin local __breakfix_action __breakfix_signal __breakfix_failed=0
    if [[ $# == 0 || $1 == -[lp]* ]]; then
        builtin trap -- "${__breakfix_trap:--}" EXIT
        builtin trap "$@" || __breakfix_failed=$?
        builtin trap -- '__breakfix_exit "$?" "$@"' EXIT
        return "$__breakfix_failed"
    fi
    [[ $1 == -- ]] && shift
    if [[ $# == 1 || $1 == [0-9] || $1 == [0-9][0-9] ]]; then
        set -- - "$@"
    fi
    __breakfix_action=$1
    shift
    for __breakfix_signal in "$@"; do
        case $__breakfix_signal in
        EXIT | exit | SIGEXIT | 0)
            __breakfix_trap=$__breakfix_action
            [[ $__breakfix_action != - ]] || __breakfix_trap=
            ;;
        *) builtin trap -- "$__breakfix_action" "$__breakfix_signal" || __breakfix_failed=$? ;;
        esac
    done
    return "$__breakfix_failed"
}
__breakfix_status() { return "$1"; }
__breakfix_report() {
    builtin local __breakfix_said="done $1 $2 ${3:--} $4" __breakfix_control="$5"
    builtin shift 5
    [[ $# == 0 ]] || builtin printf '\0secret %s\0' "$@" >&"$__breakfix_control"
    builtin compgen -v -X '!*_[TPStps][OAEoae]*' >&"$__breakfix_control" || :
    builtin printf '\0%s\0' "$__breakfix_said" >&"$__breakfix_control"
}
__breakfix_save() {
    {
        builtin printf 'builtin cd -- %q\n' "$PWD"
        builtin shopt -p || :
        builtin declare -p
        builtin declare -f
        builtin declare -F
        builtin alias -p
        builtin umask -p
        builtin trap -p
        if [[ $# != 0 ]]; then
            builtin printf 'set --'
            builtin printf ' %q' "$@"
            builtin printf '\n'
        fi
        builtin set +o
        builtin printf '%s\n' __breakfix_restored=1
    } >|"$__breakfix_state" 2>/dev/null || :
}
__breakfix_exit() {
    builtin local __breakfix_code="$1" __breakfix_author="$__breakfix_trap"
    shift
    __breakfix_trap=
    if [[ -n $__breakfix_author ]]; then
        __breakfix_save "$@"
        if __breakfix_status "$__breakfix_code"; then
            builtin eval "$__breakfix_author"
        else
            builtin eval "$__breakfix_author"
        fi || :
    fi
    __breakfix_save "$@"
}
__breakfix_hook() {
    if [[ $# == 4 ]]; then
        builtin local -x TEST_OUTPUT TEST_OUTPUT_FILE="$3"
        IFS= builtin read -r -d '' TEST_OUTPUT <"$4" || :
    fi
    "$BASH" "$1" "$2"
}
