package service_test

import (
	"testing"
	"time"

	"certwright/internal/service"
	. "certwright/internal/service/servicetest"
	"certwright/internal/vault"

	"github.com/google/go-cmp/cmp"
)

var lone = vault.Ref{Vault: "default", Kind: vault.Keys, Name: "lone"}

func TestPurgedKeyStaysAwayFromARotation(t *testing.T) {
	t.Parallel()
	h, k := NewHouse(t), &SlowKeys{}
	h.Orders.Keys = k
	_, err := h.Keys.Create(t.Context(), Nobody, lone, service.KeyInput{Type: vault.EC})
	Must(t, err)
	k.Slow()
	done := make(chan error)
	go func() { _, err := h.Keys.Rotate(t.Context(), Nobody, lone); done <- err }()
	<-k.Asked
	_, err = h.Delete(t.Context(), Nobody, lone)
	Must(t, err)
	Must(t, h.Purge(t.Context(), Nobody, lone))
	k.Begin <- struct{}{}
	Refused(t, <-done, vault.NotFound, "KeyNotFound")
	_, err = h.Get(t.Context(), Nobody, lone, "")
	Refused(t, err, vault.NotFound, "KeyNotFound")
}

func TestWithdrawnRotationDoesNotHappen(t *testing.T) {
	t.Parallel()
	h, k := NewHouse(t), &SlowKeys{}
	h.Orders.Keys = k
	first, err := h.Keys.Create(t.Context(), Nobody, lone, service.KeyInput{Type: vault.EC})
	Must(t, err)
	_, err = h.Keys.PutRotationPolicy(t.Context(), Nobody, lone, []vault.RotationAction{{Type: vault.Rotate, AfterCreate: vault.Period{Days: 7}}}, vault.Period{})
	Must(t, err)
	h.Shifted.Advance(8 * 24 * time.Hour)
	l := h.Take(t, vault.JobRotate, lone)
	k.Slow()
	done := make(chan error)
	go func() { done <- h.Keys.RunRotation(t.Context(), l) }()
	<-k.Asked
	_, err = h.Keys.PutRotationPolicy(t.Context(), Nobody, lone, nil, vault.Period{})
	Must(t, err)
	k.Begin <- struct{}{}
	Must(t, <-done)
	now := h.Latest(t, lone)
	if now.Version.ID != first.Version.ID {
		t.Error("rotated although the policy was withdrawn")
	}
}

// TestRotationByPolicy moves the clock through three rotations.
func TestRotationByPolicy(t *testing.T) {
	t.Parallel()
	h := NewHouse(t)
	in := service.KeyInput{Type: vault.EC, Curve: vault.P384, Operations: []string{"verify"}, Tags: map[string]string{"a": "b"}}
	h.Key(t, plain, in)
	_, err := h.Keys.PutRotationPolicy(t.Context(), Nobody, plain, []vault.RotationAction{{Type: "rotate", AfterCreate: vault.Period{Days: 30}}}, vault.Period{Days: 90})
	Must(t, err)
	h.Pass(t, 30*Day-time.Second)
	if n := len(versions(t, h, plain)); n != 1 {
		t.Errorf("%d versions before the first is due, want 1", n)
	}
	h.Pass(t, time.Second+60*Day)
	list := versions(t, h, plain)
	if len(list) != 4 {
		t.Fatalf("%d versions after 90 days, want 4", len(list))
	}
	made := map[time.Time]bool{}
	for _, e := range list {
		made[e.Attributes.Created] = true
		if first := e.Attributes.Created.Equal(Noon); first != e.Attributes.Expires.IsZero() || !first && !e.Attributes.Expires.Equal(e.Attributes.Created.Add(90*Day)) {
			t.Errorf("the version of %v expires at %v", e.Attributes.Created, e.Attributes.Expires)
		}
	}
	for i := range 4 {
		if at := Noon.Add(time.Duration(i) * 30 * Day); !made[at] {
			t.Errorf("no version of %v", at)
		}
	}
	latest := getKey(t, h, plain, "").Version
	if latest.Key.Curve != vault.P384 || !cmp.Equal(latest.Key.Operations, in.Operations) || !cmp.Equal(latest.Tags, in.Tags) || !latest.Attributes.Created.Equal(Noon.Add(90*Day)) {
		t.Errorf("the latest is %+v", latest)
	}

	// Withdrawn while deleted, made up for after the recovery.
	_, err = h.Delete(t.Context(), Nobody, plain)
	Must(t, err)
	h.Pass(t, 40*Day)
	_, err = h.Recover(t.Context(), Nobody, plain)
	Must(t, err)
	if n := len(versions(t, h, plain)); n != 4 {
		t.Errorf("%d versions, rotated while deleted", n)
	}
	h.Pass(t, time.Second)
	if n := len(versions(t, h, plain)); n != 5 {
		t.Errorf("%d versions after the recovery, want 5", n)
	}
	h.Pass(t, 30*Day)
	if n := len(versions(t, h, plain)); n != 6 {
		t.Errorf("%d versions, want 6", n)
	}
	_, err = h.Keys.PutRotationPolicy(t.Context(), Nobody, plain, nil, vault.Period{})
	Must(t, err)
	h.Pass(t, 365*Day)
	if n := len(versions(t, h, plain)); n != 6 {
		t.Errorf("%d versions without a policy, want 6", n)
	}
}
