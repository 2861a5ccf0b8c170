package census

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"certwright/internal/certs"
	"certwright/internal/engine"
	"certwright/internal/renewal"
	"certwright/internal/vault"
)

// An Outlook is what becomes of a certificate before it expires, if nobody does
// anything.
type Outlook int

// The outlooks.
const (
	RenewsItself Outlook = iota
	NeedsPerson          // nothing renews it, or its renewal waits for somebody
	Failing              // its renewal was tried and failed
)

// An Order is how the order of a certificate stands.
type Order int

// Where an order stands.
const (
	NoOrder Order = iota
	OrderRuns
	OrderWaits // for a person: an approval, a merge
	OrderFailed
	OrderCancelled
	OrderDone
)

// A Row is what is known of one certificate.
type Row struct {
	vault.Ref
	Version   string // the current one; "" where there is none yet
	Subject   string
	Text      string    // by which it is found, in lower case
	Issuer    string    // of its policy, as typed
	From      time.Time // it is valid from
	Expires   time.Time
	Renews    time.Time // zero: not by itself
	Tags      map[string]string
	Pending   bool // no version was completed yet
	Enabled   bool
	Revoked   bool   // its order's history says so
	Leaf      []byte // DER; of a row that was read anew alone
	Outlook   Outlook
	Order     Order
	Last      string // what came of its last order, in a sentence
	Unreached string // the provider of its order, where that could not be asked
}

// row reads what is known of a certificate.
func (c *Census) row(r vault.Reader, o vault.Object, now time.Time) (Row, error) {
	row := Row{Ref: o.Ref, Issuer: o.Policy.Issuer.Name, Pending: o.Pending()}
	if row.Pending {
		row.Tags, row.Outlook = o.Placeholder.Tags, NeedsPerson
		row.Subject = o.Policy.X509.Subject
	} else if err := c.version(r, o, &row); err != nil {
		return row, err
	}
	row.order(o)
	row.Text = row.text(row.Text)
	return row, nil
}

// version adds what the current version says, and what becomes of it.
func (c *Census) version(r vault.Reader, o vault.Object, row *Row) error {
	v, err := r.Version(o.Ref, o.Latest)
	if errors.Is(err, vault.ErrNotFound) || errors.Is(err, vault.ErrAltered) { // of the latter the store tells itself
		return nil
	}
	if err != nil {
		return err
	}
	row.Version, row.From, row.Expires, row.Tags, row.Enabled = v.ID, v.Attributes.NotBefore, v.Attributes.Expires, v.Tags, v.Attributes.Enabled
	row.Revoked = o.Operation.SaysRevoked(v.ID)
	for _, d := range renewal.Milestones(o, v, c.Settings(o.Vault)) {
		if d.What == vault.AutoRenew {
			row.Renews = d.Due
		}
	}
	switch {
	case !renewal.Wanted(o, v):
		row.Outlook = NeedsPerson
	case o.Schedule.Of(v.ID).Tries > 0:
		row.Outlook = Failing
	}
	if b := v.Certificate; b != nil {
		row.Subject = b.Subject
		row.Text, row.Leaf = hex.EncodeToString(b.Thumbprint), b.Leaf
		if x, err := certs.Parse(b.Leaf); err == nil {
			row.Text += " " + fmt.Sprintf("%x", x.Serial) + " " + namesOf(x.Props().SANs)
		}
	}
	return nil
}

func namesOf(s *vault.SANs) string {
	if s == nil {
		return ""
	}
	return strings.Join(slices.Concat(s.DNS, s.IPs, s.Emails, s.URIs, s.UPNs), " ")
}

func (row *Row) text(more string) string {
	parts := []string{row.Name, row.Subject, more}
	for _, k := range slices.Sorted(maps.Keys(row.Tags)) {
		parts = append(parts, k+"="+row.Tags[k])
	}
	return strings.ToLower(strings.Join(parts, " "))
}

// order adds how the certificate's order stands.
func (row *Row) order(o vault.Object) {
	op := o.Operation
	if op == nil {
		return
	}
	switch op.Status {
	case vault.InProgress:
		row.Order, row.Last = OrderRuns, op.WaitsFor()
		if op.WantsApproval || op.Manual() && !op.CancelRequested {
			row.Order = OrderWaits
			row.Outlook = NeedsPerson
		}
		if !op.Missed.IsZero() && op.Issuer != nil {
			row.Unreached = op.Issuer.Provider
		}
	case vault.Failed:
		row.Last = "Failed"
		if op.Failure != nil {
			row.Last = op.Failure.Code + ": " + op.Failure.Message
		}
		if row.Pending || !op.Renewal || o.Schedule.Of(o.Latest).Tries > 0 { // else another version came in its place
			row.Order = OrderFailed
		}
	case vault.Cancelled:
		row.Order, row.Last = OrderCancelled, "Cancelled"
	default:
		row.Order = OrderDone
	}
}

// Fresh reads rows anew, each as it is now; those of certificates that are gone
// are left out.
func (c *Census) Fresh(ctx context.Context, rows []Row) (fresh []Row, err error) {
	now := c.Clock.Now()
	err = c.Store.View(ctx, func(r vault.Reader) error {
		fresh = make([]Row, 0, len(rows))
		for _, was := range rows {
			o, there, err := engine.Found(r.Object(was.Ref))
			if err != nil {
				return err
			}
			if !there || o.Deletion != nil || o.Policy == nil {
				continue
			}
			row, err := c.row(r, o, now)
			if err != nil {
				return err
			}
			fresh = append(fresh, row)
		}
		return nil
	})
	return fresh, err
}
