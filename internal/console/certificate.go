package console

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"

	"certwright/internal/access"
	"certwright/internal/census"
	"certwright/internal/console/pages"
	"certwright/internal/console/view"
	"certwright/internal/service"
	"certwright/internal/vault"
)

// What buttons ask for.
const (
	createAction vault.Action = "certificates/create"
	updateAction vault.Action = "certificates/update"
	deleteAction vault.Action = "certificates/delete"
	secretAction vault.Action = "secrets/get"
)

var tabs = []string{"details", "order", "versions", "policy", "manage"}

// certificate shows one certificate: ?tab=.
func (c *Console) certificate(w http.ResponseWriter, r *http.Request) error {
	return c.showCertificate(w, r, http.StatusOK, nil, nil)
}

// showCertificate shows it with what came of something; kept puts what was sent
// and refused back where it was.
func (c *Console) showCertificate(w http.ResponseWriter, r *http.Request, status int, say *view.Say, kept func(*view.Certificate)) error {
	ref, err := place(r)
	if err != nil {
		return err
	}
	got, err := c.read(r, ref)
	if err != nil {
		return err
	}
	m, err := c.model(r, got)
	if err != nil {
		return err
	}
	if m.Tab == "policy" {
		if err := c.policyTab(r, got, &m); err != nil {
			return err
		}
	}
	f := c.frame(r, got.Name, "/ui/certificates")
	f.Say = c.merged(r, got, f.Say)
	if say != nil {
		f.Say = say
	}
	if kept != nil {
		kept(&m)
	}
	return show(w, r, status, view.CertificatePage(f, m))
}

// model works out what a page shows of a certificate.
func (c *Console) model(r *http.Request, got reading) (m view.Certificate, err error) {
	fresh, err := c.fresh(r.Context(), []census.Row{{Ref: got.Ref}})
	if err != nil || len(fresh) == 0 {
		return m, cmp.Or(err, error(vault.NoSuchObject(got.Ref)))
	}
	row := fresh[0]
	m = view.Certificate{Vault: got.Vault, Name: got.Name, Href: href(got.Ref), Tab: tabOf(r, got), States: c.badges(row), Expires: c.moment(row.Expires),
		Renews: c.moment(row.Renews), Issuer: row.Issuer, Enabled: row.Enabled, Versioned: got.Exists(), May: c.mayHere(r, got.Ref)}
	m.Seen = strconv.FormatInt(got.Rev, 10)
	if m.Shown, err = c.marks(got); err != nil {
		return m, err
	}
	m.Key = got.Exists() && got.Version.Key != nil && got.Version.Key.Exportable
	if m.Order, err = c.order(r, got); err != nil {
		return m, err
	}
	m.Sentence = c.sentence(row, got)
	switch m.Tab {
	case "details":
		err = c.detailsTab(r, got, &m)
	case "versions":
		err = c.versionsTab(r, got, &m)
	case "manage":
		tags := got.tags()
		for _, k := range slices.Sorted(maps.Keys(tags)) {
			m.Tags += k + "=" + tags[k] + "\n"
		}
	}
	return m, err
}

// tabOf is the part of the page that is asked for: the order while it is what
// there is to see.
func tabOf(r *http.Request, got reading) string {
	if tab := r.URL.Query().Get("tab"); slices.Contains(tabs, tab) {
		return tab
	}
	if got.InProgress() || !got.Exists() {
		return "order"
	}
	return "details"
}

func (c *Console) mayHere(r *http.Request, ref vault.Ref) view.May {
	who := c.who(r)
	may := func(do vault.Action, on vault.Ref) bool { return c.may(r.Context(), who, do, on) }
	return view.May{Create: may(createAction, ref), Update: may(updateAction, ref), Delete: may(deleteAction, ref), Key: may(secretAction, ref.As(vault.Secrets)),
		Decide: may(access.WriteOperations, ref), Retry: may(access.WriteOperations, ref), Revoke: may(access.RevokeCertificates, ref)}
}

