package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

// completionScripts hook a shell's completion to the program's own: the program lists what may follow when it is called with
// --generate-bash-completion at the end.
var completionScripts = map[string]string{
	"bash": `_fleetaudit() {
  local IFS=$'\n'
  COMPREPLY=($(compgen -W "$("${COMP_WORDS[@]:0:$COMP_CWORD}" --generate-bash-completion 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _fleetaudit fleetaudit
`,
	"zsh": `#compdef fleetaudit
_fleetaudit() {
  local -a opts
  opts=("${(@f)$("${words[@]:0:$((CURRENT-1))}" --generate-bash-completion 2>/dev/null)}")
  _describe 'values' opts
}
compdef _fleetaudit fleetaudit
`,
	"fish": `complete -c fleetaudit -f -a '(set -l w (commandline -opc); $w --generate-bash-completion 2>/dev/null)'
`,
}

func completionCommand(w *world) *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print the completion script of a shell (bash, zsh, fish)",
		ArgsUsage: "SHELL",
		BashComplete: func(*cli.Context) {
			fmt.Fprintln(w.stdout, "bash\nfish\nzsh")
		},
		Action: func(c *cli.Context) error {
			shell, err := oneArg(c, "bash, zsh or fish")
			if err != nil {
				return err
			}
			script, ok := completionScripts[shell]
			if !ok {
				return usagef("no completion for the shell %q; there is for bash, zsh and fish", shell)
			}
			_, err = fmt.Fprint(w.stdout, script)
			return err
		},
	}
}
