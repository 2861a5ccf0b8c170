package objects

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"certwright/internal/console/view"
	"certwright/internal/service"
	"certwright/internal/vault"
)

const (
	rows      = 50   // on a page
	mostSeen  = 5000 // looked through for a page
	atOnce    = 250
	mostVault = 200
	versions  = 20 // counted
	soon      = 30 * 24 * time.Hour
)

// list shows keys or secrets: ?text=, ?vault=, ?state=, ?of=, ?sort=, ?after=
// for what comes after an object, and ?skip= how many of what is found there.
func (m room) list(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	l := view.Objects{Title: m.title, Path: m.path(), Noun: m.Noun(), Filter: view.ObjectFilter{Text: q.Get("text"), Vault: q.Get("vault"), State: q.Get("state"), Of: q.Get("of"), Sort: q.Get("sort")}}
	mine, hidden, err := m.vaults(r)
	if err != nil {
		return err
	}
	l.Vaults = mine
	if l.Filter.Vault != "" {
		if mine, hidden = only(mine, l.Filter.Vault); hidden > 0 {
			l.Hidden = "You may not list the " + string(m.Kind) + " of the vault " + vault.Shorten(l.Filter.Vault) + ", or there is no such vault."
		}
	} else if hidden > 0 {
		l.Hidden = unlisted(string(m.Kind), hidden, len(mine))
	}
	s := search{room: m, r: r, filter: l.Filter, after: q.Get("after"), now: m.Moment(time.Time{}).Now}
	s.skip, _ = strconv.Atoi(q.Get("skip")) // else the first page
	if err := s.through(mine); err != nil {
		return err
	}
	s.sort()
	s.skip = max(0, min(s.skip, len(s.found)))
	if l.Rows, err = s.shown(); err != nil {
		return err
	}
	l.Found = s.words()
	if s.after != "" || s.skip > 0 {
		l.First = l.Address("", 0)
	}
	switch end := s.end(); {
	case end < len(s.found):
		l.Next = l.Address(s.after, end)
	case s.more:
		l.Next = l.Address(s.last, 0)
	}
	if len(s.found) == 0 && s.after == "" && l.Filter.Of == "" {
		if l.Others, err = s.others(mine, l); err != nil {
			return err
		}
	}
	return m.Show(w, r, m.title, m.path(), nil, func(f view.Frame) templ.Component { return view.ObjectsPage(f, l) })
}

// others is the address of what is found among those of certificates; "" for nothing.
func (s search) others(vaults []string, l view.Objects) (string, error) {
	s.seen, s.filter.Of, l.Filter.Of = 0, "certificates", "certificates"
	if err := s.through(vaults); err != nil || len(s.found) == 0 {
		return "", err
	}
	return l.Address("", 0), nil
}

// vaults are those whose objects the person may list, and how many others there are.
func (m room) vaults(r *http.Request) (mine []string, hidden int, err error) {
	all, err := m.Operator.Vaults(r.Context(), "", mostVault)
	for _, name := range all {
		if m.May(r.Context(), m.Who(r), m.action("list"), vault.Ref{Vault: name, Kind: m.Kind}) {
			mine = append(mine, name)
		} else {
			hidden++
		}
	}
	return mine, hidden, err
}

func only(mine []string, name string) (all []string, hidden int) {
	if slices.Contains(mine, name) {
		return []string{name}, 0
	}
	return nil, 1
}

func unlisted(kind string, hidden, mine int) string {
	switch {
	case mine == 0:
		return "You may list the " + kind + " of no vault: nobody gave you the permission " + kind + "/list."
	case hidden == 1:
		return "Those of one vault are not here: you may not list its " + kind + "."
	}
	return fmt.Sprintf("Those of %d vaults are not here: you may not list their %s.", hidden, kind)
}

// A search goes through the objects of vaults.
type search struct {
	room
	r      *http.Request
	filter view.ObjectFilter
	after  string // vault/name
	skip   int
	now    time.Time

	seen  int
	found []vault.Entry
	last  string // looked at
	more  bool   // that were not looked at
}

// through goes through them, by name, no further than there is need to.
func (s *search) through(vaults []string) error {
	from, name, _ := strings.Cut(s.after, "/")
	for _, v := range vaults {
		if v < from {
			continue
		}
		after := ""
		if v == from {
			after = strings.ToLower(name)
		}
		for {
			page, err := s.List(s.r.Context(), s.Who(s.r), v, s.Kind, service.ListInput{Own: s.filter.Of == "", After: after, Limit: atOnce})
			if err != nil {
				return err
			}
			for _, e := range page.Items {
				if s.enough() {
					s.more = true
					return nil
				}
				s.look(e)
			}
			if after = page.Next; after == "" {
				break
			}
		}
	}
	return nil
}