// sentence says how a certificate is, and what becomes of it.
func (c *Console) sentence(row census.Row, got reading) string {
	var text string
	left := row.Expires.Sub(c.now())
	byHand := got.Operation != nil && got.Operation.Manual()
	switch {
	case row.Pending && row.Order == census.OrderFailed:
		return "The order failed, so there is no certificate yet: " + row.Last
	case row.Pending && row.Order == census.OrderCancelled:
		return "The order was cancelled, so there is no certificate yet. Renew it to order anew."
	case row.Pending && row.Order == census.OrderWaits && byHand:
		return row.Last
	case row.Pending:
		return "It is being issued: " + row.Last
	case row.Expires.IsZero():
		text = "It does not expire."
	case left <= 0:
		text = "It expired " + c.moment(row.Expires).From() + "."
	case row.From.After(c.now()):
		text = "It is not valid yet: it will be " + c.moment(row.From).From() + ", on " + c.moment(row.From).Date() + ", until " + c.moment(row.Expires).Date() + "."
	default:
		text = "It expires " + c.moment(row.Expires).From() + ", on " + c.moment(row.Expires).Date() + "."
	}
	switch {
	case row.Revoked:
		text += " It was revoked: programs that ask its authority refuse it. Renew it, so that there is another."
	}
	switch {
	case !row.Enabled:
		return text + " It is disabled: its key and secret are refused, and it is not renewed."
	case got.InProgress() && row.Order == census.OrderWaits && byHand:
		return text + " A new version was ordered. " + row.Last
	case got.InProgress():
		return text + " A new version is being issued: " + row.Last
	case row.Outlook == census.Failing:
		return text + fmt.Sprintf(" Its renewal failed %s; it is tried again %s. %s", times(got.Schedule.Tries), c.moment(row.Renews).From(), row.Last)
	case !row.Renews.IsZero():
		return text + " It renews by itself " + c.moment(row.Renews).From() + ", on " + c.moment(row.Renews).Date() + "."
	case strings.EqualFold(row.Issuer, vault.UnknownIssuer):
		return text + " It does not renew by itself: its issuer is Unknown, so a person has to have the next one signed."
	case got.Policy != nil && !got.Policy.Renews():
		return text + " It does not renew by itself: its policy writes to the contacts instead."
	}
	return text
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// order is the operation of a certificate with its history.
func (c *Console) order(r *http.Request, got reading) (*view.Order, error) {
	if got.Operation == nil {
		return nil, nil
	}
	st, err := c.Service.Operator.History(r.Context(), got.Ref)
	if err != nil {
		return nil, err
	}
	running := st.Status == vault.InProgress
	o := &view.Order{RequestID: st.RequestID, Issuer: st.IssuerName, Since: c.moment(st.Created), Again: c.moment(st.Again), Until: c.moment(st.Until), Next: c.moment(st.Next),
		Attempt: st.Attempt, Running: running, Manual: st.Manual(), Asks: running && st.WantsApproval, Cancels: running && st.CancelRequested, Renewal: st.Renewal,
		Merge: st.Private != nil && st.MayMerge() == nil, CSR: len(st.CSR) > 0 && st.Status != vault.Completed}
	o.Retry = c.retries(st)
	if st.Issuer != nil {
		o.Provider = st.Issuer.Provider
	}
	o.State, o.Words = c.standing(st)
	for _, n := range st.History {
		o.History = append(o.History, view.Step{At: c.moment(n.At), Last: c.moment(n.Last), Times: n.Times, Text: n.Text})
	}
	return o, nil
}

// standing is how an operation stands, in a badge and in words.
func (c *Console) standing(st vault.Standing) (view.Badge, string) {
	switch st.Status {
	case vault.Completed:
		return view.Badge{Tone: "ok", Sign: view.SignOK, Word: "completed"}, "The certificate was issued."
	case vault.Cancelled:
		return view.Badge{Sign: view.SignOff, Word: "cancelled"}, "The order was cancelled."
	case vault.Failed:
		words := "The order came to nothing."
		if st.Failure != nil {
			words = st.Failure.Code + ": " + st.Failure.Message
		}
		return view.Badge{Tone: "bad", Sign: view.SignBad, Word: "failed"}, words
	}
	if st.CancelRequested && !st.CancelLost {
		return view.Badge{Sign: view.SignBusy, Word: "in progress"}, "It is being cancelled."
	}
	if st.WantsApproval || st.Manual() {
		return view.Badge{Tone: "warn", Sign: view.SignWarn, Word: "waits for a person"}, st.WaitsFor()
	}
	return view.Badge{Sign: view.SignBusy, Word: "in progress"}, st.WaitsFor()
}

const versionRows = 25

func (c *Console) versionsTab(r *http.Request, got reading, m *view.Certificate) error {
	after := r.URL.Query().Get("after")
	page, err := c.Service.ListVersions(r.Context(), c.who(r), got.Ref, service.ListInput{After: after, Limit: versionRows})
	if err != nil {
		return err
	}
	for _, e := range page.Items {
		v := view.Version{ID: e.ID, Thumbprint: fmt.Sprintf("%X", e.Thumbprint), Current: e.ID == got.Latest, Made: c.moment(e.Attributes.Created), Expires: c.moment(e.Attributes.Expires)}
		v.State = c.versionState(r, got, e)
		m.Versions = append(m.Versions, v)
	}
	sort.SliceStable(m.Versions, func(i, j int) bool { return m.Versions[i].Made.At.After(m.Versions[j].Made.At) })
	if page.Next != "" {
		m.More = m.Href + "?tab=versions&after=" + page.Next
	}
	return nil
}

func (c *Console) versionState(r *http.Request, got reading, e vault.Entry) view.Badge {
	a := e.Attributes
	return pages.Condition{Revoked: c.revoked(r, got, e.ID), Enabled: a.Enabled, From: a.NotBefore, To: a.Expires}.Badge(c.now())
}

// revoked reports whether a version is known to be revoked: by an authority of
// this server, or by what its history says.
func (c *Console) revoked(r *http.Request, got reading, id string) bool {
	if got.Operation.SaysRevoked(id) {
		return true
	}
	v, err := c.version(r, got.Ref, id)
	return err == nil && c.Revoked(r.Context(), v.Certificate.Leaf)
}
