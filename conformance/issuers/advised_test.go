package issuers_test

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"certwright/conformance/pebble"
)

// renewed is an EC policy that renews at 80 percent of the lifetime.
func renewed(domain string) object {
	p := ec("ca", domain, domain)
	p["lifetime_actions"] = []object{{"trigger": object{"lifetime_percentage": 80}, "action": object{"action_type": "AutoRenew"}}}
	return p
}

// An authority that wants certificates back is heard: the one that it advises
// to renew is renewed months before its policy says, each time in the place of
// the one before; others stay as they are.
func TestACMEAdvised(t *testing.T) {
	t.Parallel()
	a := startACME(t, pebble.Options{})
	tale := story(func(ctx context.Context, l *life, id string) error {
		end, err := a.connect(ctx, l, object{"provider": "ACME"})
		if err != nil {
			return err
		}
		defer end()
		for _, name := range []string{"web", "calm"} {
			if err := l.order(ctx, name, renewed(name+".test")); err != nil {
				return err
			}
			if err := l.completed(ctx, name, 5*time.Second); err != nil {
				return err
			}
		}
		for versions := 2; versions <= 3; versions++ {
			if err := a.recall(ctx, t, l, "web", versions); err != nil {
				return err
			}
		}
		return l.versions(ctx, "calm", 1)
	})
	if _, err := tale.tell(t, t.TempDir(), "advised", nil); err != nil {
		t.Error(err)
	}
}

// recall has the authority advise to renew now, and sees to it that it is done
// when the version is a day old.
func (a *acmeAuthority) recall(ctx context.Context, t *testing.T, l *life, name string, versions int) error {
	r, err := l.want(ctx, 200, "GET", "/certificates/"+name, nil)
	if err != nil {
		return err
	}
	der, err := base64.StdEncoding.DecodeString(r.Text("cer"))
	if err != nil {
		return err
	}
	a.pebble.Advise(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		`{"suggestedWindow":{"start":"2020-01-01T00:00:00Z","end":"2020-01-02T00:00:00Z"}}`)
	if err := l.advance(ctx, 22*time.Hour); err != nil {
		return err
	}
	if err := l.versions(ctx, name, versions-1); err != nil {
		return fmt.Errorf("before the version was a day old: %w", err)
	}
	if err := l.advance(ctx, 3*time.Hour); err != nil {
		return err
	}
	for {
		if r, err = l.end(ctx, name, 5*time.Second); err != nil {
			return err
		}
		err = l.versions(ctx, name, versions)
		if err == nil && r.Text("status") == "completed" {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not renewed: %v, the operation is %v", err, r.Body)
		case <-time.After(100 * time.Millisecond):
		}
	}
	told, err := l.want(ctx, 200, "GET", "/admin/operations/default/"+name, nil)
	if err != nil {
		return err
	}
	if text := fmt.Sprint(told.Body["history"]); !strings.Contains(text, "as a renewal") || strings.Contains(text, "did not take the order as a renewal") {
		return fmt.Errorf("the order does not say which certificate it replaces: %s", text)
	}
	return nil
}

// versions wants so many of a certificate.
func (l *life) versions(ctx context.Context, name string, want int) error {
	r, err := l.want(ctx, 200, "GET", "/certificates/"+name+"/versions", nil)
	if err != nil {
		return err
	}
	if made, _ := r.Body["value"].([]any); len(made) != want {
		return fmt.Errorf("%s has %d versions, want %d", name, len(made), want)
	}
	return nil
}
