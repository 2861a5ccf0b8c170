package script

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// A Script is one file of steps that run in order in a vault of their own.
type Script struct {
	File  string
	Steps []Step
}

// A Step is one request with its expected answer, or one directive.
type Step struct {
	Line    int
	Why     string // the comment lines above it
	Request *Request
	Answer  *Answer
	Words   []string // a directive, such as "advance 5s"; nil for a request
	Repeat  *Repeat
}

// A Repeat runs its step once for every number, bound to a variable.
type Repeat struct {
	Name     string
	From, To int
	Width    int // digits, filled with zeros
}

// A Request is what a step sends; every part may hold {variables}.
type Request struct {
	Method, URL string
	Headers     [][2]string
	Body        string
}

// An Answer is what must come back: exactly these members, unless the
// pattern says "...".
type Answer struct {
	Status  int
	Headers [][2]string
	Body    node // nil: no body
	AnyBody bool
}

var (
	methodLine = regexp.MustCompile(`^(GET|PUT|POST|PATCH|DELETE|HEAD|OPTIONS|PURGE) (\S+)$`)
	headerLine = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*): ?(.*)$`)
	refusal    = regexp.MustCompile(`^(\d{3}) ([A-Z][A-Za-z ]*?)(?: \[([A-Za-z]+)\])?: (.*)$`)
	repeatLine = regexp.MustCompile(`^repeat ([a-z][a-z0-9_]*) (\d+)\.\.(\d+)$`)
)

// ParseFile reads a script and the shapes that it includes.
func ParseFile(path string) (*Script, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, string(b))
}

// Parse reads a script. file is for messages, and for what it includes.
func Parse(file, text string) (*Script, error) {
	s := &Script{File: file}
	if err := s.parse(file, text, shapes{}); err != nil {
		return nil, err
	}
	if len(s.Steps) == 0 {
		return nil, fmt.Errorf("%s: no step in it", file)
	}
	return s, nil
}

func (s *Script) parse(file, text string, known shapes) error {
	for _, b := range blocks(text) {
		st := Step{Line: b.line, Why: strings.Join(b.comments, "\n")}
		if len(b.lines) == 0 {
			continue // a comment of its own belongs to no step
		}
		if taken, err := s.prepare(file, b, known); err != nil {
			return fmt.Errorf("%s:%d: %w", file, b.line, err)
		} else if taken {
			continue
		}
		if m := repeatLine.FindStringSubmatch(b.lines[0]); m != nil {
			from, _ := strconv.Atoi(m[2])
			to, _ := strconv.Atoi(m[3])
			st.Repeat = &Repeat{Name: m[1], From: from, To: to, Width: len(m[2])}
			b.lines, b.line = b.lines[1:], b.line+1
		}
		if len(b.lines) == 0 {
			return fmt.Errorf("%s:%d: repeat needs a step below it", file, b.line)
		}
		if err := st.read(b, known); err != nil {
			return fmt.Errorf("%s:%d: %w", file, b.line, err)
		}
		s.Steps = append(s.Steps, st)
	}
	return nil
}

// shapes are patterns with a name, which {name} stands for as a whole value.
type shapes map[string]node

// prepare takes the blocks that are no steps: "include FILE", and "shape NAME"
// with a pattern below it.
func (s *Script) prepare(file string, b block, known shapes) (bool, error) {
	verb, arg, _ := strings.Cut(b.lines[0], " ")
	switch {
	case verb == "include" && len(b.lines) == 1:
		path := filepath.Join(filepath.Dir(file), arg)
		text, err := os.ReadFile(path)
		if err != nil {
			return true, err
		}
		return true, s.parse(path, string(text), known)
	case verb == "shape" && len(b.lines) > 1:
		n, err := parsePattern(strings.Join(b.lines[1:], "\n"), known)
		known[arg] = n
		return true, err
	}
	return false, nil
}

// A block is a run of lines between empty ones; lines are without comments.
type block struct {
	line     int // of the first line that is no comment
	comments []string
	lines    []string
}

func blocks(text string) []block {
	var out []block
	var b block
	flush := func() {
		if len(b.lines)+len(b.comments) > 0 {
			out = append(out, b)
		}
		b = block{}
	}
	for i, l := range strings.Split(text, "\n") {
		l = strings.TrimRight(l, " \t\r")
		switch {
		case l == "":
			flush()
		case strings.HasPrefix(l, "#") && len(b.lines) == 0:
			b.comments = append(b.comments, strings.TrimSpace(strings.TrimPrefix(l, "#")))
		default:
			if len(b.lines) == 0 {
				b.line = i + 1
			}
			b.lines = append(b.lines, l)
		}
	}
	flush()
	return out
}

func (st *Step) read(b block, known shapes) error {
	m := methodLine.FindStringSubmatch(b.lines[0])
	if m == nil {
		if len(b.lines) > 1 {
			return fmt.Errorf("%q is no request, and a directive is one line: leave an empty line below it", b.lines[0])
		}
		words, err := split(b.lines[0])
		st.Words = words
		return err
	}
	cut := -1
	for i, l := range b.lines {
		if l == "---" {
			cut = i
		}
	}
	if cut < 0 || cut == len(b.lines)-1 {
		return fmt.Errorf("%s has no answer: put --- and a status below it", b.lines[0])
	}
	st.Request = &Request{Method: m[1], URL: m[2]}
	var rest []string
	st.Request.Headers, rest = headers(b.lines[1:cut])
	st.Request.Body = strings.Join(rest, "\n")
	var err error
	st.Answer, err = answer(b.lines[cut+1:], known)
	return err
}

func headers(lines []string) (h [][2]string, rest []string) {
	for i, l := range lines {
		m := headerLine.FindStringSubmatch(l)
		if m == nil {
			return h, lines[i:]
		}
		h = append(h, [2]string{m[1], m[2]})
	}
	return h, nil
}

func answer(lines []string, known shapes) (*Answer, error) {
	if m := refusal.FindStringSubmatch(lines[0]); m != nil {
		return refused(m, lines[1:])
	}
	status, err := strconv.Atoi(lines[0])
	if err != nil {
		return nil, fmt.Errorf("%q is no status; write 200, or 400 Code [Inner]: message", lines[0])
	}
	a := &Answer{Status: status}
	var rest []string
	a.Headers, rest = headers(lines[1:])
	switch body := strings.TrimSpace(strings.Join(rest, "\n")); body {
	case "":
	case "...":
		a.AnyBody = true
	default:
		a.Body, err = parsePattern(body, known)
	}
	return a, err
}

// refused spells out the short form of an error: status, code, inner code, message.
func refused(m []string, rest []string) (*Answer, error) {
	a := &Answer{}
	a.Status, _ = strconv.Atoi(m[1])
	var more []string
	if a.Headers, more = headers(rest); len(more) > 0 {
		return nil, fmt.Errorf("%q: the short form of an error has no body", more[0])
	}
	msg, err := pattern(strings.NewReplacer(`\r`, "\r", `\n`, "\n").Replace(m[4]))
	if err != nil {
		return nil, err
	}
	e := object{members: []member{{"code", literal{m[2]}}, {"message", msg}}}
	if m[3] != "" {
		e.members = append(e.members, member{"innererror", object{members: []member{{"code", literal{m[3]}}}}})
	}
	a.Body = object{members: []member{{"error", e}}}
	return a, nil
}

// split cuts a directive into words; "quotes" keep spaces together.
func split(line string) ([]string, error) {
	var words []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		if line[0] != '"' {
			w, rest, _ := strings.Cut(line, " ")
			words, line = append(words, w), rest
			continue
		}
		q, err := strconv.QuotedPrefix(line)
		if err != nil {
			return nil, fmt.Errorf("%s: a quote is not closed", line)
		}
		w, _ := strconv.Unquote(q)
		words, line = append(words, w), line[len(q):]
	}
	return words, nil
}
