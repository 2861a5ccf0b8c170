package challenge_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"certwright/internal/challenge"
	"certwright/internal/clock"
	"certwright/internal/must"
	"certwright/internal/outbound"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func means() challenge.Means {
	return challenge.Means{Clock: clock.Real{}, HTTP: outboundClient}
}

// file writes a file of the settings and returns its path.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	must.Do(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func solver(t *testing.T, s challenge.Settings) challenge.Solver {
	t.Helper()
	made, err := challenge.New(s, means())
	must.Do(t, err)
	return made
}

func signed(t *testing.T, n *nameServer) challenge.Settings {
	t.Helper()
	return challenge.Settings{
		Kind: "rfc2136", Server: n.Addr, Zone: "example.org",
		TSIGName: "certwright", TSIGAlgorithm: "hmac-sha512", TSIGSecretFile: file(t, keySecret+"\n"),
	}
}

const acmeName = "_acme-challenge.www.example.org."

func txt(value string) challenge.Record {
	return challenge.Record{Type: challenge.DNS01, Domain: "www.example.org", Name: acmeName, Value: value}
}

func token(name string) challenge.Record {
	return challenge.Record{Type: challenge.HTTP01, Domain: "www.example.org", Name: name, Value: name + ".thumb"}
}

func wantValues(t *testing.T, n *nameServer, name string, want ...string) {
	t.Helper()
	if got := n.values(name); !cmp.Equal(got, want, cmp.Transformer("nil", func(s []string) []string { return append([]string{}, s...) })) {
		t.Errorf("the name server has %q at %s, want %q", got, name, want)
	}
}

// A domain and its wildcard have two values at one name; each comes and goes by
// itself, however often it is asked for.
func TestValuesOfOneNameAreApart(t *testing.T) {
	t.Parallel()
	n := startNameServer(t)
	s := solver(t, signed(t, n))
	ctx := t.Context()
	for _, step := range []struct {
		do   func() error
		want []string
	}{
		{func() error { return s.Present(ctx, txt("base")) }, []string{"base"}},
		{func() error { return s.Present(ctx, txt("wild")) }, []string{"base", "wild"}},
		{func() error { return s.Present(ctx, txt("base")) }, []string{"base", "wild"}},
		{func() error { return s.Cleanup(ctx, txt("base")) }, []string{"wild"}},
		{func() error { return s.Cleanup(ctx, txt("base")) }, []string{"wild"}},
		{func() error { return s.Cleanup(ctx, txt("wild")) }, nil},
	} {
		must.Do(t, step.do())
		wantValues(t, n, acmeName, step.want...)
	}
	if ttl := n.timeToLive(acmeName); ttl != 60 {
		t.Errorf("time to live %d, want 60", ttl)
	}
}

