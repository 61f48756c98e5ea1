# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
# Completion of shikiri for bash: the candidates come from `shikiri complete`, which asks the manager.
_shikiri()
{
    local line=${COMP_LINE:0:COMP_POINT} IFS=$'\n' current candidate
    local -a words
    COMPREPLY=()
    # bash cuts words at '=' and ':'; the program wants them whole.
    IFS=$' \t\n' read -r -a words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    current=${words[${#words[@]} - 1]}
    local before=${current%"${current##*[=:]}"}
    while IFS= read -r candidate; do
        COMPREPLY+=("$(printf '%q' "${candidate#"$before"}")")
    done < <("${words[0]}" complete -- "${words[@]:1}" 2>/dev/null)
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
    return 0
}
complete -F _shikiri shikiri
