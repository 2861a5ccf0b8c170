package quarter_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"certwright/conformance/fleet"
	"certwright/internal/certs"
	"certwright/internal/keys"
	"certwright/internal/renewal"
	"certwright/internal/vault"
)

const (
	day    = 24 * time.Hour
	length = 90 * day
	atOnce = 100 // certificates that are put in one transaction
)

// A stock is many certificates, each with one version, as the server itself left
// the one that they are made after.
type stock struct {
	object    vault.Object
	version   vault.Version
	authority certs.Authority // issued the versions that are to be renewed
	key       vault.KeyProps
	begin     time.Time
	many      int
}

// ask has a server make the certificate that the others are made after.
func (q *quarter) ask(m *fleet.Member) *stock {
	q.t.Helper()
	q.want(m, 200, "PUT", "/certificates/issuers/authority", map[string]any{"provider": "Test"})
	q.want(m, 202, "POST", "/certificates/pattern/create", map[string]any{"policy": map[string]any{
		"issuer":           map[string]any{"name": "authority"},
		"key_props":        map[string]any{"kty": "EC", "crv": "P-256", "exportable": true, "reuse_key": false},
		"x509_props":       map[string]any{"subject": "CN=pattern.example.test", "validity_months": 12},
		"lifetime_actions": []any{map[string]any{"trigger": map[string]any{"lifetime_percentage": 80}, "action": map[string]any{"action_type": "AutoRenew"}}},
	}})
	if got := q.want(m, 200, "GET", "/certificates/pattern/pending", nil).Text("status"); got != "completed" {
		q.t.Fatalf("the pattern is %s", got)
	}
	s := &stock{begin: q.fleet.Clock.Now(), many: q.many, key: vault.KeyProps{Type: vault.EC, Curve: vault.P256, Exportable: true}}
	store, _ := m.Kept()
	err := store.View(q.t.Context(), func(r vault.Reader) (err error) {
		if s.object, err = r.Object(vault.Ref{Vault: "default", Kind: vault.Certificates, Name: "pattern"}); err == nil {
			s.version, err = r.Version(s.object.Ref, s.object.Latest)
		}
		return err
	})
	if err == nil {
		s.authority, err = certs.NewAuthority("Authority of before", s.begin.Add(-3*365*day))
	}
	if err != nil {
		q.t.Fatal(err)
	}
	return s
}

// fill puts all certificates, by the writers of all servers.
func (q *quarter) fill(s *stock) {
	q.t.Helper()
	var next atomic.Int64
	var filling sync.WaitGroup
	for _, m := range q.fleet.Alive() {
		store, sealer := m.Kept()
		for range 2 { // one makes while the other puts
			filling.Go(func() {
				for {
					from := int(next.Add(atOnce)) - atOnce
					if from >= s.many {
						return
					}
					if err := s.put(q.t.Context(), store, sealer, from, min(from+atOnce, s.many)); err != nil {
						q.t.Error(err)
						return
					}
				}
			})
		}
	}
	filling.Wait()
	if q.t.Failed() {
		q.t.FailNow()
	}
}

func (s *stock) put(ctx context.Context, store vault.Store, sealer vault.Sealer, from, to int) error {
	objects, versions := make([]vault.Object, to-from), make([]vault.Version, to-from)
	for i := range objects {
		var err error
		if objects[i], versions[i], err = s.one(sealer, from+i); err != nil {
			return err
		}
	}
	return store.Update(ctx, func(tx vault.Tx) error {
		for i := range objects {
			o := objects[i]
			if err := tx.PutObject(&o); err != nil {
				return err
			}
			if err := tx.PutVersion(versions[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// due is when the renewal of the i-th certificate falls due: neighbours by
// name are none by date.
func (s *stock) due(i int) time.Time {
	const stride = 7_368_787 // a prime
	return s.begin.Add(time.Hour + time.Duration(float64(length-2*time.Hour)*float64(i*stride%s.many)/float64(s.many)))
}

// end is that of a tenth of the quarter.
func (s *stock) end(tenth int) time.Time { return s.begin.Add(length * time.Duration(tenth) / 10) }

// one is the i-th certificate.
func (s *stock) one(sealer vault.Sealer, i int) (o vault.Object, v vault.Version, err error) {
	made := s.due(i).Add(2*time.Minute - 365*day*80/100) // it is valid from ten minutes before it was made
	o, v = s.object, s.version
	o.Ref.Name = fmt.Sprintf("c%07d", i)
	v.Ref, v.ID = o.Ref, vault.NewID()
	policy, op, certificate, body, secret := *o.Policy, *o.Operation, *v.Certificate, *v.Key, *v.Secret
	policy.X509.Subject = "CN=" + o.Name + ".example.test"
	key, err := keys.New(s.key)
	if err != nil {
		return o, v, err
	}
	if op.CSR, err = certs.Request(key, policy.X509); err != nil {
		return o, v, err
	}
	leaf, err := s.authority.Issue(op.CSR, policy.X509.ValidityMonths, made)
	if err != nil {
		return o, v, err
	}
	read, err := certs.Parse(leaf)
	if err != nil {
		return o, v, err
	}
	certificate.Leaf, certificate.Chain = leaf, [][]byte{leaf, s.authority.Certificate}
	certificate.Thumbprint, certificate.Subject = certs.Thumbprint(leaf), read.Subject
	stored, err := key.Stored()
	if err != nil {
		return o, v, err
	}
	body.Public = stored.Public
	if body.Private, err = sealer.Seal(stored.Private, vault.Binding(o.Ref.As(vault.Keys), v.ID)); err != nil {
		return o, v, err
	}
	op.Ref, op.RequestID, op.Target, op.Created = o.Ref, vault.NewID(), v.ID, made
	v.Certificate, v.Key, v.Secret = &certificate, &body, &secret
	v.Attributes = vault.Attributes{Enabled: true, NotBefore: read.NotBefore, Expires: read.NotAfter, Created: made, Updated: made}
	o.Latest, o.Policy, o.Operation, o.Rev, o.Created = v.ID, &policy, &op, 0, made
	o.Schedule = vault.Schedule{Version: v.ID}
	o.Jobs = map[vault.JobKind]time.Time{vault.JobSchedule: firstOf(renewal.Milestones(o, v, vault.Settings{}))}
	return o, v, nil
}

// firstOf is when the first of them is due, in whole seconds.
func firstOf(all []vault.Milestone) (due time.Time) {
	for _, m := range all {
		if due.IsZero() || m.Due.Before(due) {
			due = m.Due
		}
	}
	return due.Add(time.Second - 1).Truncate(time.Second)
}
