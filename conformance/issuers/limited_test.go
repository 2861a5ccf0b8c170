package issuers_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"certwright/conformance/pebble"
)

// A limiter is an authority's limit on one name, for as long as it is on.
type limiter struct {
	on  atomic.Bool
	hit atomic.Int32 // orders that it refused
}

// judge is the answer to an order with the limited name.
func (l *limiter) judge(path string, body []byte) string {
	var signed struct{ Payload string }
	if path != "/order-plz" || json.Unmarshal(body, &signed) != nil || !l.on.Load() {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(signed.Payload)
	if err != nil || !strings.Contains(string(payload), `"limited.test"`) {
		return ""
	}
	l.hit.Add(1)
	return `{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many certificates for a name","subproblems":[
		{"type":"urn:ietf:params:acme:error:rateLimited","detail":"50 this week","identifier":{"type":"dns","value":"limited.test"}}]}`
}

// A limit on one name holds up the orders with that name, which say by what and
// until when; the account's other orders are issued meanwhile.
func TestACMELimited(t *testing.T) {
	t.Parallel()
	a, limit := startACME(t, pebble.Options{}), &limiter{}
	a.limit = limit.judge
	limit.on.Store(true)
	tale := story(func(ctx context.Context, l *life, id string) error {
		end, err := a.connect(ctx, l, object{"provider": "ACME"})
		if err != nil {
			return err
		}
		defer end()
		if err := l.order(ctx, "held", ec("ca", "limited.test", "limited.test")); err != nil {
			return err
		}
		if err := l.holds(ctx, "held"); err != nil {
			return err
		}
		if err := l.order(ctx, "more", ec("ca", "more.limited.test", "more.limited.test", "limited.test")); err != nil {
			return err
		}
		if err := l.holds(ctx, "more"); err != nil {
			return err
		}
		if n := limit.hit.Load(); n != 1 {
			return fmt.Errorf("the authority was asked %d times about the name, want once", n)
		}
		if err := l.order(ctx, "free", ec("ca", "free.test", "free.test")); err != nil {
			return err
		}
		if r, err := l.end(ctx, "free", time.Second); err != nil || r.Text("status") != "completed" {
			return fmt.Errorf("another name: %v, %v", r.Body, err)
		}
		limit.on.Store(false)
		if r, err := l.end(ctx, "held", 15*time.Minute); err != nil || r.Text("status") != "completed" {
			return fmt.Errorf("after the limit: %v, %v", r.Body, err)
		}
		return l.completed(ctx, "more", 15*time.Minute)
	})
	if _, err := tale.tell(t, t.TempDir(), "limited", nil); err != nil {
		t.Error(err)
	}
}

// holds waits until an order says that it is held, by what and until when.
func (l *life) holds(ctx context.Context, name string) error {
	const want = " limits orders for limited.test: too many certificates for a name; limited.test: 50 this week (rateLimited)"
	for {
		r, err := l.pending(ctx, name)
		if err != nil {
			return err
		}
		details := r.Text("status_details")
		if strings.HasPrefix(details, "The order waits until 20") && strings.Contains(details, want) {
			told, err := l.want(ctx, 200, "GET", "/admin/operations/default/"+name, nil)
			if text := fmt.Sprint(told.Body["history"]); err == nil && !strings.Contains(text, want) {
				err = fmt.Errorf("the history does not say why %s is held: %s", name, text)
			}
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not say that it is held: %v", name, r.Body)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
