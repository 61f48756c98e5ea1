# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
# Completion of shikiri for fish: the candidates come from `shikiri complete`, which asks the manager.
function __shikiri_complete
    set -l words (commandline -opc)
    $words[1] complete -- $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c shikiri -f -a '(__shikiri_complete)'
