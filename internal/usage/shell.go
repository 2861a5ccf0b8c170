package usage

import (
	_ "embed" // the scripts
	"fmt"
)

// Words is the hidden command that the scripts ask for what may stand next. It
// prints a word on each line, a tab and what it means; Files alone on a line is
// for the names of files.
const (
	Words = "__complete"
	Files = ":files"
)

var (
	//go:embed shells/bash
	bash string
	//go:embed shells/zsh
	zsh string
	//go:embed shells/fish
	fish string
	//go:embed shells/powershell
	powershell string
)

// Script is what a shell reads to complete command lines of the program.
func Script(shell string) (string, error) {
	script, ok := map[string]string{"bash": bash, "zsh": zsh, "fish": fish, "powershell": powershell, "pwsh": powershell}[shell]
	if !ok {
		return "", fmt.Errorf("there is no completion for %s", shell)
	}
	return script, nil
}
