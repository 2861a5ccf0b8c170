// Package ask asks a person at a terminal, where there is one: a line, one of
// several, a secret that is not shown. Questions go to stderr. Begin with At.
package ask

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"certwright/internal/print"
)

// A Person answers questions on a terminal.
type Person struct {
	to print.Streams
	in *bufio.Reader
}

// At returns the person at the terminal; nil if there is none.
func At(to print.Streams) *Person {
	if !print.IsTerminal(to.In) {
		return nil
	}
	return &Person{to, bufio.NewReader(to.In)}
}

// ErrNoAnswer is the error of a question that nobody answered.
var ErrNoAnswer = errors.New("there was no answer")

// Line asks for a line; usual is taken for an empty one.
func (p *Person) Line(question, usual string) (string, error) {
	if usual != "" {
		question += " [" + usual + "]"
	}
	fmt.Fprint(p.to.Err, question+": ")
	text, err := p.in.ReadString('\n')
	if text = strings.TrimSpace(text); err != nil && (text == "" || !errors.Is(err, io.EOF)) {
		return "", ErrNoAnswer
	}
	if text == "" {
		text = usual
	}
	return text, nil
}

// Say says something before a question.
func (p *Person) Say(text string) { fmt.Fprintln(p.to.Err, text) }

// OneOf asks for one of some, by a number, a name or the beginning of a name.
func (p *Person) OneOf(question string, all []string, usual string) (string, error) {
	for i, s := range all {
		fmt.Fprintf(p.to.Err, "  %d  %s\n", i+1, print.Plain(s))
	}
	for {
		text, err := p.Line(question, usual)
		if err != nil {
			return "", err
		}
		if found := chosen(all, text); found != "" {
			return found, nil
		}
		fmt.Fprintf(p.to.Err, "%q is none of them\n", text)
	}
}

func chosen(all []string, text string) string {
	var n int
	if _, err := fmt.Sscanf(text, "%d", &n); err == nil && n >= 1 && n <= len(all) && fmt.Sprint(n) == text {
		return all[n-1]
	}
	if i := slices.IndexFunc(all, func(s string) bool { return strings.EqualFold(s, text) }); i >= 0 {
		return all[i]
	}
	found := ""
	for _, s := range all {
		if len(text) > 0 && len(s) >= len(text) && strings.EqualFold(s[:len(text)], text) {
			if found != "" {
				return "" // two begin so
			}
			found = s
		}
	}
	return found
}

// Secret asks for a line that is not shown.
func (p *Person) Secret(question string) (string, error) {
	f, ok := p.to.In.(*os.File)
	if !ok {
		return p.Line(question, "")
	}
	fmt.Fprint(p.to.Err, question+": ")
	text, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(p.to.Err)
	if err != nil {
		return "", ErrNoAnswer
	}
	return string(text), nil
}

// Password reads one from a file, or asks for it; "" without either.
func Password(to print.Streams, file, question string) (string, error) {
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return strings.TrimRight(string(text), "\r\n"), nil
	}
	if p := At(to); p != nil {
		return p.Secret(question)
	}
	return "", nil
}
