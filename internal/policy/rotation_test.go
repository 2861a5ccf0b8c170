package policy_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"certwright/internal/must"
	"certwright/internal/policy"
	"certwright/internal/vault"
)

func days(n int) vault.Period { return vault.Period{Days: n} }

func rotateAfter(n int) vault.RotationAction {
	return vault.RotationAction{Type: vault.Rotate, AfterCreate: days(n)}
}

func rotateBefore(n int) vault.RotationAction {
	return vault.RotationAction{Type: vault.Rotate, BeforeExpiry: days(n)}
}

func notify(n int) vault.RotationAction {
	return vault.RotationAction{Type: vault.Notify, BeforeExpiry: days(n)}
}

// What the service answered to {"expiryTime":"P90D"} with one action "rotate"
// after P30D: the action in its own spelling, and the default notice
// (go-keys/TestRotateKey~KV).
func TestRecordedRotationPolicy(t *testing.T) {
	t.Parallel()
	now := time.Unix(1680041253, 0).UTC()
	lower := rotateAfter(30)
	lower.Type = "rotate"
	got, err := policy.SetRotation(vault.DefaultKeyRotationPolicy(), []vault.RotationAction{lower}, days(90), now)
	want := vault.KeyRotationPolicy{Actions: []vault.RotationAction{rotateAfter(30), notify(30)}, Expiry: days(90), Created: now, Updated: now}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	// The version that a rotation made then expired at 1687817253.
	if exp := got.Expires(now); exp.Unix() != 1687817253 {
		t.Errorf("a version of then expires at %d", exp.Unix())
	}
	next, err := policy.SetRotation(got, []vault.RotationAction{notify(10), rotateAfter(60)}, vault.Period{}, now.Add(time.Hour))
	want = vault.KeyRotationPolicy{Actions: []vault.RotationAction{rotateAfter(60), notify(10)}, Created: now, Updated: now.Add(time.Hour)}
	if diff := cmp.Diff(want, next); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestDefaultKeyRotationPolicy(t *testing.T) {
	t.Parallel()
	p := vault.DefaultKeyRotationPolicy()
	if diff := cmp.Diff(vault.KeyRotationPolicy{Actions: []vault.RotationAction{notify(30)}}, p); diff != "" {
		t.Error(diff)
	}
	if at, ok := p.NextRotation(noon, noon.AddDate(1, 0, 0)); ok {
		t.Errorf("rotates at %s", at)
	}
	if !p.Expires(noon).IsZero() {
		t.Error("new versions expire")
	}
}

func TestKeyRotationPolicyRules(t *testing.T) {
	t.Parallel()
	const bad = "BadParameter: Property rotationPolicy has invalid value: "
	for name, c := range map[string]struct {
		actions []vault.RotationAction
		expiry  vault.Period
		want    string // after bad; "" for accepted
	}{
		"nothing":                  {nil, vault.Period{}, ""},
		"expiry alone":             {nil, days(28), ""},
		"after creation":           {[]vault.RotationAction{rotateAfter(7)}, vault.Period{}, ""},
		"both":                     {[]vault.RotationAction{rotateAfter(21), notify(7)}, days(28), ""},
		"notice first":             {[]vault.RotationAction{notify(30), rotateBefore(30)}, vault.Period{Years: 2}, ""},
		"before the expiry":        {[]vault.RotationAction{rotateBefore(21)}, days(28), ""},
		"months":                   {[]vault.RotationAction{{Type: "ROTATE", AfterCreate: vault.Period{Months: 18}}}, vault.Period{Years: 2}, ""},
		"hours":                    {[]vault.RotationAction{{Type: "Rotate", AfterCreate: vault.Period{Hours: 168}}}, vault.Period{}, ""},
		"the notice may be longer": {[]vault.RotationAction{notify(60)}, days(28), ""},

		"short expiry":       {nil, days(27), "attributes.expiryTime P27D is less than 28 days."},
		"early rotation":     {[]vault.RotationAction{rotateAfter(6)}, vault.Period{}, "lifetimeActions.trigger.timeAfterCreate P6D is less than 7 days."},
		"hours too few":      {[]vault.RotationAction{{Type: "Rotate", AfterCreate: vault.Period{Hours: 167}}}, vault.Period{}, "lifetimeActions.trigger.timeAfterCreate PT167H is less than 7 days."},
		"late rotation":      {[]vault.RotationAction{rotateAfter(22)}, days(28), "lifetimeActions.trigger.timeAfterCreate P22D leaves less than 7 days before the expiry."},
		"just before expiry": {[]vault.RotationAction{rotateBefore(6)}, days(90), "lifetimeActions.trigger.timeBeforeExpiry P6D is less than 7 days."},
		"long before expiry": {[]vault.RotationAction{rotateBefore(22)}, days(28), "lifetimeActions.trigger.timeBeforeExpiry P22D leaves less than 7 days after creation."},
		"no expiry":          {[]vault.RotationAction{rotateBefore(30)}, vault.Period{}, "lifetimeActions.trigger.timeBeforeExpiry of Rotate needs attributes.expiryTime."},
		"late notice":        {[]vault.RotationAction{notify(6)}, vault.Period{}, "lifetimeActions.trigger.timeBeforeExpiry P6D is less than 7 days."},
		"notice by creation": {[]vault.RotationAction{{Type: vault.Notify, AfterCreate: days(30)}}, vault.Period{}, "lifetimeActions.trigger.timeAfterCreate goes with action Rotate only."},
		"no trigger":         {[]vault.RotationAction{{Type: vault.Rotate}}, vault.Period{}, "lifetimeActions.trigger of Rotate needs exactly one of timeAfterCreate and timeBeforeExpiry."},
		"two triggers":       {[]vault.RotationAction{{Type: vault.Rotate, AfterCreate: days(30), BeforeExpiry: days(30)}}, days(90), "lifetimeActions.trigger of Rotate needs exactly one of timeAfterCreate and timeBeforeExpiry."},
		"two rotations":      {[]vault.RotationAction{rotateAfter(30), {Type: "rotate", AfterCreate: days(40)}}, days(90), "lifetimeActions has more than one action of type Rotate."},
		"two notices":        {[]vault.RotationAction{notify(30), notify(40)}, days(90), "lifetimeActions has more than one action of type Notify."},
		"another action":     {[]vault.RotationAction{{Type: "AutoRenew", AfterCreate: days(30)}}, days(90), "lifetimeActions.action.type 'AutoRenew' is not an action; use Rotate or Notify."},
		"no action":          {[]vault.RotationAction{{AfterCreate: days(30)}}, days(90), "lifetimeActions.action.type '' is not an action; use Rotate or Notify."},
	} {
		before := vault.DefaultKeyRotationPolicy()
		got, err := policy.SetRotation(before, c.actions, c.expiry, noon)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || err.Error() != bad+c.want):
			t.Errorf("%s: got %v, want %s", name, err, bad+c.want)
		case c.want != "" && cmp.Diff(before, got) != "":
			t.Errorf("%s: a refused policy changed the old one", name)
		}
	}
}

