package acme

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"certwright/internal/clock"
)

// directoryAge is how long a directory is believed.
const directoryAge = time.Hour

// memory is what a process need not learn twice. Losing it costs a few calls.
type memory struct {
	mu       sync.Mutex
	found    directory
	sessions map[string]session // by account
	limits   limits
}

func newMemory() *memory { return &memory{sessions: map[string]session{}} }

// forget makes the next step read the directory.
func (m *memory) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.found = directory{}
}

// A directory is what the authority offers.
type directory struct {
	acme.Directory
	stripped []byte // for the library: without renewalInfo
	version  string // of stripped
	reach    reach
	read     time.Time
}

// profiles names the profiles on offer.
func (d directory) profiles() []string {
	var names []string
	if d.Meta != nil {
		for name := range d.Meta.Profiles {
			names = append(names, name)
		}
	}
	return names
}

// directory asks the authority what it offers, once an hour.
func (i *Issuer) directory(ctx context.Context) (directory, error) {
	i.memory.mu.Lock()
	d := i.memory.found
	i.memory.mu.Unlock()
	now := clock.Real{}.Now()
	if d.version != "" && now.Sub(d.read) < directoryAge {
		return d, nil
	}
	d, err := i.fetchDirectory(ctx)
	if err != nil {
		return directory{}, err
	}
	d.read = now
	i.memory.mu.Lock()
	defer i.memory.mu.Unlock()
	i.memory.found = d
	return d, nil
}

func (i *Issuer) fetchDirectory(ctx context.Context) (d directory, err error) {
	ctx, heard := listen(ctx)
	body, err := i.get(ctx, heard, i.Settings.Directory)
	if err != nil {
		return d, fmt.Errorf("read the ACME directory: %w", err)
	}
	if json.Unmarshal(body, &d.Directory) != nil || d.NewNonce == "" || d.NewAccount == "" || d.NewOrder == "" {
		return d, fmt.Errorf("%s answers, but not with an ACME directory", i.Settings.Directory)
	}
	bare := d.Directory
	bare.RenewalInfo = ""
	if d.stripped, err = json.Marshal(bare); err != nil {
		return d, fmt.Errorf("write the directory: %w", err)
	}
	sum := sha256.Sum256(d.stripped)
	d.version, d.reach = hex.EncodeToString(sum[:8]), reachOf(i.Settings.Directory, d.Directory)
	if !d.reach[origin(d.RenewalInfo)] {
		d.RenewalInfo = ""
	}
	return d, nil
}

// get is a GET without an account, as RFC 8555 has it for the directory and
// RFC 9773 for renewal information.
func (i *Issuer) get(ctx context.Context, heard *lastAnswer, address string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	r.Header.Set("User-Agent", agent)
	answer, err := i.Client.HTTPWhere(i.Name, func(r *http.Request) bool { return r.URL.String() == i.Settings.Directory }).Do(r)
	if err != nil {
		return nil, heard.trouble(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, heard.trouble(err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, heard.trouble(fmt.Errorf("%s answered %s", r.URL.Host, answer.Status))
	}
	return body, nil
}

// library is the round trip below the library. It answers the library's own
// question for the directory, which carries a fragment, with what we read: the
// library would keep all its other calls waiting meanwhile, believe the answer
// for twelve hours, and ask for renewal information with every download.
type library struct {
	directory []byte
	reach     reach
	next      http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (l library) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet || r.URL.Fragment == "" {
		if err := l.reach.check(r.URL); err != nil {
			return nil, err
		}
		answer, err := l.next.RoundTrip(r)
		if err == nil {
			note(r.Context(), answer.StatusCode)
		}
		return answer, err
	}
	return &http.Response{Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(bytes.NewReader(l.directory)), ContentLength: int64(len(l.directory))}, nil
}