func TestUpdatesAtTheSameTime(t *testing.T) {
	t.Parallel()
	n := startNameServer(t)
	s := solver(t, signed(t, n))
	var wg sync.WaitGroup
	values := []string{"a", "b", "c", "d", "e", "f"}
	for _, v := range values {
		wg.Go(func() {
			if err := s.Present(t.Context(), txt(v)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	wantValues(t, n, acmeName, values...)
}

func TestKeyStatementIsEnough(t *testing.T) {
	t.Parallel()
	n := startNameServer(t)
	s := solver(t, challenge.Settings{Kind: "rfc2136", Server: n.Addr, TSIGSecretFile: file(t,
		"# made by tsig-keygen\nkey \"certwright\" {\n\talgorithm hmac-sha384;\n\tsecret \""+keySecret+"\";\n};\n")})
	if err := s.Present(t.Context(), txt("v")); err != nil { // the zone is asked for too
		t.Fatal(err)
	}
	wantValues(t, n, acmeName, "v")
}

func TestUnsignedUpdates(t *testing.T) {
	t.Parallel()
	n := startNameServer(t)
	n.set(func() { n.open = true })
	s := solver(t, challenge.Settings{Kind: "rfc2136", Server: n.Addr, Zone: "example.org.", TTL: 5})
	must.Do(t, s.Present(t.Context(), txt("v")))
	wantValues(t, n, acmeName, "v")
	if ttl := n.timeToLive(acmeName); ttl != 5 {
		t.Errorf("time to live %d, want 5", ttl)
	}
}

func TestTCPFollows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tcp       bool
		mute, cut bool
	}{
		"no answer":     {mute: true},
		"a cut answer":  {cut: true},
		"always as set": {tcp: true, mute: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := startNameServer(t)
			n.set(func() { n.mute, n.cut = c.mute, c.cut })
			settings := signed(t, n)
			settings.TCP = c.tcp
			s := solver(t, settings)
			must.Do(t, s.Present(t.Context(), txt("v")))
			wantValues(t, n, acmeName, "v")
			if ok, _, err := s.Ready(t.Context(), txt("v"), noon, noon); !ok || err != nil {
				t.Errorf("Ready: %v, %v", ok, err)
			}
		})
	}
}

// What a name server says is told in plain words, and never the secret.
func TestUpdateFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*nameServer, *challenge.Settings)
		record challenge.Record
		want   string
	}{
		"wrong secret": {func(_ *nameServer, s *challenge.Settings) { s.TSIGSecretFile = file(t, wrongSecret) }, txt("v"),
			"has another secret for the TSIG key certwright (BADSIG)"},
		"unknown key": {func(_ *nameServer, s *challenge.Settings) { s.TSIGName = "stranger" }, txt("v"),
			"does not know the TSIG key stranger with this algorithm (BADKEY)"},
		"wrong clock": {func(n *nameServer, _ *challenge.Settings) { n.badTime = true }, txt("v"),
			"differ by more than 5 minutes (BADTIME)"},
		"no key": {func(_ *nameServer, s *challenge.Settings) { s.TSIGName, s.TSIGAlgorithm, s.TSIGSecretFile = "", "", "" }, txt("v"),
			"refuses to change the TXT record _acme-challenge.www.example.org. (REFUSED): its update policy must allow that to callers without a TSIG key"},
		"policy": {func(n *nameServer, _ *challenge.Settings) { n.rcode = dns.RcodeRefused }, txt("v"),
			"its update policy must allow that to the TSIG key certwright"},
		"other zone of the server": {func(n *nameServer, s *challenge.Settings) { s.Zone = "org" }, txt("v"),
			"is not the primary of zone org., or does not accept the TSIG key certwright (NOTAUTH)"},
		"not the zone": {func(n *nameServer, _ *challenge.Settings) { n.rcode = dns.RcodeNotZone }, txt("v"), "(NOTZONE)"},
		"no updates":   {func(n *nameServer, _ *challenge.Settings) { n.rcode = dns.RcodeNotImplemented }, txt("v"), "takes no dynamic updates"},
		"ill":          {func(n *nameServer, _ *challenge.Settings) { n.rcode = dns.RcodeServerFailure }, txt("v"), "answers SERVFAIL to the update of"},
		"odd":          {func(n *nameServer, _ *challenge.Settings) { n.rcode = 14 }, txt("v"), "answers code 14"},
		"unsigned answer": {func(n *nameServer, _ *challenge.Settings) { n.unsigned = true }, txt("v"),
			"did not sign its answer, so it cannot be believed"},
		"forged answer": {func(n *nameServer, _ *challenge.Settings) { n.forged = wrongSecret }, txt("v"),
			"signed its answer with another secret than that of the TSIG key certwright"},
		"outside the zone": {func(*nameServer, *challenge.Settings) {}, challenge.Record{Type: challenge.DNS01, Domain: "b.example", Name: "_acme-challenge.b.example.", Value: "v"},
			"_acme-challenge.b.example. is not in the zone example.org. of the solver's settings"},
		"no zone told": {func(_ *nameServer, s *challenge.Settings) { s.Zone = "" }, challenge.Record{Type: challenge.DNS01, Domain: "b.example", Name: "_acme-challenge.b.example.", Value: "v"},
			"write it as zone: in the solver's settings"},
		"zone refused": {func(n *nameServer, s *challenge.Settings) { s.Zone, n.queries[dns.TypeSOA] = "", dns.RcodeRefused }, txt("v"),
			"answers REFUSED when asked for SOA _acme-challenge.www.example.org."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := startNameServer(t)
			settings := signed(t, n)
			n.set(func() { c.change(n, &settings) })
			err := solver(t, settings).Present(t.Context(), c.record)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v\nwant one with %q", err, c.want)
			}
			if strings.Contains(err.Error(), keySecret) || strings.Contains(err.Error(), wrongSecret) {
				t.Errorf("the secret is in %v", err)
			}
		})
	}
}

