package schedule_test

import (
	"testing"
	"time"

	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

// Whoever disables a certificate while its renewal is being prepared finds no
// renewal of it; nor are tags lost that were given meanwhile.
func TestChangedWhileItsRenewalIsPlanned(t *testing.T) {
	t.Parallel()
	for _, in := range []service.UpdateInput{{Enabled: new(false)}, {Tags: map[string]string{"team": "b"}}} {
		h, k := NewHouse(t), &SlowKeys{}
		h.Orders.Keys = k
		h.Create(t, Web, Lives("Self", 12, RenewAt(80)))
		first := h.Latest(t, Web)
		k.Slow()
		h.Shifted.Advance(300 * Day)
		done := make(chan error, 1)
		go func() { _, err := h.Worker.RunDue(t.Context()); done <- err }()
		<-k.Asked
		_, err := h.Certificates.Update(t.Context(), Nobody, Web, "", in)
		Must(t, err)
		k.Begin <- struct{}{}
		for busy := true; busy; { // it may be planned once more
			select {
			case <-k.Asked:
				k.Begin <- struct{}{}
			case err := <-done:
				Must(t, err)
				busy = false
			}
		}
		k.Asked = nil
		h.Pass(t, time.Minute)
		got := h.Latest(t, Web)
		if in.Enabled != nil && got.Version.ID != first.Version.ID {
			t.Error("a disabled certificate was renewed")
		}
		if diff := cmp.Diff(in.Tags, got.Version.Tags); diff != "" || in.Tags != nil && h.Made(t, Web) != 2 {
			t.Errorf("%d versions, tags: %s", h.Made(t, Web), diff)
		}
	}
}

// A renewal may take days. What is said of the certificate meanwhile holds for
// its next version, too, at the latest moment.
func TestChangedWhileItsRenewalRuns(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		h, p := Renewing(t)
		h.Pass(t, Day)
		p.Steps = []Step{Waits(vault.Progress{State: []byte("x"), Again: time.Hour})}
		h.Pass(t, 293*Day)
		change := func() {
			_, err := h.Certificates.Update(t.Context(), Nobody, Web, "", service.UpdateInput{Enabled: new(false), Tags: map[string]string{"team": "b"}})
			Must(t, err)
		}
		p.Steps = []Step{h.Issues}
		if late {
			p.Steps = []Step{func(o vault.Order) (vault.Progress, error) { change(); return h.Issues(o) }}
		} else {
			change()
		}
		h.Pass(t, Day)
		got := h.Latest(t, Web)
		if h.Made(t, Web) != 2 || got.Version.Attributes.Enabled || got.Version.Tags["team"] != "b" {
			t.Errorf("late %v: %d versions, %+v %v", late, h.Made(t, Web), got.Version.Attributes, got.Version.Tags)
		}
		for _, k := range []vault.Kind{vault.Keys, vault.Secrets} {
			if v := h.Version(t, Web.As(k), got.Version.ID); v.Attributes.Enabled || v.Tags["team"] != "b" {
				t.Errorf("late %v: %s: %+v %v", late, k, v.Attributes, v.Tags)
			}
		}
	}
}