func TestNextRotation(t *testing.T) {
	t.Parallel()
	expires := noon.AddDate(0, 0, 90)
	for name, c := range map[string]struct {
		action         vault.RotationAction
		expires        time.Time
		rotate, notice time.Time // zero: never
	}{
		"after creation":             {rotateAfter(30), expires, noon.AddDate(0, 0, 30), expires.AddDate(0, 0, -30)},
		"after creation, no expiry":  {rotateAfter(30), time.Time{}, noon.AddDate(0, 0, 30), time.Time{}},
		"before expiry":              {rotateBefore(10), expires, expires.AddDate(0, 0, -10), time.Time{}}, // recorded: no notice is added
		"long before expiry":         {rotateBefore(30), expires, expires.AddDate(0, 0, -30), expires.AddDate(0, 0, -30)},
		"late after creation":        {rotateAfter(70), expires, noon.AddDate(0, 0, 70), time.Time{}},
		"before expiry, none is set": {rotateBefore(10), time.Time{}, time.Time{}, time.Time{}},
	} {
		p, err := policy.SetRotation(vault.DefaultKeyRotationPolicy(), []vault.RotationAction{c.action}, days(90), noon)
		must.Do(t, err)
		if at, ok := p.NextRotation(noon, c.expires); at != c.rotate || ok == c.rotate.IsZero() {
			t.Errorf("%s: rotates at %s, %v, want %s", name, at, ok, c.rotate)
		}
		if at, ok := p.NextNotice(c.expires); at != c.notice || ok == c.notice.IsZero() {
			t.Errorf("%s: tells at %s, %v, want %s", name, at, ok, c.notice)
		}
	}
}
