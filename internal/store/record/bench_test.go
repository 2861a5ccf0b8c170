package record

import (
	"testing"

	"certwright/internal/store/storetest"
	"certwright/internal/vault"
)

// BenchmarkObject reads and writes the body of a certificate at rest, as it
// mostly is.
func BenchmarkObject(b *testing.B) {
	var o vault.Object
	storetest.Fill(b, &o)
	o.Operation.Staged, o.Operation.Issuer, o.Rotation, o.Placeholder = nil, nil, nil, nil
	for _, later := range []*vault.Later{&o.Later, &o.Policy.Later, &o.Operation.Later, &o.Operation.LaterStaged, &o.Schedule.Later} {
		*later = ""
	}
	*o.Policy = vault.Policy{Key: o.Policy.Key, X509: vault.X509Props{Subject: "CN=www.example.com", SANs: &vault.SANs{DNS: []string{"www.example.com"}}, EKUs: []string{"1.3.6.1.5.5.7.3.1"}},
		Lifetime: []vault.LifetimeAction{{Action: "AutoRenew"}}, Created: o.Created}
	o.Operation.Policy, o.Operation.Failure, o.Operation.Approval, o.Operation.History = *o.Policy, nil, nil, nil
	body, raw := Object(&o)
	b.Logf("%d bytes", len(body))
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			again := vault.Object{Ref: o.Ref}
			if err := FillObject(&again, body, raw); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Object(&o)
		}
	})
}