func TestUnreachableNameServer(t *testing.T) {
	t.Parallel()
	n := startNameServer(t)
	settings := signed(t, n)
	settings.Server = "127.0.0.1:1"
	err := solver(t, settings).Present(t.Context(), txt("v"))
	if want := "the name server 127.0.0.1:1 cannot be asked: connect: connection refused"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// The secret's file is read anew, so that a new secret needs no restart.
func TestSecretIsReadAnew(t *testing.T) {
	t.Parallel()
	n := startNameServer(t)
	settings := signed(t, n)
	s := solver(t, settings)
	must.Do(t, os.WriteFile(settings.TSIGSecretFile, []byte(wrongSecret), 0o600))
	if err := s.Present(t.Context(), txt("v")); err == nil {
		t.Error("the old secret is still used")
	}
	must.Do(t, os.Remove(settings.TSIGSecretFile))
	if err := s.Present(t.Context(), txt("v")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want that the file is gone", err)
	}
}

func TestReadyAsksTheNameServers(t *testing.T) {
	t.Parallel()
	first, second := startNameServer(t), startNameServer(t)
	settings := signed(t, first)
	settings.Nameservers = []string{first.Addr, second.Addr}
	settings.Propagation = 5 * time.Second
	s := solver(t, settings)
	ready := func(now time.Time, want bool, wantAgain time.Duration) {
		t.Helper()
		got, again, err := s.Ready(t.Context(), txt("v"), noon, now)
		if err != nil || got != want || again != wantAgain {
			t.Errorf("Ready is %v, %v, %v; want %v, %v", got, again, err, want, wantAgain)
		}
	}
	tells := func(want string) {
		t.Helper()
		if got := s.(challenge.Teller).WaitsFor(t.Context(), txt("v")); got != want {
			t.Errorf("waits for %q, want %q", got, want)
		}
	}
	ready(noon, false, 5*time.Second)
	ready(noon.Add(-time.Hour), false, 5*time.Second) // a clock that was set back
	if first.count(&first.asked) != 0 {
		t.Error("the name server was asked before its time")
	}
	ready(noon.Add(5*time.Second), false, 1250*time.Millisecond)
	tells("the name server " + first.Addr + " to show the TXT record " + acmeName)
	must.Do(t, s.Present(t.Context(), txt("other")))
	must.Do(t, s.Present(t.Context(), txt("v")))
	ready(noon.Add(time.Hour), false, 30*time.Second)
	tells("the name server " + second.Addr + " to show the TXT record " + acmeName)
	second.set(func() { second.txt[acmeName] = []string{"v"} })
	ready(noon.Add(6*time.Second), true, 0)
	tells("")

	second.set(func() { second.queries[dns.TypeTXT] = dns.RcodeRefused })
	ok, _, err := s.Ready(t.Context(), txt("v"), noon, noon.Add(time.Minute))
	if want := "answers REFUSED when asked for TXT " + acmeName; ok || err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Ready is %v, %v; want an error with %q", ok, err, want)
	}
}

// Many values do not fit into one packet.
func TestReadyAmongManyValues(t *testing.T) {
	t.Parallel()
	for _, long := range []bool{false, true} {
		n := startNameServer(t)
		n.set(func() {
			n.long = long
			for range 100 {
				n.txt[acmeName] = append(n.txt[acmeName], strings.Repeat("x", 43))
			}
			n.txt[acmeName] = append(n.txt[acmeName], "v")
		})
		if ok, _, err := solver(t, signed(t, n)).Ready(t.Context(), txt("v"), noon, noon); !ok || err != nil {
			t.Errorf("too long for UDP %v: Ready is %v, %v", long, ok, err)
		}
	}
}

func TestCNAMEsAreFollowed(t *testing.T) {
	t.Parallel()
	n := startNameServer(t)
	n.set(func() {
		n.cname = map[string]string{acmeName: "hop.example.net.", "hop.example.net.": "www.acme.example.org."}
	})
	settings := signed(t, n)
	settings.FollowCNAME, settings.Resolver = true, n.Addr
	s := solver(t, settings)
	must.Do(t, s.Present(t.Context(), txt("v")))
	wantValues(t, n, "www.acme.example.org.", "v")
	wantValues(t, n, acmeName)
	if ok, _, err := s.Ready(t.Context(), txt("v"), noon, noon); !ok || err != nil {
		t.Errorf("Ready: %v, %v", ok, err)
	}
	must.Do(t, s.Cleanup(t.Context(), txt("v")))
	wantValues(t, n, "www.acme.example.org.")

	direct := txt("d")
	direct.Name = "_acme-challenge.api.example.org." // where no CNAME is
	must.Do(t, s.Present(t.Context(), direct))
	wantValues(t, n, direct.Name, "d")
}

func TestBadCNAMEs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		links map[string]string
		rcode int
		want  string
	}{
		"circle":  {map[string]string{acmeName: "b.example.org.", "b.example.org.": acmeName}, 0, "lead in a circle"},
		"itself":  {map[string]string{acmeName: acmeName}, 0, "lead in a circle"},
		"no host": {map[string]string{acmeName: `a\000b.example.org.`}, 0, "where no record can be published"},
		"ill":     {nil, dns.RcodeServerFailure, "answers SERVFAIL when asked for CNAME"},
		"long": {map[string]string{acmeName: "1.example.org.", "1.example.org.": "2.example.org.", "2.example.org.": "3.example.org.",
			"3.example.org.": "4.example.org.", "4.example.org.": "5.example.org.", "5.example.org.": "6.example.org.",
			"6.example.org.": "7.example.org.", "7.example.org.": "8.example.org.", "8.example.org.": "9.example.org."}, 0, "more than 8 CNAMEs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := startNameServer(t)
			n.set(func() { n.cname, n.queries[dns.TypeCNAME] = c.links, c.rcode })
			settings := signed(t, n)
			settings.FollowCNAME, settings.Resolver = true, n.Addr
			err := solver(t, settings).Present(t.Context(), txt("v"))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
			if n.count(&n.updates) != 0 {
				t.Error("something was published")
			}
		})
	}
}

func outboundClient(bundle string) (*http.Client, error) {
	c, err := outbound.New(bundle)
	if err != nil {
		return nil, err
	}
	return c.HTTP("solver"), nil
}
