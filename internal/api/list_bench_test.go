//go:build unix

package api

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"syscall"
	"testing"

	"certwright/internal/must"
)

// BenchmarkList reads pages of 25 of what belongs to certificates, and of as many
// secrets of their own.
func BenchmarkList(b *testing.B) {
	g := newRig(b)
	g.handler.Observe = nil
	for i := range 500 {
		name := fmt.Sprint("c-", i)
		g.must(202, "POST", "/certificates/"+name+"/create", selfPolicy)
		g.must(200, "GET", "/certificates/"+name, "")
		g.must(200, "PUT", "/secrets/s-"+fmt.Sprint(i), `{"value":"x"}`)
	}
	for _, kind := range []string{"certificates", "keys", "secrets"} {
		b.Run(kind, func(b *testing.B) { g.timed(b, request("GET", "/"+kind+"?api-version=7.4", "")) })
	}
}

// BenchmarkGetCold reads certificates that were not read for long.
func BenchmarkGetCold(b *testing.B) {
	g := newRig(b)
	g.handler.Observe = nil
	const n = 3000
	all := make([]*http.Request, n)
	for i := range all {
		path := fmt.Sprint("/certificates/c-", i)
		g.must(202, "POST", path+"/create", selfPolicy)
		g.must(200, "GET", path, "")
		all[i] = request("GET", path+"?api-version=7.4", "")
	}
	rand.Shuffle(n, func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, part := range []string{"", "/pending"} {
		b.Run("certificates"+part, func(b *testing.B) {
			for _, r := range all {
				r.URL.Path += part
			}
			g.timed(b, all...)
		})
	}
}

// timed has the handler answer requests one after the other, with nothing rendered
// when it begins anew with several, and reports the CPU of each, which other work on the
// machine does not change much.
func (g *rig) timed(b *testing.B, all ...*http.Request) {
	b.ReportAllocs()
	var was, is syscall.Rusage
	must.Do(b, syscall.Getrusage(syscall.RUSAGE_SELF, &was))
	for i := 0; b.Loop(); i++ {
		if len(all) > 1 && i%len(all) == 0 {
			g.handler.rendered = newRenderings()
		}
		g.handler.ServeHTTP(nowhere{http.Header{}}, all[i%len(all)])
	}
	must.Do(b, syscall.Getrusage(syscall.RUSAGE_SELF, &is))
	b.ReportMetric(float64(is.Utime.Nano()+is.Stime.Nano()-was.Utime.Nano()-was.Stime.Nano())/float64(b.N)/1000, "cpu-us/op")
}
