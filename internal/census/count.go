package census

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"certwright/internal/clock"
	"certwright/internal/engine"
	"certwright/internal/vault"
)

// Days is how many days of expiries are told apart, today among them.
const Days = 90

// A Count is what was counted. It is never changed.
type Count struct {
	At     time.Time // on the server's clock
	Took   time.Duration
	Vaults map[string]Numbers
	Rows   []Row // the certificates that expire first, those without a version before all
	All    bool  // Rows has every certificate
}

// Numbers are the certificates of a vault, deleted ones left out.
type Numbers struct {
	Certificates int
	Expired      int               // in use, and over
	Week         int               // of those in use, that expire within seven days
	Failed       int               // whose order failed, and nothing came after it
	Waiting      int               // whose order waits for a person
	Unreached    map[string]int    // orders whose authority could not be asked at the last try, by provider
	Days         [Days][3]int      // that expire on a day from now, by outlook
	Issuers      map[string]string // of policies: as typed, by their lower-cased names
}

// And returns both numbers together.
func (n Numbers) And(other Numbers) Numbers {
	sum := n
	sum.Certificates, sum.Expired, sum.Week = n.Certificates+other.Certificates, n.Expired+other.Expired, n.Week+other.Week
	sum.Failed, sum.Waiting = n.Failed+other.Failed, n.Waiting+other.Waiting
	for i := range sum.Days {
		for j := range sum.Days[i] {
			sum.Days[i][j] += other.Days[i][j]
		}
	}
	sum.Unreached, sum.Issuers = map[string]int{}, map[string]string{}
	for _, m := range []Numbers{n, other} {
		for k, v := range m.Unreached {
			sum.Unreached[k] += v
		}
		for k, v := range m.Issuers {
			sum.Issuers[k] = v
		}
	}
	return sum
}

// Sum tells two counts apart whose numbers, or whose first rows, differ.
func (c *Count) Sum() uint64 {
	if c == nil {
		return 1
	}
	h := fnv.New64a()
	for _, name := range slices.Sorted(maps.Keys(c.Vaults)) {
		n := c.Vaults[name]
		fmt.Fprintln(h, name, n.Certificates, n.Expired, n.Week, n.Failed, n.Waiting, n.Unreached, n.Days)
	}
	for _, row := range c.Rows[:min(len(c.Rows), shownRows)] {
		fmt.Fprintln(h, row.Vault, row.Name, row.Version, row.Enabled, row.Revoked, row.Order, row.Last, row.Outlook, row.Renews)
	}
	return h.Sum64() | 1
}

// shownRows is how many of the first rows a page shows at most.
const shownRows = 100

// count reads every object, page by page, each in a snapshot of its own.
func (c *Census) count(ctx context.Context) (*Count, error) {
	began := clock.Real{}.Now()
	out := &Count{At: c.Clock.Now(), Vaults: map[string]Numbers{}, All: true}
	var after vault.Ref
	for {
		var objects []vault.Object
		err := c.Store.View(ctx, func(r vault.Reader) (err error) {
			if objects, err = r.AllObjects(after, page); err != nil {
				return err
			}
			return engine.Each(objects, func(o vault.Object) error { return c.add(r, o, out) })
		})
		if err != nil {
			return nil, err
		}
		if len(objects) < page {
			break
		}
		after = objects[len(objects)-1].Ref
	}
	sort.Slice(out.Rows, func(i, j int) bool { return soonest(out.Rows[i], out.Rows[j]) < 0 })
	out.keep(most)
	out.Took = clock.Real{}.Now().Sub(began)
	return out, nil
}

// add counts an object, if it is a certificate that is not deleted.
func (c *Census) add(r vault.Reader, o vault.Object, out *Count) error {
	if o.Kind != vault.Certificates || o.Deletion != nil || o.Policy == nil {
		return nil
	}
	row, err := c.row(r, o, out.At)
	if err != nil {
		return err
	}
	row.Leaf = nil
	n, known := out.Vaults[row.Vault]
	if !known {
		n.Unreached, n.Issuers = map[string]int{}, map[string]string{}
	}
	n.count(row, out.At)
	out.Vaults[row.Vault] = n
	if out.Rows = append(out.Rows, row); len(out.Rows) >= 2*most {
		sort.Slice(out.Rows, func(i, j int) bool { return soonest(out.Rows[i], out.Rows[j]) < 0 })
		out.keep(most)
	}
	return nil
}

func (c *Count) keep(n int) {
	if len(c.Rows) > n {
		c.Rows, c.All = slices.Clip(c.Rows[:n]), false
	}
}

// soonest sorts by expiry, then by place.
func soonest(a, b Row) int {
	if by := a.Expires.Compare(b.Expires); by != 0 {
		return by
	}
	return ByName(a, b)
}

// ByName sorts by name, then by vault.
func ByName(a, b Row) int {
	if by := strings.Compare(a.Key(), b.Key()); by != 0 {
		return by
	}
	return strings.Compare(a.Vault, b.Vault)
}

func (n *Numbers) count(row Row, now time.Time) {
	n.Certificates++
	n.Issuers[strings.ToLower(row.Issuer)] = row.Issuer
	if row.Order == OrderFailed {
		n.Failed++
	}
	if row.Order == OrderWaits {
		n.Waiting++
	}
	if row.Unreached != "" {
		n.Unreached[row.Unreached]++
	}
	if row.Pending || !row.Enabled || row.Expires.IsZero() {
		return
	}
	left := row.Expires.Sub(now)
	if left <= 0 {
		n.Expired++
		return
	}
	if left < 7*24*time.Hour {
		n.Week++
	}
	if day := int(left / (24 * time.Hour)); day < Days {
		n.Days[day][row.Outlook]++
	}
}
