package vault_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"certwright/internal/vault"
)

func TestRecoveryLevel(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]vault.Settings{
		"Recoverable+Purgeable":           {SoftDeleteDays: 90},
		"Recoverable":                     {SoftDeleteDays: 90, PurgeProtection: true},
		"CustomizedRecoverable+Purgeable": {SoftDeleteDays: 7},
		"CustomizedRecoverable":           {SoftDeleteDays: 30, PurgeProtection: true},
	} {
		if got := s.RecoveryLevel(); got != want {
			t.Errorf("%+v: %s, want %s", s, got, want)
		}
	}
	if d := (vault.Settings{SoftDeleteDays: 7}).Deletion(noon); d.PurgeAt.Sub(d.At) != 7*24*time.Hour {
		t.Errorf("%+v", d)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{"a": true, "Web-1": true, strings.Repeat("a", 127): true, "": false,
		strings.Repeat("a", 128): false, "a_b": false, "a.b": false, "a b": false, "ä": false, "a/b": false} {
		if err := vault.CheckName(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
	for name, ok := range map[string]bool{"my.issuer_1": true, "Self": false, "UNKNOWN": false, "": false, "a b": false} {
		if err := vault.CheckIssuerName(name); (err == nil) != ok {
			t.Errorf("issuer %q: %v", name, err)
		}
	}
	id := vault.NewID()
	if !vault.IsID(id) || vault.IsID(id[1:]) || vault.IsID(strings.ToUpper(id[:31])+"F") {
		t.Errorf("id %q", id)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	for _, v := range []any{vault.Hidden("hunter2"), vault.Sealed("hunter2"), vault.Credentials{Password: vault.Sealed("hunter2")}, vault.Order{Password: "hunter2"}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if s := fmt.Sprintf(verb, v); strings.Contains(s, "hunter2") || strings.Contains(s, "68756e746572") {
				t.Errorf("%T printed with %s: %s", v, verb, s)
			}
		}
	}
}
