//go:build unix

package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"certwright/internal/must"
	"certwright/internal/vault"
)

// certificateOf is about as large as one of P-256 with a chain of two.
func certificateOf(name string) (vault.Object, vault.Version) {
	v := record(400)
	v.Ref = ref(name)
	der := make([]byte, 700)
	v.Certificate = &vault.CertificateBody{Leaf: der, Chain: [][]byte{der, make([]byte, 600)}, Thumbprint: der[:20], Subject: "CN=" + name}
	v.Key = &vault.KeyBody{Type: vault.EC, Curve: vault.P256, Size: 256, Public: der[:91], Private: vault.Sealed(der[:180]), Operations: []string{"sign", "verify"}}
	p := vault.Policy{Issuer: vault.IssuerParams{Name: "Self"}}
	return vault.Object{Ref: v.Ref, Latest: v.ID, Policy: &p, Created: noon, Jobs: map[vault.JobKind]time.Time{vault.JobSchedule: noon}}, v
}

// What the seals of rows cost: a database that is bound beside one that is not
// (docs/measurements.md: at most 3 % of a create and of a cold GET).
func BenchmarkSeals(b *testing.B) {
	for _, kind := range []string{"none", "bound"} {
		s := open(b)
		cpu := func(b *testing.B, fn func(b *testing.B)) { // others' load counts less there than in time
			before := cpuTime(b)
			fn(b)
			b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "cpu-us/op")
		}
		if kind == "bound" {
			bound(b, s)
		}
		n := 0
		create := func(tx vault.Tx) error {
			o, v := certificateOf(fmt.Sprint("c", n))
			if n++; tx.PutObject(&o) != nil {
				return vault.ErrStale
			}
			return tx.PutVersion(v)
		}
		must.Do(b, s.Update(context.Background(), func(tx vault.Tx) (err error) {
			for range 2000 {
				err = errors.Join(err, create(tx))
			}
			return err
		}))
		b.Run("create, 100 in a commit/"+kind, func(b *testing.B) {
			cpu(b, func(b *testing.B) {
				for b.Loop() {
					if err := s.Update(context.Background(), func(tx vault.Tx) (err error) {
						for i := 0; i < 100 && err == nil; i++ {
							err = create(tx)
						}
						return err
					}); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
		b.Run("object and version/"+kind, func(b *testing.B) {
			cpu(b, func(b *testing.B) {
				i := 0
				for b.Loop() {
					at := ref(fmt.Sprint("c", i%n))
					i++
					if err := s.View(context.Background(), func(r vault.Reader) error {
						o, err := r.Object(at)
						if err == nil {
							_, err = r.Version(at, o.Latest)
						}
						return err
					}); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// cpuTime is what this process has used.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	must.Do(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
