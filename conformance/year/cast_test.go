package year_test

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// A rule is what a policy says of the age of its certificates.
type rule struct {
	since         time.Time // from when it is in force
	renews        bool      // AutoRenew, else EmailContacts
	percent, days int       // one is set
	reuse         bool
}

// A span is a stretch of time; a zero end is for ever.
type span struct{ from, to time.Time }

// A certificate is one of the cast, with what was done to it and what it became.
type certificate struct {
	name      string
	key       object
	months    int
	pem       bool
	authority *authority
	tags      []tagging
	rules     []rule
	off, gone []span    // disabled; soft-deleted
	purge     time.Time // when what is gone is to be purged; zero for never

	versions []version
}

// A tagging is the tags from a time on.
type tagging struct {
	since time.Time
	tags  object
}

// rsa4096 and the like cost a second each, so there are few.
var keys = []struct {
	share int
	props object
}{
	{22, object{"kty": "EC", "crv": "P-256"}}, {12, object{"kty": "EC", "crv": "P-384"}}, {8, object{"kty": "EC", "crv": "P-521"}},
	{10, object{"kty": "EC", "crv": "P-256K"}}, {6, object{"kty": "RSA", "key_size": 2048}}, {2, object{"kty": "RSA", "key_size": 3072}},
	{1, object{"kty": "RSA", "key_size": 4096}},
}

// casting makes the i-th of the cast. The first ones see to it that every key
// type and every authority is there.
func casting(i int, random *rand.Rand, all []*authority) *certificate {
	c := &certificate{name: fmt.Sprintf("c%04d", i), months: months(random), pem: random.IntN(2) == 0, authority: all[i%len(all)]}
	key := keyOf(i, random)
	c.key = object{"exportable": true}
	for k, v := range key {
		c.key[k] = v
	}
	switch {
	case key["crv"] == "P-256K":
		c.pem = true // no tool opens a PFX of it
		if c.authority.ca {
			c.authority = all[0] // our own takes no such keys
		}
	case key["kty"] == "RSA" && c.authority.caps == 6*day:
		c.authority = all[0] // a key pair of it every five days takes too long here
	case key["key_size"] == 3072, key["key_size"] == 4096:
		c.months, c.authority = 12, all[3*(i%2)] // where no try fails: each makes a new key pair
	}
	c.rules = []rule{c.someRule(random)}
	c.tags = []tagging{{tags: object{"team": fmt.Sprint(i % 5), "name": c.name}}}
	return c
}

func keyOf(i int, random *rand.Rand) object {
	if i < len(keys) {
		return keys[i].props
	}
	total := 0
	for _, k := range keys {
		total += k.share
	}
	at := random.IntN(total)
	for _, k := range keys {
		if at -= k.share; at < 0 {
			return k.props
		}
	}
	return keys[0].props
}

// months are mostly few, so that much happens in a year.
func months(random *rand.Rand) int {
	return []int{1, 1, 2, 2, 3, 3, 4, 6, 6, 9, 12, 12, 18, 24}[random.IntN(14)]
}

// someRule is a trigger of any sort: percentages, days, days beyond what the
// authority lets a certificate live.
func (c *certificate) someRule(random *rand.Rand) rule {
	r := rule{renews: random.IntN(8) > 0, reuse: random.IntN(3) == 0}
	switch longest := c.months * 27; random.IntN(4) {
	case 0:
		r.days = 1 + random.IntN(min(longest, 40))
	case 1:
		r.days = longest // beyond a life that the authority cut short
	default:
		r.percent = 20 + random.IntN(76)
	}
	if c.months == 1 && r.days > 24 && c.authority.caps != 6*day {
		r.days = 20 // a renewal every two days is no year but a storm
	}
	return r
}

// policy is the rule on the wire.
func (c *certificate) policy(r rule) object {
	trigger, action := object{"lifetime_percentage": r.percent}, "EmailContacts"
	if r.days > 0 {
		trigger = object{"days_before_expiry": r.days}
	}
	if r.renews {
		action = "AutoRenew"
	}
	key := object{"reuse_key": r.reuse}
	for k, v := range c.key {
		key[k] = v
	}
	return object{"key_props": key, "lifetime_actions": []any{object{"trigger": trigger, "action": object{"action_type": action}}}}
}

// whole is the policy of a create.
func (c *certificate) whole() object {
	p, kind := c.policy(c.rules[0]), "application/x-pkcs12"
	if c.pem {
		kind = "application/x-pem-file"
	}
	p["secret_props"] = object{"contentType": kind}
	p["x509_props"] = object{"subject": "CN=" + c.name + ".example.test", "sans": object{"dns_names": []string{c.name + ".example.test"}}, "validity_months": c.months}
	p["issuer"] = object{"name": c.authority.name}
	return p
}
