package seal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"certwright/internal/child"
	"certwright/internal/setting"
)

// ExecSettings name a program that holds the key, or knows who does. It is run
// for each use without a shell, reads one JSON object and writes one
// (docs/keys-at-rest.md).
type ExecSettings struct {
	Command []string
	Name    string   // names the key; "" means the program's name
	Env     []string // names of variables that the program gets beside PATH
}

// Fields implements setting.Settings.
func (s *ExecSettings) Fields() []setting.Field {
	return []setting.Field{
		setting.Texts("command", &s.Command),
		setting.Text("name", &s.Name),
		setting.Texts("env", &s.Env),
	}
}

var keyName = regexp.MustCompile(`^[\w][\w./:@-]{0,199}$`)

// Check implements opener.
func (s *ExecSettings) Check() (wrong []error) {
	if len(s.Command) == 0 || s.Command[0] == "" {
		wrong = append(wrong, errors.New("command is missing: a program and its arguments, as in [/usr/local/bin/kms, certwright]"))
	}
	if s.Name != "" && !keyName.MatchString(s.Name) {
		wrong = append(wrong, fmt.Errorf("name: %q must be letters, digits, '_', '-', '.', '/', ':' and '@', at most 200", s.Name))
	}
	return wrong
}

// A helper is a key behind a program.
type helper struct {
	ExecSettings
	limit time.Duration
}

const helperTime = 10 * time.Second

func (s *ExecSettings) open() (KEK, error) {
	if _, err := exec.LookPath(s.Command[0]); err != nil {
		return nil, fmt.Errorf("command: %w", err)
	}
	return &helper{*s, helperTime}, nil
}

// ID implements KEK.
func (h *helper) ID() string {
	if h.Name != "" {
		return "exec:" + h.Name
	}
	return "exec:" + filepath.Base(h.Command[0])
}

// What is written to the program, and what it writes.
type (
	helperAsk struct {
		Op   string `json:"op"` // wrap or unwrap
		AD   []byte `json:"ad"`
		Data []byte `json:"data"`
	}
	helperAnswer struct {
		Data  []byte `json:"data"`
		Error string `json:"error"` // it will not do it, whenever it is asked
	}
)

// Wrap implements KEK.
func (h *helper) Wrap(ctx context.Context, plain, ad []byte) ([]byte, error) {
	return h.run(ctx, helperAsk{"wrap", ad, plain})
}

// Unwrap implements KEK.
func (h *helper) Unwrap(ctx context.Context, wrapped, ad []byte) ([]byte, error) {
	return h.run(ctx, helperAsk{"unwrap", ad, wrapped})
}

func (h *helper) run(ctx context.Context, ask helperAsk) ([]byte, error) {
	text, err := json.Marshal(ask)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, h.limit)
	defer cancel()
	said, told := &child.Head{Left: 4 * maxWrapped}, &child.Head{Left: 2000}
	c := child.Command(limited, h.Command, h.variables()...)
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(text), said, told
	switch err := child.Run(c); {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%w: the program %s was interrupted", ErrUnavailable, c.Path)
	case limited.Err() != nil:
		return nil, fmt.Errorf("%w: the program %s did not end within %v and was killed", ErrUnavailable, c.Path, h.limit)
	case err != nil:
		return nil, fmt.Errorf("%w: the program %s ended with %w%s", ErrUnavailable, c.Path, err, words(string(told.Text), ask))
	}
	return h.read(c.Path, said, ask)
}

// read takes the answer of a program that ended well.
func (h *helper) read(path string, said *child.Head, ask helperAsk) ([]byte, error) {
	var answer helperAnswer
	switch err := json.Unmarshal(said.Text, &answer); {
	case said.Over:
		return nil, fmt.Errorf("the program %s answered more than %d bytes", path, len(said.Text))
	case err != nil:
		return nil, fmt.Errorf("the program %s did not answer with a JSON object", path)
	case answer.Error != "":
		return nil, fmt.Errorf("the program %s refused to %s%s", path, ask.Op, words(answer.Error, ask))
	case len(answer.Data) == 0:
		return nil, fmt.Errorf("the program %s answered without data", path)
	}
	return answer.Data, nil
}

func (h *helper) variables() (env []string) {
	for _, name := range h.Env {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// words are what a program said, on one line, without what it was given: a
// program that falls over may show its input.
func words(text string, ask helperAsk) string {
	const longest = 300
	line := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if line = strings.Join(strings.Fields(line), " "); line == "" {
		return ""
	}
	data, _ := json.Marshal(ask.Data) // in base64, as it was given; always encodes
	if bare := strings.Trim(string(data), `"`); strings.Contains(line, bare[:min(len(bare), 24)]) || strings.Contains(text, string(ask.Data)) {
		return ", and what it said is not shown: it repeats what it was given"
	}
	if len(line) > longest {
		line = strings.ToValidUTF8(line[:longest], "") + " ..."
	}
	return ", and says: " + line
}
