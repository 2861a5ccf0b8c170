package script

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// A Target is the server that scripts are run against.
type Target struct {
	URL    string       // the vault door, such as https://127.0.0.1:8443; vaults are told apart by the Host header
	Side   string       // the side door, such as http://127.0.0.1:8080
	Client *http.Client // trusts the server; follows no redirects
}

// A run is one script on its way through one vault.
type run struct {
	*Target
	ctx    context.Context
	script *Script
	match
	host    string
	watched map[string]string // path -> what it last answered
	order   []string          // of the watched paths
}

// Run runs the script in the vault of that name, which must be a fresh one,
// and returns the first step that went wrong, told at length.
func (t *Target) Run(ctx context.Context, s *Script, vault string) error {
	r := &run{Target: t, ctx: ctx, script: s, watched: map[string]string{}, match: match{vars: map[string]any{}}}
	if err := r.enter(vault); err != nil {
		return err
	}
	for _, st := range s.Steps {
		if err := r.step(st); err != nil {
			return fmt.Errorf("%s:%d: %w", s.File, st.Line, err)
		}
	}
	return nil
}

// enter makes name the vault of the steps that follow.
func (r *run) enter(name string) error {
	u, err := url.Parse(r.URL)
	if err != nil {
		return err
	}
	suffix := "vault.localhost"
	if p := u.Port(); p != "" {
		suffix += ":" + p
	}
	r.host = name + "." + suffix
	r.vars["host"], r.vars["vault"], r.vars["suffix"] = r.host, name, suffix
	return nil
}

func (r *run) step(st Step) error {
	if st.Repeat == nil {
		return r.once(st)
	}
	for i := st.Repeat.From; i <= st.Repeat.To; i++ {
		r.vars[st.Repeat.Name] = fmt.Sprintf("%0*d", st.Repeat.Width, i)
		if err := r.once(st); err != nil {
			return fmt.Errorf("with %s %v: %w", st.Repeat.Name, r.vars[st.Repeat.Name], err)
		}
	}
	delete(r.vars, st.Repeat.Name)
	return nil
}

func (r *run) once(st Step) error {
	if st.Request == nil {
		if err := r.direct(st.Words); err != nil {
			return fmt.Errorf("%s: %w", strings.Join(st.Words, " "), err)
		}
		return nil
	}
	sent, err := r.request(st.Request)
	if err != nil {
		return err
	}
	got, err := r.send(sent)
	if err != nil {
		return fmt.Errorf("%s %s: %w", sent.Method, sent.URL, err)
	}
	r.judge(st.Answer, got)
	if got.status >= 400 {
		r.unchanged()
	}
	if len(r.diffs) > 0 {
		return r.complaint(st, sent, got)
	}
	return nil
}

// request fills a step's request with the variables.
func (r *run) request(q *Request) (*Request, error) {
	out := &Request{Method: q.Method, URL: r.fill(q.URL), Body: r.fillJSON(q.Body)}
	for _, h := range q.Headers {
		out.Headers = append(out.Headers, [2]string{h[0], r.fill(h[1])})
	}
	for _, s := range []string{out.URL, out.Body} {
		if h := holeWithin.FindString(s); h != "" {
			return nil, fmt.Errorf("%s is not bound yet", h)
		}
	}
	return out, nil
}

// fillJSON fills like fill, escaping for JSON strings where the hole stands in one.
func (r *run) fillJSON(s string) string {
	return holeWithin.ReplaceAllStringFunc(s, func(h string) string {
		v, ok := r.vars[holeWithin.FindStringSubmatch(h)[1]]
		if !ok {
			return h
		}
		text, isText := v.(string)
		if !isText {
			return plain(v)
		}
		b, _ := json.Marshal(text)
		return string(b[1 : len(b)-1])
	})
}

// A reply is an answer as it came.
type reply struct {
	status int
	header http.Header
	raw    []byte
	body   any // decoded; nil if there was none
	broken error
}

func (r *run) send(q *Request) (*reply, error) {
	target := q.URL
	if u, err := url.Parse(q.URL); err == nil && u.IsAbs() { // a link of an answer: back through our own door
		if strings.TrimSuffix(u.Host, ":443") != r.host {
			return nil, fmt.Errorf("the link leads to %s, not to %s", u.Host, r.host)
		}
		target = u.RequestURI()
	}
	var body io.Reader
	if q.Body != "" {
		body = strings.NewReader(q.Body)
	}
	req, err := http.NewRequestWithContext(r.ctx, q.Method, r.URL+target, body)
	if err != nil {
		return nil, err
	}
	req.Host = r.host
	req.Header.Set("Authorization", "Bearer script")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range q.Headers {
		if h[1] == "-" {
			req.Header.Del(h[0])
		} else {
			req.Header.Set(h[0], h[1])
		}
	}
	if h := req.Header.Get("Host"); h != "" {
		req.Host = h
		req.Header.Del("Host")
	}
	return r.receive(req)
}

func (r *run) receive(req *http.Request) (*reply, error) {
	resp, err := r.Client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	got := &reply{status: resp.StatusCode, header: resp.Header, raw: raw}
	if len(raw) > 0 {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		got.broken = d.Decode(&got.body)
	}
	return got, nil
}

// complaint tells what was sent, what came and what should have come.
func (r *run) complaint(st Step, sent *Request, got *reply) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", sent.Method, sent.URL)
	if st.Why != "" {
		fmt.Fprintf(&b, "  why:  %s\n", strings.ReplaceAll(st.Why, "\n", "\n        "))
	}
	if sent.Body != "" {
		fmt.Fprintf(&b, "  sent: %s\n", shorten(sent.Body))
	}
	fmt.Fprintf(&b, "  got:  %d %s\n", got.status, abbreviate(string(got.raw)))
	for _, d := range r.diffs {
		fmt.Fprintf(&b, "  %s\n", d)
	}
	r.diffs = nil
	return fmt.Errorf("%s", strings.TrimRight(b.String(), "\n"))
}

// abbreviate shortens the long base64 texts of an answer.
func abbreviate(s string) string {
	return longText.ReplaceAllStringFunc(s, func(t string) string {
		return t[:20] + "...(" + strconv.Itoa(len(t)) + ")"
	})
}
