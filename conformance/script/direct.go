package script

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// direct carries out a directive. The list of them is in conformance/README.md.
func (r *run) direct(raw []string) error {
	w := make([]string, len(raw))
	for i, s := range raw {
		w[i] = r.fill(s)
		if h := holeWithin.FindString(w[i]); h != "" && raw[0] != "forget" {
			return fmt.Errorf("%s is not bound yet", h)
		}
	}
	switch w[0] {
	case "vault":
		return r.directVault(w[1:])
	case "advance":
		return r.advance(w[1:])
	case "watch":
		return each(w[1:], r.watch)
	case "unwatch":
		r.order, r.watched = nil, map[string]string{}
		return nil
	case "forget":
		return each(w[1:], func(name string) error { delete(r.vars, name); return nil })
	case "issuer":
		return r.issuer(w[1:])
	case "let":
		return r.let(w[1:])
	case "expect":
		return r.expect(w[1:])
	case "file":
		return r.file(w[1:])
	case "sign":
		return r.sign(w[1:])
	case "make":
		return r.make(w[1:])
	case "decode":
		return r.decode(w[1:])
	case "open":
		return r.open(w[1:])
	}
	return fmt.Errorf("there is no directive %q", w[0])
}

func each(words []string, do func(string) error) error {
	if len(words) == 0 {
		return fmt.Errorf("it needs a word more")
	}
	for _, w := range words {
		if err := do(w); err != nil {
			return err
		}
	}
	return nil
}

// directVault enters another vault of the script: "vault other"; "vault main" is the way back.
func (r *run) directVault(w []string) error {
	if len(w) != 1 {
		return fmt.Errorf("write: vault NAME")
	}
	home, _, _ := strings.Cut(r.vars["vault"].(string), "--")
	if w[0] == "main" {
		return r.enter(home)
	}
	return r.enter(home + "--" + w[0])
}

// advance moves the server's clock; it answers once all that fell due is done.
func (r *run) advance(w []string) error {
	if len(w) != 1 {
		return fmt.Errorf("write: advance 5s")
	}
	body, _ := json.Marshal(map[string]string{"advance": w[0]})
	req, err := http.NewRequestWithContext(r.ctx, "POST", r.Side+"/admin/clock", strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := r.Client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", resp.Status, text)
	}
	return nil
}

// issuer registers an issuer whose script stands in its account id: issuer NAME "SCRIPT".
func (r *run) issuer(w []string) error {
	if len(w) != 2 {
		return fmt.Errorf(`write: issuer NAME "SCRIPT"`)
	}
	body, _ := json.Marshal(map[string]any{"provider": "DigiCert", "credentials": map[string]string{"account_id": w[1]}})
	got, err := r.send(&Request{Method: "PUT", URL: "/certificates/issuers/" + w[0] + "?api-version=7.4", Body: string(body)})
	if err != nil {
		return err
	}
	if got.status != http.StatusOK {
		return fmt.Errorf("%d %s", got.status, got.raw)
	}
	return nil
}

// let binds a variable: let NAME = VALUE, or let NAME = VALUE * N for a long one.
func (r *run) let(w []string) error {
	if len(w) < 3 || w[1] != "=" {
		return fmt.Errorf("write: let NAME = VALUE")
	}
	if len(w) == 5 && w[3] == "*" {
		n, err := strconv.Atoi(w[4])
		if err != nil {
			return err
		}
		r.vars[w[0]] = strings.Repeat(w[2], n)
		return nil
	}
	v, err := sum(w[2:])
	if err != nil {
		r.vars[w[0]] = strings.Join(w[2:], " ")
		return nil
	}
	r.vars[w[0]] = json.Number(strconv.FormatInt(v, 10))
	return nil
}

// expect compares two texts, or two sums of numbers: expect {exp} - {nbf} = 600.
func (r *run) expect(w []string) error {
	for i, op := range w {
		if op != "=" && op != "!=" && op != ">=" {
			continue
		}
		if i == 0 || i == len(w)-1 {
			break
		}
		left, right := w[:i], w[i+1:]
		a, errA := sum(left)
		b, errB := sum(right)
		ok := false
		switch {
		case errA == nil && errB == nil:
			ok = map[string]bool{"=": a == b, "!=": a != b, ">=": a >= b}[op]
		case op == ">=":
			return fmt.Errorf("%v and %v are no numbers", left, right)
		default:
			ok = (strings.Join(left, " ") == strings.Join(right, " ")) == (op == "=")
		}
		if !ok {
			return fmt.Errorf("got %s, which is not %s %s", shorten(strings.Join(left, " ")), op, shorten(strings.Join(right, " ")))
		}
		return nil
	}
	return fmt.Errorf("write: expect A = B, A != B or A >= B")
}

// sum adds up "3 + 4 - 5".
func sum(w []string) (int64, error) {
	if len(w)%2 == 0 {
		return 0, fmt.Errorf("%v is no sum", w)
	}
	total := int64(0)
	for i := 0; i < len(w); i += 2 {
		n, err := strconv.ParseInt(w[i], 10, 64)
		if err != nil {
			return 0, err
		}
		switch {
		case i == 0 || w[i-1] == "+":
			total += n
		case w[i-1] == "-":
			total -= n
		default:
			return 0, fmt.Errorf("%q is neither + nor -", w[i-1])
		}
	}
	return total, nil
}

// file binds the content of a file that lies beside the script: file NAME = PATH.
func (r *run) file(w []string) error {
	if len(w) != 3 || w[1] != "=" {
		return fmt.Errorf("write: file NAME = PATH")
	}
	b, err := os.ReadFile(filepath.Join(filepath.Dir(r.script.File), w[2]))
	if err != nil {
		return err
	}
	r.vars[w[0]] = string(b)
	return nil
}