func (s *search) enough() bool {
	return s.seen >= mostSeen || s.filter.Sort == "" && len(s.found) >= rows
}

func (s *search) look(e vault.Entry) {
	s.seen++
	s.last = e.Vault + "/" + e.Name
	if s.wanted(e) {
		s.found = append(s.found, e)
	}
}

func (s *search) wanted(e vault.Entry) bool {
	switch f := s.filter; {
	case f.Of == "" && e.Managed, f.Of == "certificates" && !e.Managed:
		return false
	case f.State == "enabled" && !e.Attributes.Enabled, f.State == "disabled" && e.Attributes.Enabled:
		return false
	case f.State == "expired" && !expired(e, s.now), f.State == "soon" && (e.Attributes.Expires.IsZero() || expired(e, s.now) || e.Attributes.Expires.Sub(s.now) > soon):
		return false
	}
	text := strings.ToLower(e.Name + " " + e.ContentType + " " + string(e.KeyType))
	for k, v := range e.Tags {
		text += " " + strings.ToLower(k+"="+v)
	}
	return !slices.ContainsFunc(strings.Fields(strings.ToLower(s.filter.Text)), func(word string) bool { return !strings.Contains(text, word) })
}

func expired(e vault.Entry, now time.Time) bool {
	return !e.Attributes.Expires.IsZero() && !e.Attributes.Expires.After(now)
}

// sort puts what was found in the order that is asked for; by name it is already.
func (s *search) sort() {
	switch s.filter.Sort {
	case "expires":
		sort.SliceStable(s.found, func(i, j int) bool {
			a, b := s.found[i].Attributes.Expires, s.found[j].Attributes.Expires
			return !a.IsZero() && (b.IsZero() || a.Before(b))
		})
	case "enabled":
		sort.SliceStable(s.found, func(i, j int) bool { return !s.found[i].Attributes.Enabled && s.found[j].Attributes.Enabled })
	}
}

// end is where the page ends.
func (s *search) end() int { return min(len(s.found), s.skip+rows) }

// shown are the rows of the page.
func (s *search) shown() (all []view.ObjectRow, err error) {
	err = s.Store.View(s.r.Context(), func(reader vault.Reader) error {
		for _, e := range s.found[s.skip:s.end()] {
			made, err := reader.Versions(e.Ref, "", versions+1)
			if err != nil {
				return err
			}
			row := view.ObjectRow{Name: e.Name, Vault: e.Vault, Href: href(e.Ref), What: cmp.Or(string(e.KeyType), e.ContentType), Managed: e.Managed, Versions: fmt.Sprint(len(made)),
				States: states(e.Attributes, s.now), Expires: s.Moment(e.Attributes.Expires), Updated: s.Moment(e.Attributes.Updated)}
			if len(made) > versions {
				row.Versions = fmt.Sprintf("more than %d", versions)
			}
			all = append(all, row)
		}
		return nil
	})
	return all, err
}

// words say how many are shown of how many, and what was looked through.
func (s *search) words() string {
	here := s.end() - s.skip
	text := fmt.Sprintf("%d %s shown.", here, s.nouns(here))
	if here < len(s.found) {
		text = fmt.Sprintf("%d to %d of %d found.", s.skip+1, s.end(), len(s.found))
	}
	if s.more && s.seen >= mostSeen {
		text += fmt.Sprintf(" Looked through were %d, as far as %s.", s.seen, s.last)
	}
	return text
}

func (k kind) nouns(n int) string {
	if n == 1 {
		return k.Noun()
	}
	return string(k.Kind)
}

// states are how an object or version is, by its attributes.
func states(a vault.Attributes, now time.Time) (all []view.Badge) {
	switch {
	case !a.Enabled:
		all = append(all, view.Badge{Sign: view.SignOff, Word: "disabled"})
	case a.NotBefore.After(now):
		all = append(all, view.Badge{Tone: "warn", Sign: view.SignWarn, Word: "not valid yet"})
	default:
		all = append(all, view.Badge{Tone: "ok", Sign: view.SignOK, Word: "enabled"})
	}
	switch {
	case a.Expires.IsZero():
	case !a.Expires.After(now):
		all = append(all, view.Badge{Tone: "bad", Sign: view.SignBad, Word: "expired"})
	case a.Expires.Sub(now) <= soon:
		all = append(all, view.Badge{Tone: "warn", Sign: view.SignWarn, Word: "expires soon"})
	}
	return all
}
