package order_test

import (
	"strings"
	"testing"
	"time"

	"certwright/internal/policy"
	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"
)

func TestPlaceholderUntilIssued(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	h.SetIssuer(t, "hold")
	h.Create(t, Web, Policy("mydigicert"))
	before := h.Latest(t, Web)
	if v := before.Version; !v.Pending || v.Attributes.Enabled || v.Certificate != nil || !vault.IsID(v.ID) || before.Settled() {
		t.Errorf("placeholder %+v", v)
	}
	h.SetIssuer(t, "")
	after := h.Latest(t, Web)
	if after.Version.Pending || after.Version.ID == before.Version.ID {
		t.Errorf("issued %+v", after.Version)
	}
	_, err := h.Get(t.Context(), Nobody, Web, before.Version.ID)
	Refused(t, err, vault.NotFound, "CertificateNotFound")
}

func TestOneOperationAtATime(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	const callers = 8
	won := make(chan string, callers)
	for range callers {
		go func() {
			op, err := h.Certificates.Create(t.Context(), Nobody, Web, service.CreateInput{Policy: Policy("Unknown")})
			if err != nil {
				Refused(t, err, vault.Conflict, "Forbidden")
			}
			won <- op.RequestID + map[bool]string{true: "!"}[err == nil]
		}()
	}
	var winners []string
	for range callers {
		if id := <-won; strings.HasSuffix(id, "!") {
			winners = append(winners, strings.TrimSuffix(id, "!"))
		}
	}
	if len(winners) != 1 || winners[0] != h.Operation(t, Web).RequestID {
		t.Errorf("winners %v", winners)
	}
}

func TestCreateRefusals(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	create := func(name string, p *policy.Patch) error {
		_, err := h.Certificates.Create(t.Context(), Nobody, Certificate(name), service.CreateInput{Policy: p})
		return err
	}
	Refused(t, create("bad_name", Policy("Self")), vault.Invalid, "BadParameter")
	Refused(t, create("a", nil), vault.Invalid, "BadParameter")
	Refused(t, create("a", Policy("nobody")), vault.Invalid, "BadParameter")
	subject := Policy("Self")
	subject.X509.Subject = new("no name at all")
	Refused(t, create("a", subject), vault.Invalid, "BadParameter")
	h.SetIssuer(t, "")
	_, err := h.Issuers.Update(t.Context(), Nobody, "default", "mydigicert", service.IssuerInput{Enabled: new(false)})
	Must(t, err)
	Refused(t, create("a", Policy("mydigicert")), vault.Invalid, "BadParameter")
	if _, err := h.Get(t.Context(), Nobody, Certificate("a"), ""); err == nil {
		t.Error("a refused create left a certificate")
	}
}

func TestReuseKey(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	p := Policy("Self")
	p.Key.Reuse = new(true)
	public := func() string {
		h.Create(t, Web, p)
		h.Latest(t, Web)
		k := h.Latest(t, Web.As(vault.Keys))
		return string(k.Version.Key.Public)
	}
	first := public()
	if public() != first {
		t.Error("the key was not used again")
	}
	p.Key.Curve = new(vault.P384)
	if public() == first {
		t.Error("a P-256 key was used for P-384")
	}
	p.Key.Reuse = new(false)
	if second := public(); public() == second {
		t.Error("a key was used again without being asked to")
	}
}

// Clients sort versions by created to find the newest, so no two may tie.
func TestVersionsAreDatedApart(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	seen := map[int64]bool{}
	for i := range 4 {
		h.Create(t, Web, Policy("Self"))
		created := h.Latest(t, Web).Version.Attributes.Created
		if seen[created.Unix()] || created.Sub(Noon) > time.Duration(i)*time.Second {
			t.Errorf("version %d made at %v", i, created)
		}
		seen[created.Unix()] = true
	}
	gone, err := h.Delete(t.Context(), Nobody, Web)
	Must(t, err)
	if gone.Deletion.At.Before(gone.Version.Attributes.Created) {
		t.Errorf("deleted at %v, before it was made", gone.Deletion.At)
	}
}
